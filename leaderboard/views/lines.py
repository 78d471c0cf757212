"""The rows of a leaderboard's table as HTML, made once for all orders, columns and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

from leaderboard.queries import tables
from leaderboard.queries.boards import Board, Row, StandIn
from leaderboard.queries.tables import INTERVAL, Column
from leaderboard.templatetags.badges import badges
from leaderboard.templatetags.numbers import cell, fixed, rank, rank_strip, score_cell
from leaderboard.views import linked


@dataclass(frozen=True)
class Line:
    """One row: its cells by column, the tie group it is of, and its gaps that were filled.

    words: what a filter looks for; aside: whether it is not ranked.
    """

    method: str
    words: str
    group: int | None
    aside: bool
    cells: Mapping[str, str]
    stand_ins: tuple[StandIn, ...]


@dataclass(frozen=True)
class Table:
    """A table as a page shows it; `sort` is the column, best first, or worst first with a minus."""

    columns: tuple[Column, ...]
    sort: str
    body: SafeString
    stand_ins: tuple[tuple[str, StandIn], ...]

    @property
    def sort_turned(self) -> str:
        return self.sort[1:] if self.sort.startswith("-") else ""

    @property
    def keys(self) -> set[str]:
        return {column.key for column in self.columns}


def lines_of(board: Board, columns: Sequence[Column]) -> tuple[Line, ...]:
    """All rows of a board, with the cells of all columns."""
    before, after = linked.around(board, "entry")
    return tuple(_line(board, row, columns, (before, escape(after))) for row in board.rows)


def table_of(lines: Sequence[Line], columns: tuple[Column, ...], sort: str = "") -> Table:
    """The table of these lines in their order; rules separate tie groups where they stand by rank."""
    keys = [key for key in (INTERVAL, "method", "score") if key != INTERVAL or _has(columns, INTERVAL)]
    keys = ["rank", *keys, *(column.key for column in columns if column.key != INTERVAL)]
    rows, group = [], lines[0].group if lines else None
    for line in lines:
        opens = sort in tables.BY_RANK and line.group != group
        group = line.group
        rows.append(_row(line, keys, opens))
    gaps = tuple((line.method, gap) for line in lines for gap in line.stand_ins)
    return Table(columns, sort, SafeString("".join(rows)), gaps)


def _has(columns: Sequence[Column], key: str) -> bool:
    return any(column.key == key for column in columns)


def _row(line: Line, keys: Sequence[str], opens: bool) -> str:  # noqa: FBT001
    names = " ".join(name for name, holds in (("new-group", opens), ("aside-row", line.aside)) if holds)
    group = "" if line.group is None else line.group
    cells = "".join(line.cells[key] for key in keys)
    return f'<tr data-search="{line.words}" class="{names}" data-group="{group}">{cells}</tr>\n'


def _line(board: Board, row: Row, columns: Sequence[Column], around: tuple[str, str]) -> Line:
    """around: what stands before and after an entry's slug in the address of its page."""
    url = f"{around[0]}{row.entry}"
    explained = board.official and row.rank is not None
    cells = {
        "rank": _rank(row),
        "method": _method(row, f"{url}{around[1]}"),
        "score": _score(row, f"{url}/score{around[1]}" if explained else ""),
    }
    for column in columns:
        if column.metric is not None:
            cells[column.key] = cell(tables.cell_of(row, column.metric))
        elif column.step:
            cells[column.key] = score_cell(tables.value_of(row, column))
        else:
            cells[column.key] = _interval(row, board.ranked)
    words = escape(f"{row.method} {row.team} {row.affiliation}".lower())
    return Line(row.method, words, row.tie_group, row.rank is None, cells, row.stand_ins)


def _rank(row: Row) -> str:
    below = ""
    if row.rank_interval is not None:
        below = f'<span class="below">{_span(row.rank_interval)}</span>'
    value = "" if row.rank is None else row.rank
    return f'<td class="rank" data-value="{value}">{rank(row.rank)}{below}</td>'


def _span(interval: tuple[float, float]) -> str:
    return f"{rank(interval[0])}\N{EN DASH}{rank(interval[1])}"


def _interval(row: Row, ranked: int) -> str:
    if row.rank is None or row.rank_interval is None:
        return '<td class="interval"></td>'
    strip = rank_strip(row.rank, row.rank_interval, row.distribution, ranked)
    return f'<td class="interval">{strip}<span class="lohi">{_span(row.rank_interval)}</span></td>'


def _method(row: Row, url: str) -> str:
    name = escape(row.method)
    team = f'<span class="team" title="{escape(row.affiliation)}">{escape(row.team)}</span>'
    link = f'<a href="{url}">{name}</a>'
    return f'<th class="fixed wide" scope="row" data-value="{name}">{link}{badges(row, row.team)}{team}</th>'


GAPS = (
    '<a class="missing" href="#stand-ins" title="Missing values were filled with the worst one for the '
    'comparison">†</a>'
)


def _score(row: Row, url: str) -> str:
    shown = fixed(row.score, 3)
    if url:
        shown = f'<a href="{url}" title="How this score came about">{shown}</a>'
    value = "" if row.score is None else row.score
    return f'<td class="num score" data-value="{value}">{shown}{GAPS if row.stand_ins else ""}</td>'
