"""What of a board is shown: which columns, which rows, in which order. Page and downloads share it."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.queries.boards import Board, Cell, Metric, Row, StandIn, Step

INTERVAL = "interval"
FIRST = ("rank", "method", "score")
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
    grouped: bool = True

    @property
    def sort_turned(self) -> str:
        return self.sort[1:] if self.sort.startswith("-") else ""

    @property
    def keys(self) -> set[str]:
        return {column.key for column in self.columns}

    @property
    def stand_ins(self) -> list[tuple[Row, StandIn]]:
        return [(row, one) for row in self.rows for one in row.stand_ins]


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
    known = columns_of(board)
    wanted = [column for column in known if column.key in columns] or _usual(known)
    rows = [row for row in board.rows if _holds(row, words)]
    key, turned = sort.removeprefix("-"), sort.startswith("-")
    sortable = {column.key: column for column in known if column.best_first}
    if key in FIRST:
        rows = _by_first(board, rows, key, turned=turned)
    elif key in sortable:
        falling = sortable[key].best_first == "descending"
        rows = _sorted(rows, [value_of(row, sortable[key]) for row in rows], turned=falling != turned)
    else:
        sort = ""
    return Shown(board, tuple(wanted), tuple(rows), sort, grouped=sort in ("", "rank"))


def _usual(known: Sequence[Column]) -> list[Column]:
    return [column for column in known if not column.step]


def _holds(row: Row, words: str) -> bool:
    text = f"{row.method} {row.team} {row.affiliation}".lower()
    return all(word in text for word in words.lower().split())


def _by_first(board: Board, rows: Sequence[Row], key: str, *, turned: bool) -> list[Row]:
    if key == "method":
        return sorted(rows, key=lambda row: row.method.lower(), reverse=turned)
    values = [row.rank if key == "rank" else row.score for row in rows]
    falling = key == "score" and bool(board.scheme["higher_is_better"])
    return _sorted(rows, values, turned=falling != turned)


def _sorted(rows: Sequence[Row], values: Sequence[float | None], *, turned: bool) -> list[Row]:
    """By value; a missing one stands last in either direction."""
    present = [(value, at) for at, value in enumerate(values) if value is not None]
    order = [at for _, at in sorted(present, key=lambda pair: -pair[0] if turned else pair[0])]
    return [rows[at] for at in [*order, *(at for at, value in enumerate(values) if value is None)]]


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
