"""A board's table as JSON, CSV and LaTeX: exactly the rows and columns that the page shows."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from leaderboard.models import Phase
from leaderboard.queries import entries
from leaderboard.queries.boards import Board, Row, as_of
from leaderboard.queries.tables import INTERVAL, Column, Shown, cell_of, step_of
from leaderboard.queries.values import CaseValues

DASH = "--"
# Columns of the CSV that follow from no choice: the card, and what stands beside the numbers.
CARD = (
    "affiliation",
    "kind",
    "instance_specific",
    "organizers",
    "in_competition",
    "tie_group",
    "stand_ins",
)
MARKS = {
    "baseline": "b",
    "organizers": "o",
    "out of competition": "x",
    "optimisation": "p",
    "instance-specific optimisation": "i",
}
# The last four are as wide as Chinese characters; spreadsheets take them for the same.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-Inf", re.ASCII)


def board_json(phase: Phase, shown: Shown | None) -> dict[str, Any]:
    """The public `leaderboard.json`; without a snapshot while there is no board to show."""
    board = None if shown is None else shown.board
    return {
        "challenge": phase.challenge.slug,
        "phase": phase.slug,
        "scheme": board.scheme["name"] if board else phase.scheme.name,
        "snapshot": board.snapshot if board else None,
        "official": board.official if board else True,
        "as_of": as_of(board) if board else None,
        **({} if board is None or board.official else {"what_if": _changed(board)}),
        "entries": [_entry_json(row, shown.columns) for row in shown.rows] if shown else [],
    }


def _changed(board: Board) -> Mapping[str, Any]:
    """What an unofficial board was made of."""
    metrics = {rule["metric"]: rule["weight"] for rule in board.scheme["spec"]["metrics"]}
    return {
        "scheme": board.scheme["title"],
        "weights": metrics,
        "datasets": [dataset.slug for dataset in board.datasets],
    }


def _entry_json(row: Row, columns: tuple[Column, ...]) -> dict[str, Any]:
    cells = [cell_of(row, column.metric) for column in columns if column.metric is not None]
    steps = {column.step: step_of(row, column.step) for column in columns if column.step}
    scores = {name: None if step is None else step.rank_score for name, step in steps.items()}
    return {
        "rank": row.rank,
        "rank_interval": None if row.rank_interval is None else list(row.rank_interval),
        "score": row.score,
        "entry": row.entry,
        "method": row.method,
        "team": row.team,
        "baseline": row.baseline,
        "affiliation": row.affiliation,
        "kind": row.kind,
        "instance_specific": row.instance_specific,
        "organizers": row.organizers,
        "in_competition": row.in_competition,
        "tie_group": row.tie_group,
        "stand_ins": [vars(one) for one in row.stand_ins],
        "metrics": {
            cell.metric.name: {"mean": cell.mean, "std": cell.std, "missing": cell.missing} for cell in cells
        },
        **({"rank_scores": scores} if scores else {}),
    }


def board_csv(shown: Shown) -> list[list[str]]:
    """The public `leaderboard.csv`: a head and one line an entry, full precision, empty where missing."""
    measures = [name for column in shown.columns for name in _csv_names(column)]
    interval = ["rank_low", "rank_high"] if _has_interval(shown) else []
    head = ["rank", *interval, "score", "entry", "method", "team", "baseline", *measures, *CARD]
    last = [shown.board.scheme["name"], _yes(shown.board.official), as_of(shown.board)]
    return [
        [*head, "scheme", "official", "as_of"],
        *([*_entry_csv(row, shown), *last] for row in shown.rows),
    ]


def _has_interval(shown: Shown) -> bool:
    return any(column.key == INTERVAL for column in shown.columns)


def _csv_names(column: Column) -> list[str]:
    if column.metric is not None:
        return [f"{column.metric.name}_{name}" for name in ("mean", "std", "missing")]
    return [f"{column.step}_rank_score"] if column.step else []


def _entry_csv(row: Row, shown: Shown) -> list[str]:
    interval = (row.rank_interval or (None, None)) if _has_interval(shown) else ()
    numbers = [value for column in shown.columns for value in _numbers(row, column)]
    words = [row.entry, row.method, row.team, _yes(row.baseline)]
    first = [_text(value) for value in (row.rank, *interval, row.score)]
    flags = map(_yes, (row.instance_specific, row.organizers, row.in_competition))
    gaps = sum(one.count for one in row.stand_ins)
    card = [row.affiliation, row.kind, *flags, _text(row.tie_group), str(gaps)]
    return [*first, *words, *map(_text, numbers), *card]


def _yes(fact: bool) -> str:  # noqa: FBT001
    return "yes" if fact else "no"


def _numbers(row: Row, column: Column) -> list[float | None]:
    if column.metric is not None:
        cell = cell_of(row, column.metric)
        return [cell.mean, cell.std, cell.missing]
    step = step_of(row, column.step) if column.step else None
    return [None if step is None else step.rank_score] if column.step else []


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """CSV, line by line, no cell of which a spreadsheet takes for a formula; the one way out for tables."""
    writer = csv.writer(_Echo())
    return (writer.writerow(map(inert, row)) for row in rows)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one is a whole number or is quoted."""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell


def board_latex(shown: Shown, address: str) -> str:
    """A booktabs table for a paper: means with their spread, the best in bold, tie groups by a rule."""
    board = shown.board
    unofficial = "" if board.official else "Unofficial ranking. "
    caption = (
        f"{unofficial}{latex(board.phase.challenge.name)}, {latex(board.phase.name.lower())}: "
        f"{latex(board.scheme['title'])}, as of {as_of(board)}. "
        f"Mean $\\pm$ standard deviation over {board.cases} cases.{_latex_notes(shown)}"
    )
    lines = [
        f"% {address}",
        f"% snapshot {board.snapshot}, {'official' if board.official else 'UNOFFICIAL'}; needs booktabs",
        "\\begin{table}",
        f"\\caption{{{caption}}}",
        f"\\begin{{tabular}}{{rll{'r' * (1 + len(shown.columns))}}}",
        "\\toprule",
        " & ".join(["Rank", "Method", "Team", *(_latex_head(column) for column in shown.columns), "Score"])
        + " \\\\",
        "\\midrule",
        *_latex_rows(shown),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_head(column: Column) -> str:
    if column.metric is None:
        return latex(column.title)
    arrow = "$\\uparrow$" if column.metric.direction == "higher" else "$\\downarrow$"
    unit = f" ({latex(column.metric.unit)})" if column.metric.unit else ""
    return f"{latex(column.metric.name)}{unit} {arrow}"


def _latex_rows(shown: Shown) -> list[str]:
    lines, group = [], shown.rows[0].tie_group if shown.rows else None
    for row in shown.rows:
        if shown.grouped and row.tie_group != group:
            lines.append("\\midrule")
        group = row.tie_group
        rank = DASH if row.rank is None else f"{row.rank:g}"
        score = DASH if row.score is None else f"{row.score:.3f}"
        score += "$^{\\dagger}$" if row.stand_ins else ""
        names = [_latex_method(row), latex(row.team)]
        cells = [rank, *names, *(_latex_cell(row, column) for column in shown.columns), score]
        lines.append(" & ".join(cells) + " \\\\")
    return lines


def _latex_method(row: Row) -> str:
    marks = ",".join(MARKS[word] for word in _marked(row))
    return latex(row.method) + (f"\\textsuperscript{{{marks}}}" if marks else "")


def _marked(row: Row) -> list[str]:
    """The words of a row's badges."""
    optimisation = ["optimisation"] if row.kind == "optimisation" else []
    return [*row.standing, *optimisation, *(["instance-specific optimisation"] * row.instance_specific)]


def _latex_notes(shown: Shown) -> str:
    """What the marks in the table mean, those that are in it."""
    used = {word for row in shown.rows for word in _marked(row)}
    notes = [f"\\textsuperscript{{{mark}}}{word}" for word, mark in MARKS.items() if word in used]
    metrics = [column.metric for column in shown.columns if column.metric is not None]
    if any(cell_of(row, metric).missing for row in shown.rows for metric in metrics):
        notes.append("$^{*}$cases without a value")
    if any(row.stand_ins for row in shown.rows):
        notes.append("$^{\\dagger}$missing values filled with the worst one for the comparison")
    return f" {'; '.join(notes)}." if notes else ""


def _latex_cell(row: Row, column: Column) -> str:
    if column.key == INTERVAL:
        return DASH if row.rank_interval is None else f"{row.rank_interval[0]:g}--{row.rank_interval[1]:g}"
    if column.metric is None:
        step = step_of(row, column.step)
        return DASH if step is None or step.rank_score is None else f"{step.rank_score:.3f}"
    cell, decimals = cell_of(row, column.metric), column.metric.decimals
    if cell.mean is None:
        return DASH
    mean = f"\\textbf{{{cell.mean:.{decimals}f}}}" if cell.best else f"{cell.mean:.{decimals}f}"
    mean += "$^{*}$" if cell.missing else ""
    return mean if cell.std is None else f"{mean} $\\pm$ {cell.std:.{decimals}f}"


def comparison_csv(board: Board, first: Row, second: Row) -> Iterator[list[str]]:
    """A line a case and metric of two entries, full precision, empty where missing."""
    yield ["dataset", "case", "metric", first.method, second.method, "difference"]
    one, other = (entries.cases_of(board, row.entry) for row in (first, second))
    for dataset in board.datasets:
        if dataset.slug not in one or dataset.slug not in other:
            continue
        values = one[dataset.slug]["values"], other[dataset.slug]["values"]
        for metric in board.metrics:
            if metric.name not in values[0] or metric.name not in values[1]:
                continue
            cases = zip(one[dataset.slug]["cases"], *(of[metric.name] for of in values), strict=True)
            for case, a, b in cases:
                difference = None if a is None or b is None else a - b
                yield [dataset.slug, case, metric.name, *map(_text, (a, b, difference))]


def entry_cases_csv(board: Board, row: Row) -> Iterator[list[str]]:
    """A line a case of one entry, a column a metric; full precision, empty where missing."""
    names = [metric.name for metric in board.metrics]
    yield ["dataset", "case", "entry", "method", *names]
    found = entries.cases_of(board, row.entry)
    for dataset in board.datasets:
        if dataset.slug in found:
            of_one = found[dataset.slug]
            yield from _case_lines(
                dataset.slug, row, of_one["cases"], [of_one["values"].get(n) for n in names]
            )


def dataset_cases_csv(
    board: Board, rows: Iterable[Row], dataset: str, values: CaseValues
) -> Iterator[list[str]]:
    """The same of several entries on one dataset."""
    names = [metric.name for metric in board.metrics if metric.name in values.values]
    yield ["dataset", "case", "entry", "method", *names]
    for row in rows:
        of_one = values.of_entry(row.entry)
        yield from _case_lines(dataset, row, values.cases, [of_one.get(name) for name in names])


def _case_lines(
    dataset: str, row: Row, cases: Sequence[str], values: Iterable[Sequence[float | None] | None]
) -> Iterator[list[str]]:
    """values: by metric, a value a case; None where the dataset has no such metric."""
    columns = [of_one if of_one is not None else [None] * len(cases) for of_one in values]
    for case, *numbers in zip(cases, *columns, strict=True):
        yield [dataset, case, row.entry, row.method, *map(_text, numbers)]


_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "\n": " "}
)


def latex(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return text.translate(_LATEX)
