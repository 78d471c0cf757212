"""Ranks by subtask and metric: which entry is strong where."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from leaderboard.figures.figure import DASH, ROW_HEIGHT, Figure, Layout, Table, View, numbered, unique

SUBTASKS, DATASETS = "By subtask", "By dataset"


def rank_heatmap(
    heatmap: Mapping[str, Any],
    methods: Mapping[str, str],
    datasets: Mapping[str, str],
    links: Mapping[str, str],
) -> Figure:
    """Methods x (subtask or dataset, metric); the rank is printed in the cell and stronger is better.

    `heatmap` is a snapshot's: columns, rows (entry slugs), ranks and values (rank scores), [row][column].
    `methods` maps an entry to its name, `datasets` a dataset to its name, `links` to its page.
    """
    columns = heatmap["columns"]
    together = [at for at, column in enumerate(columns) if column["dataset"] is None]
    single = [at for at, column in enumerate(columns) if len(column["datasets"]) == 1]
    views = [_view(SUBTASKS, heatmap, together, methods, {}, links)]
    if single != together:
        views.append(_view(DATASETS, heatmap, single, methods, datasets, links))
    reading = (
        f"Stronger is better; numbers are ranks among {len(heatmap['rows'])}. ACC: {heatmap['accuracy']} "
        "A click opens a dataset."
    )
    widest = max(len(together), len(single))
    return Figure("rank-heatmap", "Rank by subtask", reading, views, min_width=170 + 24 * widest)


def _view(
    name: str,
    heatmap: Mapping[str, Any],
    picked: Sequence[int],
    methods: Mapping[str, str],
    datasets: Mapping[str, str],
    links: Mapping[str, str],
) -> View:
    names = [methods[entry] for entry in heatmap["rows"]]
    columns = [heatmap["columns"][at] for at in picked]
    titles = [datasets.get(column["datasets"][0], column["title"]) for column in columns]
    metrics = [column["metric"] for column in columns]
    ranks = [[row[at] for at in picked] for row in heatmap["ranks"]]
    values = [[row[at] for at in picked] for row in heatmap["values"]]
    opened = [links[column["datasets"][0]] if len(column["datasets"]) == 1 else None for column in columns]
    worst = max((rank for row in ranks for rank in row if rank is not None), default=1)
    trace = {
        "type": "heatmap",
        "x": list(range(len(columns))),
        "y": unique(names),
        "z": ranks,
        "text": [[_rank(rank) for rank in row] for row in ranks],
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
        "customdata": [opened for _ in names],
        "hovertext": _hover(names, titles, metrics, ranks, values),
        "hoverinfo": "text",
        "hoverongaps": False,
        "zmin": 1,
        "zmax": max(worst, 2),
        "colorscale": [[step / 6, f"token:seq-{step}"] for step in range(7)],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    return View(name, [trace], _layout(titles, metrics, len(names)), _table(names, titles, metrics, ranks))


def _layout(titles: Sequence[str], metrics: Sequence[str], rows: int) -> Layout:
    headings, rules, start = [], [], 0
    for title, group in groupby(titles):
        size = len(list(group))
        headings.append(_heading(title, start, size))
        if start:
            rules.append(_rule(start))
        start += size
    return {
        "height": ROW_HEIGHT * rows + 104,
        "margin": {"l": 8, "r": 8, "t": 96, "b": 8},
        "xaxis": {
            "side": "top",
            "tickvals": list(range(len(metrics))),
            "ticktext": list(metrics),
            "tickangle": -90 if len(metrics) > 14 else 0,
            "showgrid": False,
            "fixedrange": True,
            "ticks": "",
        },
        "yaxis": {
            "autorange": "reversed",
            "showgrid": False,
            "automargin": True,
            "fixedrange": True,
            "ticks": "",
        },
        "annotations": headings,
        "shapes": rules,
    }


def _heading(title: str, start: int, size: int) -> dict[str, Any]:
    return {
        "text": _folded(title, 7 * size),
        "x": start + (size - 1) / 2,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "yshift": 44,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": "token:ink-2"},
    }


def _rule(start: int) -> dict[str, Any]:
    at = start - 0.5
    line = {"color": "token:paper", "width": 5}
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "layer": "above",
        "line": line,
    }


def _folded(title: str, width: int) -> str:
    """The title broken at spaces into lines of about `width` letters."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _hover(
    names: Sequence[str],
    titles: Sequence[str],
    metrics: Sequence[str],
    ranks: Sequence[Sequence[float | None]],
    values: Sequence[Sequence[float | None]],
) -> list[list[str]]:
    def text(row: int, column: int) -> str:
        value = numbered(values[row][column], 3)
        head = f"<b>{names[row]}</b><br>{titles[column]}, {metrics[column]}"
        return f"{head}<br>rank {_rank(ranks[row][column]) or DASH}, rank score {value}"

    return [[text(row, column) for column in range(len(metrics))] for row in range(len(names))]


def _table(
    names: Sequence[str],
    titles: Sequence[str],
    metrics: Sequence[str],
    ranks: Sequence[Sequence[float | None]],
) -> Table:
    head = ["Method", *(f"{title}, {metric}" for title, metric in zip(titles, metrics, strict=True))]
    rows = [[name, *(_rank(rank) or DASH for rank in row)] for name, row in zip(names, ranks, strict=True)]
    return Table(head, rows)


def _rank(rank: float | None) -> str:
    return "" if rank is None else f"{rank:g}"
