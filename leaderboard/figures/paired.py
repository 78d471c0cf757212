"""Two entries case by case: one against the other, and how their differences spread."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import ceil, sqrt
from typing import Any

from leaderboard.figures import tidy
from leaderboard.figures.figure import Figure, Layout, Linked, Table, Trace, View, flat, numbered, short

BINS = 24
LISTED = 200
"""More rows than this are not printed below the plot: those that differ most, and the rest in a file."""
Case = tuple[str, str, float, float]


def paired_figures(
    a: str,
    b: str,
    metrics: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
    links: Mapping[str, str] | None = None,
    csv: str = "",
) -> list[Figure]:
    """A paired plot and a histogram of differences, a view each a metric.

    `a` and `b` are method names, `names` maps datasets to theirs, `datasets` are a comparison's. `links`:
    where a case of each dataset leads, with `{text}` for its key; csv: address of all values.
    """
    present = [metric for metric in metrics if any(metric["name"] in one["metrics"] for one in datasets)]
    if not present:
        return []
    paired = Figure(
        "paired",
        "Case by case",
        f"One point a case. Blue: {a} is better; orange: {b} is better; on the line both are equal."
        f"{' A click opens the case.' if links else ''}",
        [_paired(a, b, metric, names, datasets, links or {}, csv) for metric in present],
        max_width=560,
    )
    spread = Figure(
        "differences",
        "Differences",
        f"How many cases differ by how much, {a} minus {b}. Blue: {a} is better; orange: {b} is better.",
        [_histogram(a, b, metric, names, datasets) for metric in present],
    )
    return [paired, spread]


def _cases(metric: Mapping[str, Any], datasets: Sequence[Mapping[str, Any]]) -> list[Case]:
    """(dataset, case, value of a, value of b) where both have one."""
    return [
        (one["dataset"], case, first, second)
        for one in datasets
        if metric["name"] in one["metrics"]
        for case, first, second in zip(
            one["cases"],
            one["metrics"][metric["name"]]["a"],
            one["metrics"][metric["name"]]["b"],
            strict=True,
        )
        if first is not None and second is not None
    ]


def _winner(difference: float, metric: Mapping[str, Any]) -> int:
    """1 where a is better by a difference, -1 where b is, 0 where both are equal."""
    if difference == 0:
        return 0
    return 1 if (difference > 0) == (metric["direction"] == "higher") else -1


def _colour(difference: float, metric: Mapping[str, Any]) -> str:
    return f"token:{('line-3', 'row-3', 'col-3')[_winner(difference, metric)]}"


def _paired(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
    links: Mapping[str, str],
    csv: str,
) -> View:
    cases = _cases(metric, datasets)
    values = [value for case in cases for value in case[2:]]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = 0.04 * ((high - low) or 1.0)
    ends = [low - pad, high + pad]
    diagonal: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": ends,
        "line": {"color": "token:line-3", "width": 1},
        "hoverinfo": "skip",
    }
    points = [
        _points([case for case in cases if case[0] == slug], metric, facts)
        for slug, facts in _facts(a, b, names, links, cases).items()
    ]
    unit = f", {metric['unit']}" if metric["unit"] else ""
    axes = {"range": ends, "fixedrange": True}
    layout: Layout = {
        "height": 420,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        "showlegend": False,
        "xaxis": {"title": {"text": f"{metric['name']}{unit}, {short(b)}"}, **axes},
        "yaxis": {"title": {"text": f"{metric['name']}{unit}, {short(a)}"}, "automargin": True, **axes},
    }
    table = _table(a, b, metric, names, links, cases)
    rows = partial(tidy.paired, a, b, metric, names, cases)
    return View(metric["name"], [diagonal, *points], layout, table, csv if table.note else "", rows)


def _facts(
    a: str, b: str, names: Mapping[str, str], links: Mapping[str, str], cases: Sequence[Case]
) -> dict[str, dict[str, str]]:
    """What the points of a dataset have in common, by dataset."""
    return {
        slug: {"dataset": names[slug], "a": a, "b": b, **({"link": links[slug]} if slug in links else {})}
        for slug in dict.fromkeys(case[0] for case in cases)
    }


def _points(cases: Sequence[Case], metric: Mapping[str, Any], facts: Mapping[str, str]) -> Trace:
    """The cases of one dataset. What is the same for all stands in the trace once: there may be thousands."""
    decimals = metric["decimals"]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(second, decimals + 2) for *_, second in cases],
        "y": [round(first, decimals + 2) for *_, first, _ in cases],
        "text": [case for _, case, *_ in cases],
        "meta": facts,
        "hovertemplate": (
            "%{text}, %{fullData.meta.dataset}"
            f"<br>%{{fullData.meta.a}} %{{y:.{decimals}f}}<br>%{{fullData.meta.b}} %{{x:.{decimals}f}}"
            "<extra></extra>"
        ),
        "marker": {
            "size": 7,
            "opacity": 0.75,
            "color": [_winner(first - second, metric) for *_, first, second in cases],
            "cmin": -1,
            "cmax": 1,
            "colorscale": flat(["col-3", "line-3", "row-3"]),
            "showscale": False,
        },
    }


def _table(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    links: Mapping[str, str],
    cases: Sequence[Case],
) -> Table:
    """All cases, or those that differ most."""
    decimals, listed, note = metric["decimals"], cases, ""
    if len(cases) > LISTED:
        listed = sorted(cases, key=lambda case: -abs(case[2] - case[3]))[:LISTED]
        note = f"The {LISTED} cases that differ most, of {len(cases):,}."
    rows = [
        [
            Linked(case, links[slug].replace("{text}", case)) if slug in links else case,
            names[slug],
            numbered(first, decimals),
            numbered(second, decimals),
            f"{first - second:+.{decimals}f}",
        ]
        for slug, case, first, second in listed
    ]
    return Table(["Case", "Dataset", a, b, "Difference"], rows, note)


def _histogram(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
) -> View:
    cases = _cases(metric, datasets)
    differences = [first - second for *_, first, second in cases]
    edges = bin_edges(differences)
    counts = [0] * (len(edges) - 1)
    wide = edges[1] - edges[0]
    for difference in differences:
        counts[min(int((difference - edges[0]) / wide), len(counts) - 1)] += 1
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    decimals = metric["decimals"] + 1
    bars: Trace = {
        "type": "bar",
        "x": middles,
        "y": counts,
        "width": [wide * 0.92] * len(counts),
        "hovertext": [
            f"{low:+.{decimals}f} to {high:+.{decimals}f}: {count} cases"
            for (low, high), count in zip(pairwise(edges), counts, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {"color": [_colour(middle, metric) for middle in middles]},
    }
    unit = f", {metric['unit']}" if metric["unit"] else ""
    layout: Layout = {
        "height": 420,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        "showlegend": False,
        "bargap": 0,
        "xaxis": {
            "title": {"text": f"{metric['name']}{unit}, {short(a, 16)} minus {short(b, 16)}"},
            "zeroline": True,
            "zerolinewidth": 2,
            "fixedrange": True,
        },
        "yaxis": {"title": {"text": "Cases"}, "automargin": True, "fixedrange": True},
    }
    rows = [
        [f"{low:+.{decimals}f}", f"{high:+.{decimals}f}", str(count)]
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
    ]
    rows_of_file = partial(tidy.paired, a, b, metric, names, cases)
    return View(metric["name"], [bars], layout, Table(["From", "To", "Cases"], rows), tidy=rows_of_file)


def bin_edges(values: Sequence[float]) -> list[float]:
    """Edges of equal bins over all values, 0 among them, about the square root of their number."""
    low, high = min([0.0, *values]), max([0.0, *values])
    wide = ((high - low) or 1.0) / max(4, min(BINS, round(sqrt(len(values)))))
    first, last = -ceil(-low / wide), max(ceil(high / wide), 1)
    return [step * wide for step in range(first, last + 1)]
