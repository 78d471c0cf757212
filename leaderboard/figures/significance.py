"""Who is significantly better than whom: the upper triangle of a matrix of paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
    unique,
)

THRESHOLDS = ("not significant", "p < .05", "p < .01", "p < .001")
ABOVE = 140
_HEAD = ("Row", "Column", "Verdict", "Level", "p", "p corrected", "Rank-biserial", "Cohen's d")
# Seven flat steps from -3 (column better, p < .001) to 3 (row better, p < .001).
STEPS = ("col-3", "col-2", "col-1", "line-2", "row-1", "row-2", "row-3")


def significance_matrices(matrices: Sequence[Mapping[str, Any]], where: str) -> Figure:
    """One view a metric, of matrices over the same entries; `where` names the dataset.

    A matrix is a snapshot's: entries, methods, p, p_adjusted, level (0 to 3) and direction, [row][column];
    of so many entries (`of`) and pairs it holds the first of the board. `link`, beside, is the address of
    the comparison of two entries, `{row}` and `{column}`.
    """
    first = matrices[0]
    count, entries, pairs = len(first["entries"]), first["of"], first["pairs"]
    correction = first["correction"].capitalize()
    part = f" Shown: the first {count} of {entries} entries." if count < entries else ""
    reading = (
        f"Paired signed-rank over {_cases(matrices)}, {correction} over {pairs} pairs. Blue: row better; "
        f"orange: column better; stronger is smaller p; dot: not significant. A click compares.{part}"
    )
    views = [_view(matrix, where) for matrix in matrices]
    names = f": {first['metric']}" if len(matrices) == 1 else ""
    return Figure(
        "significance",
        f"Significance on {where}{names}",
        reading,
        views,
        min_width=170 + 20 * count,
        max_width=220 + 48 * count,
    )


def _cases(matrices: Sequence[Mapping[str, Any]]) -> str:
    """By metric where these differ: landmarks are on few cases."""
    by_metric = {matrix["metric"]: matrix["cases"] for matrix in matrices}
    if len(set(by_metric.values())) == 1:
        return f"{matrices[0]['cases']} cases"
    return "cases (" + ", ".join(f"{metric} {cases}" for metric, cases in by_metric.items()) + ")"


def _view(matrix: Mapping[str, Any], where: str) -> View:
    labels = unique(matrix["methods"])
    count = len(labels)
    trace = _cells(matrix, labels)
    axis = {**CELL_AXIS, "automargin": True}
    layout = {
        "height": ROW_HEIGHT * count + 150,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {**axis, "side": "top", "tickangle": -90, "type": "category"},
        "yaxis": {**axis, "autorange": "reversed", "type": "category"},
    }
    rows = partial(tidy.significance, [(where, matrix)])
    return View(matrix["metric"], [trace], layout, _table(matrix), tidy=rows)


def _cells(matrix: Mapping[str, Any], labels: Sequence[str]) -> Trace:
    """The upper triangle as a heatmap of flat steps, a dot where nothing is significant."""
    count = len(labels)
    return {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": [[_signed(matrix, row, column) for column in range(count)] for row in range(count)],
        "text": [
            ["·" if _shown(matrix, row, column) == 0 else "" for column in range(count)]
            for row in range(count)
        ],
        "texttemplate": "%{text}",
        "textfont": {"color": "token:ink-2", "size": 14},
        "hovertext": [[_hover(matrix, row, column) for column in range(count)] for row in range(count)],
        "hoverinfo": "text",
        "hoverongaps": False,
        "meta": {"link": matrix["link"], "entries": matrix["entries"]},
        "zmin": -3.5,
        "zmax": 3.5,
        "colorscale": flat(STEPS),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }


@dataclass(frozen=True)
class Place:
    """One matrix of a grid; `column` counts from 0, `dataset` and `task` are names."""

    dataset: str
    task: str
    matrix: Mapping[str, Any]


def significance_grid(rows: Sequence[Sequence[Place | None]], key: str, title: str) -> Figure:
    """Matrices side by side: a row a metric, a column a dataset's task, all over the same entries.

    None where a dataset lacks the metric.
    """
    first = next(place.matrix for row in rows for place in row if place is not None)
    count, entries, pairs = len(first["entries"]), first["of"], first["pairs"]
    across = max(len(row) for row in rows)
    labels = unique(first["methods"], 16)
    drawn = [(place.dataset, place.matrix) for row in rows for place in row if place is not None]
    traces, layout = [], _grid_layout(rows, count, across)
    for down, row in enumerate(rows):
        for right, place in enumerate(row):
            if place is not None:
                axes = _axes(down * across + right)
                traces.append({**_cells(place.matrix, labels), "xaxis": f"x{axes}", "yaxis": f"y{axes}"})
    part = f" Shown: the first {count} of {entries} entries." if count < entries else ""
    reading = (
        f"Paired signed-rank on case values, {first['correction'].capitalize()} over {pairs} pairs. "
        f"Blue: row better; orange: column better; stronger is smaller p; dot: not significant. A click "
        f"compares.{part}"
    )
    table = Table(
        ["Metric", "Dataset", *_HEAD],
        [
            [place.matrix["metric"], place.dataset, *line]
            for row in rows
            for place in row
            if place is not None
            for line in _table(place.matrix).rows
        ],
    )
    return Figure(
        key,
        title,
        reading,
        [View(title, traces, layout, table, tidy=partial(tidy.significance, drawn))],
        min_width=130 + across * (24 + 17 * count),
        max_width=140 + across * (24 + (_cell_size(count) + 6) * count),
    )


def _cell_size(count: int) -> int:
    return min(max(18, 320 // count), 34)


def _axes(number: int) -> str:
    """Plotly's first axes have no number."""
    return str(number + 1) if number else ""


def _grid_layout(rows: Sequence[Sequence[Place | None]], count: int, across: int) -> Layout:
    above, cell = ABOVE, _cell_size(count)
    height = cell * count + 34
    layout: Layout = {
        "height": height * len(rows) + above,
        "margin": {"l": 8, "r": 8, "t": above, "b": 4},
        "showlegend": False,
        "annotations": [],
    }
    for down, row in enumerate(rows):
        top = 1 - down / len(rows)
        bottom = top - cell * count / (height * len(rows))
        for right, place in enumerate(row):
            if place is None:
                continue
            axes = _axes(down * across + right)
            named = not any(rows[before][right] for before in range(down))
            shared = {**CELL_AXIS, "type": "category"}
            layout[f"xaxis{axes}"] = {
                **shared,
                "domain": [right / across, (right + 0.95) / across],
                "anchor": f"y{axes}",
                "side": "top",
                "tickangle": -90,
                "showticklabels": named,
            }
            layout[f"yaxis{axes}"] = {
                **shared,
                "domain": [max(bottom, 0), top],
                "anchor": f"x{axes}",
                "autorange": "reversed",
                "showticklabels": not any(row[:right]),
                "automargin": True,
            }
            layout["annotations"].append(_grid_title(place, right / across, top, above if named else 0))
    return layout


def _grid_title(place: Place, x: float, y: float, above: int) -> dict[str, Any]:
    """Above the names of the columns, where these stand, else close above the cells."""
    return {
        "text": f"{place.matrix['metric']}, {place.task}",
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": above - 20 if above else 4,
        "align": "left",
        "showarrow": False,
        "font": {"size": 12, "color": "token:ink"},
    }


def _shown(matrix: Mapping[str, Any], row: int, column: int) -> int | None:
    """The level of a cell above the diagonal, None elsewhere."""
    level: int | None = matrix["level"][row][column]
    return level if column > row else None


def _signed(matrix: Mapping[str, Any], row: int, column: int) -> int | None:
    level = _shown(matrix, row, column)
    return None if level is None else level * int(matrix["direction"][row][column])


def _verdict(matrix: Mapping[str, Any], row: int, column: int) -> str:
    sign = matrix["direction"][row][column]
    better = matrix["methods"][row if sign > 0 else column]
    return f"{better} is better" if sign and matrix["level"][row][column] else "no significant difference"


def _opened(matrix: Mapping[str, Any], row: int, column: int) -> str:
    first, second = matrix["entries"][row], matrix["entries"][column]
    return str(matrix["link"]).replace("{row}", first).replace("{column}", second)


def _hover(matrix: Mapping[str, Any], row: int, column: int) -> str:
    level = _shown(matrix, row, column)
    if level is None:
        return ""
    first, second = matrix["methods"][row], matrix["methods"][column]
    p, adjusted = matrix["p"][row][column], matrix["p_adjusted"][row][column]
    return (
        f"{first} against {second}<br>{_verdict(matrix, row, column)}, {THRESHOLDS[level]}"
        f"<br>p {_p(p)}, corrected {_p(adjusted)}{_effect_words(matrix, row, column)}"
    )


def _effect_words(matrix: Mapping[str, Any], row: int, column: int) -> str:
    sized = _effect(matrix, "rank_biserial", row, column), _effect(matrix, "cohens_d", row, column)
    return f"<br>rank-biserial {sized[0]}<br>Cohen's d {sized[1]}"


def _effect(matrix: Mapping[str, Any], name: str, row: int, column: int) -> str:
    """An effect size with its 95 % interval, positive where the row is better."""
    value, intervals = matrix[name][row][column], matrix[f"{name}_interval"]
    ends = intervals[row][column] if intervals else None
    if value is None:
        return DASH
    return f"{value:.2f}" if ends is None else f"{value:.2f} ({ends[0]:.2f} to {ends[1]:.2f})"


def _p(value: float | None) -> str:
    return DASH if value is None else f"{value:.2g}"


def _table(matrix: Mapping[str, Any]) -> Table:
    """One line a pair, in the order of the board."""
    count = len(matrix["entries"])
    rows = [
        [
            matrix["methods"][row],
            matrix["methods"][column],
            Linked(_verdict(matrix, row, column), _opened(matrix, row, column)),
            THRESHOLDS[matrix["level"][row][column]],
            _p(matrix["p"][row][column]),
            _p(matrix["p_adjusted"][row][column]),
            _effect(matrix, "rank_biserial", row, column),
            _effect(matrix, "cohens_d", row, column),
        ]
        for row in range(count)
        for column in range(row + 1, count)
        if matrix["level"][row][column] is not None
    ]
    return Table(_HEAD, rows)
