"""Two entries case by case: one against the other, and how their differences spread."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, sqrt
from typing import Any

from leaderboard.figures.figure import Figure, Layout, Table, Trace, View, numbered, short

BINS = 24


def paired_figures(
    a: str,
    b: str,
    metrics: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
) -> list[Figure]:
    """A paired plot and a histogram of differences, a view each a metric.

    `a` and `b` are method names, `names` maps datasets to theirs, `datasets` are a comparison's.
    """
    present = [metric for metric in metrics if any(metric["name"] in one["metrics"] for one in datasets)]
    if not present:
        return []
    paired = Figure(
        "paired",
        "Case by case",
        f"One point a case. Blue: {a} is better; orange: {b} is better; on the line both are equal.",
        [_paired(a, b, metric, names, datasets) for metric in present],
        max_width=560,
    )
    spread = Figure(
        "differences",
        "Differences",
        f"How many cases differ by how much, {a} minus {b}. Blue: {a} is better; orange: {b} is better.",
        [_histogram(a, b, metric, names, datasets) for metric in present],
    )
    return [paired, spread]


def _cases(
    metric: Mapping[str, Any], names: Mapping[str, str], datasets: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, float, float]]:
    """(dataset's name, case, value of a, value of b) where both have one."""
    return [
        (names[one["dataset"]], case, first, second)
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


def _colour(difference: float, metric: Mapping[str, Any]) -> str:
    if difference == 0:
        return "token:line-3"
    return "token:row-3" if (difference > 0) == (metric["direction"] == "higher") else "token:col-3"


def _paired(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
) -> View:
    cases = _cases(metric, names, datasets)
    decimals = metric["decimals"]
    values = [value for case in cases for value in case[2:]]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = 0.04 * ((high - low) or 1.0)
    diagonal: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [low - pad, high + pad],
        "y": [low - pad, high + pad],
        "line": {"color": "token:line-3", "width": 1},
        "hoverinfo": "skip",
    }
    points: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(second, decimals + 2) for *_, second in cases],
        "y": [round(first, decimals + 2) for *_, first, _ in cases],
        "hovertext": [
            f"{case}, {dataset}<br>{a} {first:.{decimals}f}<br>{b} {second:.{decimals}f}"
            for dataset, case, first, second in cases
        ],
        "hoverinfo": "text",
        "marker": {
            "size": 7,
            "opacity": 0.75,
            "color": [_colour(first - second, metric) for *_, first, second in cases],
        },
    }
    unit = f", {metric['unit']}" if metric["unit"] else ""
    layout: Layout = {
        "height": 420,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        "showlegend": False,
        "xaxis": {
            "title": {"text": f"{metric['name']}{unit}, {short(b)}"},
            "range": [low - pad, high + pad],
            "fixedrange": True,
        },
        "yaxis": {
            "title": {"text": f"{metric['name']}{unit}, {short(a)}"},
            "range": [low - pad, high + pad],
            "automargin": True,
            "fixedrange": True,
        },
    }
    rows = [
        [
            case,
            dataset,
            numbered(first, decimals),
            numbered(second, decimals),
            f"{first - second:+.{decimals}f}",
        ]
        for dataset, case, first, second in cases
    ]
    return View(
        metric["name"], [diagonal, points], layout, Table(["Case", "Dataset", a, b, "Difference"], rows)
    )


def _histogram(
    a: str,
    b: str,
    metric: Mapping[str, Any],
    names: Mapping[str, str],
    datasets: Sequence[Mapping[str, Any]],
) -> View:
    differences = [first - second for *_, first, second in _cases(metric, names, datasets)]
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
    return View(metric["name"], [bars], layout, Table(["From", "To", "Cases"], rows))


def bin_edges(values: Sequence[float]) -> list[float]:
    """Edges of equal bins over all values, 0 among them, about the square root of their number."""
    low, high = min([0.0, *values]), max([0.0, *values])
    wide = ((high - low) or 1.0) / max(4, min(BINS, round(sqrt(len(values)))))
    first, last = -ceil(-low / wide), max(ceil(high / wide), 1)
    return [step * wide for step in range(first, last + 1)]
