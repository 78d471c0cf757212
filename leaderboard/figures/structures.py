"""Which structures are hard, and for whom: labels or landmarks against methods, hardest first."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from leaderboard.figures import tidy
from leaderboard.figures.figure import CELL_AXIS, Figure, Layout, Table, Trace, View, numbered, short, unique

LARGEST = 40
ROW_HEIGHT = 15
SHADES = 7


def structure_profile(
    metrics: Sequence[Mapping[str, Any]], part: Mapping[str, Any], methods: Mapping[str, str]
) -> Figure | None:
    """One view a metric: a row a structure, a column an entry in board order, the colour its mean.

    `part` is a snapshot's `structures/<dataset>`; `methods` maps entries to names. A structure's difficulty
    is the mean over the entries that have it; None without any metric by structure.
    """
    present = [metric for metric in metrics if metric["name"] in part["metrics"]]
    if not present:
        return None
    views = [_view(metric, part["metrics"][metric["name"]], methods) for metric in present]
    count = min(len(methods), LARGEST)
    shown = f" Shown: the first {count} of {len(methods)} entries." if count < len(methods) else ""
    reading = (
        "Means over the cases; the hardest structures stand first, by the mean over all entries. "
        f"Stronger is better.{shown}"
    )
    return Figure(
        "structures",
        "By structure",
        reading,
        views,
        min_width=270 + 24 * count,
        max_width=420 + 60 * count,
    )


def by_difficulty(metric: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[int, float | None]]:
    """Places of the structures and their mean over all entries, hardest first; without any value last."""
    means = []
    for at in range(len(found["structures"])):
        values = [of_one[at] for of_one in found["means"].values() if of_one[at] is not None]
        means.append((at, fmean(values) if values else None))
    sign = 1 if metric["direction"] == "higher" else -1
    return sorted(means, key=lambda pair: (pair[1] is None, sign * (pair[1] or 0.0), pair[0]))


def _view(metric: Mapping[str, Any], found: Mapping[str, Any], methods: Mapping[str, str]) -> View:
    entries = [entry for entry in methods if entry in found["means"]][:LARGEST]
    order = by_difficulty(metric, found)
    names = [found["structures"][at]["name"] for at, _ in order]
    rows, columns = unique(names, 34), unique([methods[entry] for entry in entries], 18)
    values = [[found["means"][entry][at] for entry in entries] for at, _ in order]
    decimals = metric["decimals"]
    known = sorted(value for row in values for value in row if value is not None)
    low, high = (known[0], known[round(0.98 * (len(known) - 1))]) if known else (0.0, 1.0)
    if metric["direction"] == "higher" and known:
        low, high = known[round(0.02 * (len(known) - 1))], known[-1]
    cells: Trace = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": [[None if value is None else round(value, decimals) for value in row] for row in values],
        "hovertext": [
            [
                _hover(name, methods[entry], value, found, entry, at, decimals)
                for entry, value in zip(entries, row, strict=True)
            ]
            for name, row, (at, _) in zip(names, values, order, strict=True)
        ],
        "hoverinfo": "text",
        "hoverongaps": False,
        "zmin": low,
        "zmax": high,
        "colorscale": _scale(metric["direction"] == "higher"),
        # No colour bar: Plotly draws it by a style attribute, which the Content-Security-Policy forbids.
        "showscale": False,
        "xgap": 1,
        "ygap": 0.5,
    }
    head = ["Structure", "Cases", "Mean over all", *(methods[entry] for entry in entries)]
    table = [
        [
            name,
            str(found["structures"][at]["cases"]),
            numbered(mean, decimals),
            *(numbered(value, decimals) for value in row),
        ]
        for name, row, (at, mean) in zip(names, values, order, strict=True)
    ]
    ends = (high, low) if metric["direction"] == "higher" else (low, high)
    scale = f"strong {ends[0]:.{decimals}f},<br>pale {ends[1]:.{decimals}f}"
    drawn = _layout(len(rows), scale)
    rows_of_file = partial(tidy.structures, metric, found, methods)
    return View(metric["name"], [cells], drawn, Table(head, table), tidy=rows_of_file)


def _hover(
    name: str,
    method: str,
    value: float | None,
    found: Mapping[str, Any],
    entry: str,
    at: int,
    decimals: int,
) -> str:
    missing = found["missing"][entry][at]
    gap = f"<br>without a value in {missing} of {found['structures'][at]['cases']} cases" if missing else ""
    return f"{name}<br>{short(method)}: {numbered(value, decimals)}{gap}"


def _scale(higher: bool) -> list[list[Any]]:  # noqa: FBT001 which end of the values is strong
    steps = range(SHADES - 1, -1, -1) if higher else range(SHADES)
    return [[at / (SHADES - 1), f"token:seq-{step}"] for at, step in enumerate(steps)]


def _layout(rows: int, scale: str) -> Layout:
    return {
        "height": ROW_HEIGHT * rows + 150,
        "margin": {"l": 8, "r": 8, "t": 130, "b": 8},
        "xaxis": {**CELL_AXIS, "side": "top", "tickangle": -90, "type": "category"},
        "annotations": [
            {
                "text": scale,
                "x": 0,
                "y": 1,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "right",
                "yanchor": "bottom",
                "xshift": -8,
                "yshift": 6,
                "align": "right",
                "showarrow": False,
                "font": {"size": 11, "color": "token:ink-3"},
            }
        ],
        "yaxis": {
            **CELL_AXIS,
            "autorange": "reversed",
            "automargin": True,
            "type": "category",
            "dtick": 1,
            "tickfont": {"size": 10, "color": "token:ink-2"},
        },
    }
