"""Where one entry stands on every dataset, among all others."""

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.figures.distributions import axis_title
from leaderboard.figures.figure import DASH, Figure, Table, Trace, View, numbered, unique

Values = Mapping[str, Mapping[str, Mapping[str, float | None]]]


def entry_profile(
    entry: str,
    metrics: Sequence[Mapping[str, Any]],
    datasets: Mapping[str, str],
    values: Mapping[str, Values],
    methods: Mapping[str, str],
) -> Figure:
    """One view a metric: a line a dataset, a dot an entry's mean, the entry itself in the accent.

    `datasets` maps slug to name; `values` maps entry, dataset and metric to {"mean", "std"};
    `methods` maps entries, in board order, to names.
    """
    views = [_view(entry, metric, datasets, values, methods) for metric in metrics]
    reading = "One line a dataset. Large dot: this entry; grey dots: the others' means."
    return Figure("profile", "By dataset", reading, [view for view in views if view.table.rows])


def _view(
    entry: str,
    metric: Mapping[str, Any],
    datasets: Mapping[str, str],
    values: Mapping[str, Values],
    methods: Mapping[str, str],
) -> View:
    means = {
        other: {
            slug: mean
            for slug in datasets
            if (mean := _mean(values[other], slug, metric["name"])) is not None
        }
        for other in methods
    }
    measured = [slug for slug in datasets if any(slug in of_one for of_one in means.values())]
    labels = dict(zip(measured, unique([datasets[slug] for slug in measured]), strict=True))
    others = [
        (labels[slug], mean, methods[other])
        for other, of_one in means.items()
        if other != entry
        for slug, mean in of_one.items()
    ]
    own = [(labels[slug], mean, methods[entry]) for slug, mean in means[entry].items()]
    traces = [_dots(others, "token:line-3", 7, 0.75), _dots(own, "token:accent", 13, 1.0)]
    layout = {
        "height": 30 * len(measured) + 64,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        "showlegend": False,
        "xaxis": {"title": {"text": axis_title(metric)}, "zeroline": False, "fixedrange": True},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [labels[slug] for slug in reversed(measured)],
            "range": [-0.6, len(measured) - 0.4],
            "automargin": True,
            "fixedrange": True,
        },
    }
    return View(metric["name"], traces, layout, _table(entry, metric, datasets, measured, means))


def _mean(values: Values, dataset: str, metric: str) -> float | None:
    return values.get(dataset, {}).get(metric, {}).get("mean")


def _dots(points: Sequence[tuple[str, float, str]], colour: str, size: int, opacity: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [mean for _, mean, _ in points],
        "y": [label for label, _, _ in points],
        "text": [method for _, _, method in points],
        "hovertemplate": "%{text}<br>%{y}: %{x}<extra></extra>",
        "cliponaxis": False,
        "marker": {"size": size, "color": colour, "opacity": opacity},
    }


def _table(
    entry: str,
    metric: Mapping[str, Any],
    datasets: Mapping[str, str],
    measured: Sequence[str],
    means: Mapping[str, Mapping[str, float]],
) -> Table:
    best = max if metric["direction"] == "higher" else min
    rows = []
    for slug in measured:
        own = means[entry].get(slug)
        all_means = [of_one[slug] for of_one in means.values() if slug in of_one]
        better = sum(best(own, mean) != own for mean in all_means) if own is not None else None
        place = DASH if better is None else f"{better + 1} of {len(all_means)}"
        rows.append(
            [
                datasets[slug],
                numbered(own, metric["decimals"]),
                numbered(best(all_means), metric["decimals"]),
                place,
            ]
        )
    return Table(["Dataset", f"{metric['name']}, this entry", "Best", "Place by mean"], rows)
