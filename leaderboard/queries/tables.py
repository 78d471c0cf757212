"""What of a board is shown: which columns, which rows, in which order. Page and downloads share it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.queries.boards import Board, Cell, Metric, Row, Step

INTERVAL = "interval"
BY_RANK = ("", "rank")
_RANK_SCORE = "score-"


@dataclass(frozen=True)
class Column:
    """A column that can be chosen; `best_first` is the direction a reader sorts by first."""

    key: str
    title: str
    hint: str
    metric: Metric | None = None
    step: str = ""

    @property
    def best_first(self) -> str:
        if self.metric is not None:
            return "descending" if self.metric.direction == "higher" else "ascending"
        return "descending" if self.step else ""


@dataclass(frozen=True)
class Shown:
    """A board's table as it was asked for; `sort` is the column, best first, or worst first with a minus.

    `grouped` says that the rows stand by rank, so that rules between them separate tie groups.
    """

    board: Board
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sort: str = ""

    @property
    def grouped(self) -> bool:
        return self.sort in BY_RANK


@dataclass(frozen=True)
class Places:
    """What the rows of a board are found and sorted by, in its order; plain, so that it can be kept.

    columns: every column there is beside rank, method and score; words: of each row, in lower case;
    values: by a column's key, what each row has there; falling: the keys whose best value is the largest.
    """

    columns: tuple[Column, ...]
    words: tuple[str, ...]
    values: Mapping[str, tuple[Any, ...]]
    falling: frozenset[str]

    def chosen(self, keys: Sequence[str]) -> tuple[Column, ...]:
        """The columns of these keys; without a known one the usual ones."""
        found = tuple(column for column in self.columns if column.key in keys)
        return found or tuple(column for column in self.columns if not column.step)

    def sort(self, asked: str) -> str:
        """The order asked for, or the board's own where there is no such column."""
        return asked if asked.removeprefix("-") in self.values else ""

    def order(self, sort: str, words: str) -> list[int]:
        """The rows that hold all the words, by a column (best first; with a minus: last)."""
        wanted, key = words.lower().split(), sort.removeprefix("-")
        rows = [at for at, text in enumerate(self.words) if all(word in text for word in wanted)]
        if key not in self.values:
            return rows
        values, falls = self.values[key], (key in self.falling) != sort.startswith("-")
        present = sorted((at for at in rows if values[at] is not None), key=values.__getitem__, reverse=falls)
        # A missing value stands last in either direction.
        return [*present, *(at for at in rows if values[at] is None)]


def places_of(board: Board) -> Places:
    """How the rows of a board can be found and sorted."""
    columns = tuple(columns_of(board))
    values: dict[str, tuple[Any, ...]] = {
        "rank": tuple(row.rank for row in board.rows),
        "method": tuple(row.method.lower() for row in board.rows),
        "score": tuple(row.score for row in board.rows),
    }
    falling = {"score"} if board.scheme["higher_is_better"] else set()
    for column in columns:
        if column.best_first:
            values[column.key] = tuple(value_of(row, column) for row in board.rows)
            falling |= {column.key} if column.best_first == "descending" else set()
    words = tuple(f"{row.method} {row.team} {row.affiliation}".lower() for row in board.rows)
    return Places(columns, words, values, frozenset(falling))


def columns_of(board: Board) -> list[Column]:
    """Every column there is beside rank, method and score."""
    found = []
    if board.has_intervals:
        found.append(Column(INTERVAL, "95 % interval", "Ranks over resamples of the subjects"))
    found += [Column(metric.name, metric.name, metric.title, metric=metric) for metric in board.metrics]
    steps = dict.fromkeys(step.name for row in board.rows for step in row.steps)
    found += [
        Column(f"{_RANK_SCORE}{name}", f"{name} rank score", f"What {name} gives to the score", step=name)
        for name in steps
    ]
    return found


def arranged(board: Board, columns: Sequence[str] = (), sort: str = "", words: str = "") -> Shown:
    """The rows that hold all the words, by the column `sort` (best first; with a minus: last)."""
    places = places_of(board)
    rows = tuple(board.rows[at] for at in places.order(sort, words))
    return Shown(board, places.chosen(columns), rows, places.sort(sort))


def cell_of(row: Row, metric: Metric) -> Cell:
    return next(cell for cell in row.cells if cell.metric is metric)


def step_of(row: Row, name: str) -> Step | None:
    return next((step for step in row.steps if step.name == name), None)


def value_of(row: Row, column: Column) -> float | None:
    """The number that a column sorts by."""
    if column.metric is not None:
        return cell_of(row, column.metric).mean
    step = step_of(row, column.step)
    return None if step is None else step.rank_score
