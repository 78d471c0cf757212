"""How sure an order is: ranks over resamples, under every scheme, and without each dataset."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import sqrt
from typing import Any

from leaderboard.figures import tidy
from leaderboard.figures.figure import (
    CELL_AXIS,
    DASH,
    ROW_HEIGHT,
    Figure,
    Layout,
    Linked,
    Table,
    Trace,
    View,
    flat,
    folded,
    short,
    unique,
    url_of,
)
from leaderboard.figures.heatmap import shade

LARGEST = 40
LARGEST_BLOB = 22
LEVEL = 24
# Seven flat steps of a change of rank, from three and more places lost to three and more gained.
CHANGES = ("col-3", "col-2", "col-1", "line-2", "row-1", "row-2", "row-3")


def blobs(entries: Sequence[Mapping[str, Any]], resamples: int) -> Figure:
    """A row an entry: a circle a rank, its area the share of the resamples that gave it.

    `entries` in board order: method, rank, interval (low, high) and distribution (counts of rank 1, 2 ...).
    """
    drawn = entries[:LARGEST]
    labels = unique([entry["method"] for entry in drawn])
    points = [
        (label, place + 1, count / resamples, entry)
        for label, entry in zip(labels, drawn, strict=True)
        for place, count in enumerate(entry["distribution"])
        if count
    ]
    circles: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [rank for _, rank, _, _ in points],
        "y": [label for label, _, _, _ in points],
        "hovertext": [
            f"{entry['method']}<br>rank {rank} in {share:.1%} of the resamples"
            for _, rank, share, entry in points
        ],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {
            "size": [max(LARGEST_BLOB * sqrt(share), 2.5) for _, _, share, _ in points],
            "color": "token:seq-3",
            "line": {"width": 0},
        },
    }
    crosses: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [entry["rank"] for entry in drawn],
        "y": labels,
        "hoverinfo": "skip",
        "marker": {"symbol": "line-ns-open", "size": 15, "color": "token:ink", "line": {"width": 2}},
    }
    return Figure(
        "blobs",
        "Ranks over the resamples",
        f"Area: how many of {resamples:,} resamples of the subjects gave the rank; bar: the rank on all data."
        + _part(len(drawn), len(entries)),
        [
            View(
                "Ranks",
                [_intervals(drawn, labels), circles, crosses],
                _ranks_layout(labels),
                _blob_table(entries, resamples),
                tidy=partial(tidy.resampled, entries, resamples),
            )
        ],
        min_width=200 + 14 * len(drawn),
    )


def _part(drawn: int, count: int) -> str:
    return f" Shown: the first {drawn} of {count} entries." if drawn < count else ""


def _intervals(entries: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Trace:
    x: list[float | None] = []
    y: list[str | None] = []
    for label, entry in zip(labels, entries, strict=True):
        x += [entry["interval"][0], entry["interval"][1], None]
        y += [label, label, None]
    line = {"width": 1.5, "color": "token:seq-5"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _ranks_layout(labels: Sequence[str]) -> Layout:
    return {
        "height": 26 * len(labels) + 70,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 46},
        "showlegend": False,
        "xaxis": {
            "title": {"text": "Rank (better to the left)"},
            "zeroline": False,
            "fixedrange": True,
            "dtick": max(1, round(len(labels) / 12)),
            "tick0": 1,
        },
        "yaxis": {
            "autorange": "reversed",
            "automargin": True,
            "type": "category",
            "fixedrange": True,
        },
    }


def _blob_table(entries: Sequence[Mapping[str, Any]], resamples: int) -> Table:
    rows = []
    for entry in entries:
        ranked = sorted(enumerate(entry["distribution"], start=1), key=lambda pair: (-pair[1], pair[0]))
        common = ", ".join(f"{rank} ({count / resamples:.0%})" for rank, count in ranked[:3] if count)
        low, high = entry["interval"]
        rows.append([entry["method"], f"{entry['rank']:g}", f"{low:g} to {high:g}", common])
    return Table(["Method", "Rank", "95 % interval", "Most frequent ranks"], rows)


def bumps(
    entries: Sequence[str],
    methods: Mapping[str, str],
    columns: Sequence[tuple[str, str]],
    ranks: Sequence[Mapping[str, float]],
) -> Figure:
    """A line an entry through its ranks under every scheme, the official one first.

    `entries` in board order; `columns` are (name, note) of the schemes; `ranks` maps entries, by column.
    """
    drawn = entries[:LARGEST]
    labels = unique([methods[entry] for entry in drawn])
    worst = max((rank for column in ranks for rank in column.values()), default=1)
    traces = [
        _bump(
            label, methods[entry], [column.get(entry) for column in ranks], columns, shade(at + 1, len(drawn))
        )
        for at, (entry, label) in enumerate(zip(drawn, labels, strict=True))
    ]
    layout: Layout = {
        "height": ROW_HEIGHT * min(len(drawn), int(worst)) + 120,
        "margin": {"l": 8, "r": 150, "t": 74, "b": 8},
        "showlegend": False,
        "xaxis": {
            "side": "top",
            "tickvals": list(range(len(columns))),
            "ticktext": [f"{name}<br>{note}" for name, note in columns],
            "range": [-0.3, len(columns) - 0.7],
            **CELL_AXIS,
        },
        "yaxis": {
            "range": [min(worst, LARGEST) + 0.7, 0.3],
            "dtick": 1 if worst <= 24 else 5,
            "tick0": 1,
            "automargin": True,
            **CELL_AXIS,
        },
        "annotations": [
            _end(label, ranks[-1].get(entry), len(columns) - 1)
            for entry, label in zip(drawn, labels, strict=True)
        ],
    }
    rows = [
        [methods[entry], *(DASH if (rank := column.get(entry)) is None else f"{rank:g}" for column in ranks)]
        for entry in entries
    ]
    table = Table(["Method", *(name for name, _ in columns)], rows)
    schemes = [name for name, _ in columns]
    rows_of_file = partial(tidy.ranks, "scheme", schemes, ranks, methods, entries)
    reading = (
        "Rank under every scheme; stronger: better under the official one, which stands first. "
        "τ: Kendall's tau with it, 1 for the same order." + _part(len(drawn), len(entries))
    )
    return Figure(
        "schemes",
        "Rank under every scheme",
        reading,
        [View("Schemes", traces, layout, table, tidy=rows_of_file)],
        min_width=170 + 92 * len(columns),
    )


def _bump(
    label: str, method: str, ranks: Sequence[float | None], columns: Sequence[tuple[str, str]], step: int
) -> Trace:
    colour = f"token:seq-{min(step, 5)}"
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label,
        "x": list(range(len(columns))),
        "y": list(ranks),
        "line": {"color": colour, "width": 2, "shape": "spline", "smoothing": 0.6},
        "marker": {"color": colour, "size": 9},
        "hovertext": [
            f"{method}<br>{name}: rank {rank:g}" if rank is not None else ""
            for (name, _), rank in zip(columns, ranks, strict=True)
        ],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _end(label: str, rank: float | None, at: int) -> dict[str, Any]:
    return {
        "text": short(label, 20) if rank is not None else "",
        "x": at,
        "y": rank,
        "xanchor": "left",
        "xshift": 10,
        "showarrow": False,
        "font": {"size": 11, "color": "token:ink-2"},
    }


def without_each(
    entries: Sequence[str],
    methods: Mapping[str, str],
    columns: Sequence[tuple[str, str]],
    ranks: Sequence[Mapping[str, float]],
    full: Mapping[str, float],
) -> Figure:
    """Methods x dataset left out: the rank without it, coloured by the places gained or lost."""
    drawn = entries[:LARGEST]
    labels = unique([methods[entry] for entry in drawn])
    gained = [[full[entry] - column[entry] for column in ranks] for entry in drawn]
    text = [[f"{column[entry]:g}" for column in ranks] for entry in drawn]
    cells: Trace = {
        "type": "heatmap",
        "x": list(range(len(columns))),
        "y": labels,
        "z": [[max(-3, min(3, change)) for change in row] for row in gained],
        "hovertext": [
            [
                f"{methods[entry]}<br>without {name}: rank {column[entry]:g}, with it {full[entry]:g}"
                for (name, _), column in zip(columns, ranks, strict=True)
            ]
            for entry in drawn
        ],
        "hoverinfo": "text",
        "zmin": -3.5,
        "zmax": 3.5,
        "colorscale": flat(CHANGES),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    printed = [
        (at, label, text[row][at], _ink(gained[row][at]))
        for row, label in enumerate(labels)
        for at in range(len(columns))
    ]
    numbers: Trace = {
        "type": "scatter",
        "mode": "text",
        "x": [cell[0] for cell in printed],
        "y": [cell[1] for cell in printed],
        "text": [cell[2] for cell in printed],
        "textfont": {"size": 11, "color": [cell[3] for cell in printed]},
        "hoverinfo": "skip",
    }
    layout: Layout = {
        "height": ROW_HEIGHT * len(drawn) + 88,
        "margin": {"l": 8, "r": 8, "t": 80, "b": 8},
        "showlegend": False,
        "xaxis": {
            "side": "top",
            "tickvals": list(range(len(columns))),
            "ticktext": [f"{folded(name, 12)}<br>{note}" for name, note in columns],
            "tickangle": 0 if len(columns) <= LEVEL else -90,
            "range": [-0.5, len(columns) - 0.5],
            **CELL_AXIS,
        },
        "yaxis": {"range": [len(drawn) - 0.5, -0.5], "automargin": True, "type": "category", **CELL_AXIS},
    }
    rows = [
        [methods[entry], f"{full[entry]:g}", *(f"{column[entry]:g}" for column in ranks)] for entry in entries
    ]
    without = [Linked(f"Without {name}", url_of(name)) for name, _ in columns]
    table = Table(["Method", "All datasets", *without], rows)
    left_out = ["", *(str(name) for name, _ in columns)]
    rows_of_file = partial(tidy.ranks, "without", left_out, [full, *ranks], methods, entries)
    reading = (
        "Rank when one dataset is left out. Blue: better without it; orange: worse; pale: one place, strong: "
        "three and more. τ: Kendall's tau with the whole ranking." + _part(len(drawn), len(entries))
    )
    return Figure(
        "without",
        "Rank without each dataset",
        reading,
        [View("Datasets", [cells, numbers], layout, table, tidy=rows_of_file)],
        min_width=170 + 84 * len(columns),
    )


def _ink(change: float) -> str:
    return "token:on-strong" if abs(change) >= 3 else "token:ink"
