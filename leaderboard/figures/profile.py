"""Where one entry stands on every dataset, among all others."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from leaderboard.figures import tidy
from leaderboard.figures.distributions import axis_title
from leaderboard.figures.figure import (
    DASH,
    RING,
    Figure,
    Table,
    Trace,
    View,
    numbered,
    symbol,
    told_missing,
    unique,
)

Mean: TypeAlias = Mapping[str, Any]
Values: TypeAlias = Mapping[str, Mapping[str, Mean]]


def entry_profile(
    entry: str,
    metrics: Sequence[Mapping[str, Any]],
    datasets: Mapping[str, str],
    values: Mapping[str, Values],
    methods: Mapping[str, str],
) -> Figure:
    """One view a metric: a line a dataset, a dot an entry's mean, a ring about the entry itself.

    `datasets` maps slug to name; `values` maps entry, dataset and metric to {"mean", "std", "missing"};
    `methods` maps entries, in board order, to names. A mean that lacks cases is hollow and has no place.
    """
    views = [_view(entry, metric, datasets, values, methods) for metric in metrics]
    reading = "One line a dataset. Ring: this entry's mean; dots: the others'."
    if any(found["missing"] for of in values.values() for one in of.values() for found in one.values()):
        reading += " Hollow: means that lack cases; they are not compared."
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
            slug: found
            for slug in datasets
            if (found := values[other].get(slug, {}).get(metric["name"])) and found["mean"] is not None
        }
        for other in methods
    }
    measured = [slug for slug in datasets if any(slug in of_one for of_one in means.values())]
    labels = dict(zip(measured, unique([datasets[slug] for slug in measured]), strict=True))
    others = [
        (labels[slug], found, methods[other])
        for other, of_one in means.items()
        if other != entry
        for slug, found in of_one.items()
    ]
    own = [(labels[slug], found, methods[entry]) for slug, found in means[entry].items()]
    traces = [_dots(others, own=False), _dots(own, own=True)]
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
    rows = partial(tidy.profile, metric, datasets, means, methods)
    table = _table(entry, metric, datasets, measured, means)
    return View(metric["name"], traces, layout, table, tidy=rows)


def _dots(points: Sequence[tuple[str, Mean, str]], *, own: bool) -> Trace:
    colour = "token:ink" if own else "token:line-3"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [found["mean"] for _, found, _ in points],
        "y": [label for label, _, _ in points],
        "text": [f"{method}{told_missing(found['missing'])}" for _, found, method in points],
        "hovertemplate": "%{text}<br>%{y}: %{x}<extra></extra>",
        "cliponaxis": False,
        "marker": {
            "symbol": [symbol(found["missing"], own=own) for _, found, _ in points],
            "size": RING if own else 7,
            "color": colour,
            "opacity": 1.0 if own else 0.75,
            "line": {"width": 2 if own else 1, "color": colour},
        },
    }


def _table(
    entry: str,
    metric: Mapping[str, Any],
    datasets: Mapping[str, str],
    measured: Sequence[str],
    means: Mapping[str, Mapping[str, Mean]],
) -> Table:
    """Best and places are of the means over all cases."""
    best, decimals, rows = max if metric["direction"] == "higher" else min, metric["decimals"], []
    for slug in measured:
        found: Mean = means[entry].get(slug, {"mean": None, "missing": 0})
        own, missing = found["mean"], found["missing"]
        whole = [of[slug]["mean"] for of in means.values() if slug in of and not of[slug]["missing"]]
        is_placed = own is not None and not missing
        place = f"{sum(best(own, mean) != own for mean in whole) + 1} of {len(whole)}" if is_placed else DASH
        lacking = f" ({missing} missing)" if missing and own is not None else ""
        rows.append(
            [
                datasets[slug],
                f"{numbered(own, decimals)}{lacking}",
                numbered(best(whole, default=None), decimals),
                place,
            ]
        )
    return Table(["Dataset", f"{metric['name']}, this entry", "Best", "Place by mean"], rows)
