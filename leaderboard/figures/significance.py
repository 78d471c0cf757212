"""Who is significantly better than whom: the upper triangle of a matrix of paired tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.figures.figure import CELL_AXIS, DASH, ROW_HEIGHT, Figure, Table, View, flat, unique

THRESHOLDS = ("not significant", "p < .05", "p < .01", "p < .001")
LARGEST = 40
# Seven flat steps from -3 (column better, p < .001) to 3 (row better, p < .001).
STEPS = ("col-3", "col-2", "col-1", "line-2", "row-1", "row-2", "row-3")


def significance_matrices(matrices: Sequence[Mapping[str, Any]], where: str) -> Figure:
    """One view a metric, of matrices over the same entries; `where` names the dataset.

    A matrix is a snapshot's: entries, methods, p, p_adjusted, level (0 to 3) and direction, [row][column].
    Only the first LARGEST entries are drawn: the pairs grow with the square.
    """
    first = matrices[0]
    entries = len(first["entries"])
    count = min(entries, LARGEST)
    pairs, correction = entries * (entries - 1) // 2, first["correction"].capitalize()
    part = f" Shown: the first {count} of {entries} entries." if count < entries else ""
    reading = (
        f"Paired signed-rank over {first['cases']} cases, {correction} over {pairs} pairs. Blue: row better; "
        f"orange: column better; stronger is smaller p; dot: not significant.{part}"
    )
    views = [_view(matrix) for matrix in matrices]
    names = f": {first['metric']}" if len(matrices) == 1 else ""
    return Figure(
        "significance",
        f"Significance on {where}{names}",
        reading,
        views,
        min_width=170 + 20 * count,
        max_width=220 + 48 * count,
    )


def _view(matrix: Mapping[str, Any]) -> View:
    labels = unique(matrix["methods"][:LARGEST])
    count = len(labels)
    trace = {
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
        "zmin": -3.5,
        "zmax": 3.5,
        "colorscale": flat(STEPS),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    axis = {**CELL_AXIS, "automargin": True}
    layout = {
        "height": ROW_HEIGHT * count + 150,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {**axis, "side": "top", "tickangle": -90, "type": "category"},
        "yaxis": {**axis, "autorange": "reversed", "type": "category"},
    }
    return View(matrix["metric"], [trace], layout, _table(matrix))


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


def _hover(matrix: Mapping[str, Any], row: int, column: int) -> str:
    level = _shown(matrix, row, column)
    if level is None:
        return ""
    first, second = matrix["methods"][row], matrix["methods"][column]
    p, adjusted = matrix["p"][row][column], matrix["p_adjusted"][row][column]
    return (
        f"{first} against {second}<br>{_verdict(matrix, row, column)}, {THRESHOLDS[level]}"
        f"<br>p {_p(p)}, corrected {_p(adjusted)}"
    )


def _p(value: float | None) -> str:
    return DASH if value is None else f"{value:.2g}"


def _table(matrix: Mapping[str, Any]) -> Table:
    """One line a pair, in the order of the board."""
    count = min(len(matrix["entries"]), LARGEST)
    rows = [
        [
            matrix["methods"][row],
            matrix["methods"][column],
            _verdict(matrix, row, column),
            THRESHOLDS[matrix["level"][row][column]],
            _p(matrix["p"][row][column]),
            _p(matrix["p_adjusted"][row][column]),
        ]
        for row in range(count)
        for column in range(row + 1, count)
        if matrix["level"][row][column] is not None
    ]
    return Table(["Row", "Column", "Verdict", "Level", "p", "p corrected"], rows)
