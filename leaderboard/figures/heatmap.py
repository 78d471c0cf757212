"""Ranks by subtask and metric: which entry is strong where."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
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
    numbered,
    unique,
    url_of,
)

KEY = "rank-heatmap"
SUBTASKS, DATASETS = "By subtask", "By dataset"
LARGEST = 40
_HARDEST = "30"
SHADES = 7
# On the middle step the dark ink is the readable one in both themes.
INK_ON = ("token:on-strong",) * 3 + ("token:on-mid",) + ("token:ink",) * 3


def rank_heatmap(
    heatmap: Mapping[str, Any],
    methods: Mapping[str, str],
    datasets: Mapping[str, str],
    metrics: Sequence[Mapping[str, Any]],
) -> Figure:
    """Methods x (subtask or dataset, metric); the rank is printed in the cell and stronger is better.

    `heatmap` is a snapshot's: columns, rows (entry slugs), ranks and values (rank scores), [row][column].
    `means` and `missing`, where they are there, are of the values that were compared. `methods` maps an
    entry to its name, `datasets` a dataset to its name; `metrics` are a snapshot's. A column leads to its
    dataset, that of several datasets to the view by dataset.
    """
    count = len(heatmap["rows"])
    nothing = [[None] * len(heatmap["columns"])] * count
    heatmap = {"means": nothing, "missing": nothing, **heatmap}
    by_entry = ("rows", "ranks", "values", "means", "missing")
    drawn = {**heatmap, **{name: heatmap[name][:LARGEST] for name in by_entry}}
    drawn["told"] = _values(drawn, {metric["name"]: metric for metric in metrics})
    drawn["worst"] = max((rank for row in heatmap["ranks"] for rank in row if rank is not None), default=1)
    columns = heatmap["columns"]
    together = [at for at, column in enumerate(columns) if column["dataset"] is None]
    single = [at for at, column in enumerate(columns) if len(column["datasets"]) == 1]
    pages = [_page(column, datasets, bool(single)) for column in columns]
    titles = [column["title"] for column in columns]
    views = [_view(SUBTASKS, drawn, heatmap, together, methods, titles, pages)]
    if single not in ([], together):
        titles = [datasets.get(column["datasets"][0], column["title"]) for column in columns]
        views.append(_view(DATASETS, drawn, heatmap, single, methods, titles, pages))
    reading = (
        f"Stronger is better; numbers are ranks among {count}. A click opens the dataset. "
        f"ACC: {heatmap['accuracy'][:1].lower()}{heatmap['accuracy'][1:]}."
        + (f" Shown: the first {LARGEST} of {count} entries." if count > LARGEST else "")
    )
    widest = max(len(together), len(single))
    return Figure(KEY, "Rank by subtask", reading, views, min_width=170 + 24 * widest)


def _page(column: Mapping[str, Any], datasets: Mapping[str, str], has_single: bool) -> str | None:  # noqa: FBT001 private
    if len(column["datasets"]) == 1:
        return url_of(datasets.get(column["datasets"][0], ""))
    return f"#{KEY}-by-dataset" if has_single else None


def _view(
    name: str,
    heatmap: Mapping[str, Any],
    whole: Mapping[str, Any],
    picked: Sequence[int],
    methods: Mapping[str, str],
    titles: Sequence[str],
    pages: Sequence[str | None],
) -> View:
    names = [methods[entry] for entry in heatmap["rows"]]
    titles, opened = [titles[at] for at in picked], [pages[at] for at in picked]
    metrics = [heatmap["columns"][at]["metric"] for at in picked]
    ranks = [[row[at] for at in picked] for row in heatmap["ranks"]]
    values = [[row[at] for at in picked] for row in heatmap["values"]]
    told = [[row[at] for at in picked] for row in heatmap["told"]]
    steps = [[None if rank is None else shade(rank, heatmap["worst"]) for rank in row] for row in ranks]
    labels = unique(names)
    cells = {
        "type": "heatmap",
        "x": list(range(len(picked))),
        "y": labels,
        "z": steps,
        "meta": {"columns": opened},
        "hovertext": _hover(names, titles, metrics, ranks, values, told),
        "hoverinfo": "text",
        "hoverongaps": False,
        "zmin": -0.5,
        "zmax": SHADES - 0.5,
        "colorscale": flat([f"seq-{step}" for step in range(SHADES)]),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    return View(
        name,
        [cells, _printed(labels, ranks, steps)],
        _layout(titles, metrics, len(names)),
        _table(names, titles, metrics, opened, ranks),
        tidy=partial(tidy.heatmap, whole, list(zip(picked, titles, strict=True)), methods),
    )


def _values(heatmap: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Each cell's value in words: the mean of what was compared, and how much of that is missing."""

    def words(column: Mapping[str, Any], mean: float | None, missing: int) -> str:
        metric = metrics.get(column["metric"].removesuffix(_HARDEST))
        if mean is None or metric is None:
            return ""
        unit = f" {metric['unit']}" if metric["unit"] else ""
        lost = f", {missing} missing" if missing else ""
        return f"<br>{column['metric']} {mean:.{metric['decimals']}f}{unit}{lost}"

    return [
        [words(*cell) for cell in zip(heatmap["columns"], means, missing, strict=True)]
        for means, missing in zip(heatmap["means"], heatmap["missing"], strict=True)
    ]


def shade(rank: float, worst: float) -> int:
    """The step of the scale of magnitude for a rank: 0 for the best, 6 for the worst of all."""
    return round((SHADES - 1) * (rank - 1) / max(worst - 1, 1))


def _printed(
    labels: Sequence[str], ranks: Sequence[Sequence[float | None]], steps: Sequence[Sequence[int | None]]
) -> Trace:
    """The ranks as text, each in the colour that can be read on its step."""
    cells = [
        (at, label, _rank(rank), INK_ON[step])
        for label, rank_row, step_row in zip(labels, ranks, steps, strict=True)
        for at, (rank, step) in enumerate(zip(rank_row, step_row, strict=True))
        if step is not None
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [cell[0] for cell in cells],
        "y": [cell[1] for cell in cells],
        "text": [cell[2] for cell in cells],
        "textfont": {"size": 11, "color": [cell[3] for cell in cells]},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _layout(titles: Sequence[str], metrics: Sequence[str], rows: int) -> Layout:
    upright = len(metrics) > 14
    above = 52 if upright else 22
    headings, rules, start = [], [], 0
    for title, group in groupby(titles):
        size = len(list(group))
        headings.append(_heading(title, start, size, above))
        if start:
            rules.append(_rule(start))
        start += size
    return {
        "height": ROW_HEIGHT * rows + above + 54,
        "margin": {"l": 8, "r": 8, "t": above + 46, "b": 8},
        "showlegend": False,
        "xaxis": {
            "side": "top",
            "tickvals": list(range(len(metrics))),
            "ticktext": list(metrics),
            "tickangle": -90 if upright else 0,
            "range": [-0.5, len(metrics) - 0.5],
            **CELL_AXIS,
        },
        "yaxis": {"range": [rows - 0.5, -0.5], "automargin": True, "type": "category", **CELL_AXIS},
        "annotations": headings,
        "shapes": rules,
    }


def _heading(title: str, start: int, size: int, above: int) -> dict[str, Any]:
    return {
        "text": folded(title, 7 * size),
        "x": start + (size - 1) / 2,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "yshift": above,
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


def _hover(
    names: Sequence[str],
    titles: Sequence[str],
    metrics: Sequence[str],
    ranks: Sequence[Sequence[float | None]],
    values: Sequence[Sequence[float | None]],
    told: Sequence[Sequence[str]],
) -> list[list[str]]:
    def text(row: int, column: int) -> str:
        value = numbered(values[row][column], 3)
        head = f"{names[row]}<br>{titles[column]}, {metrics[column]}"
        return f"{head}<br>rank {_rank(ranks[row][column]) or DASH}, rank score {value}{told[row][column]}"

    return [[text(row, column) for column in range(len(metrics))] for row in range(len(names))]


def _table(
    names: Sequence[str],
    titles: Sequence[str],
    metrics: Sequence[str],
    opened: Sequence[str | None],
    ranks: Sequence[Sequence[float | None]],
) -> Table:
    columns = zip(titles, metrics, opened, strict=True)
    head = ["Method", *(Linked(f"{title}, {metric}", page) for title, metric, page in columns)]
    rows = [[name, *(_rank(rank) or DASH for rank in row)] for name, row in zip(names, ranks, strict=True)]
    return Table(head, rows)


def _rank(rank: float | None) -> str:
    return "" if rank is None else f"{rank:g}"
