"""Names that lead to their pages, as a board names them; and the addresses that marks of figures lead to."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from leaderboard.figures.figure import Linked
from leaderboard.queries.boards import Board


def entries(board: Board) -> dict[str, str]:
    """Entry slug to method name, in board order."""
    before, after = around(board, "entry")
    return {row.entry: Linked(row.method, f"{before}{row.entry}{after}") for row in board.rows}


def datasets(board: Board) -> dict[str, str]:
    """Dataset slug to name, in the board's order."""
    before, after = around(board, "dataset")
    return {one.slug: Linked(one.name, f"{before}{one.slug}{after}") for one in board.datasets}


def around(board: Board, kind: str) -> tuple[str, str]:
    """What stands before and after a slug in the address of its page; pages have hundreds of names."""
    before, _, after = reverse(kind, args=[board.phase.challenge.slug, "slug"]).rpartition("slug")
    return before, after + board.query


def matrix(board: Board, found: Mapping[str, Any]) -> dict[str, Any]:
    """A significance matrix with names that lead to entries, and `link`, where two entries lead to."""
    names = entries(board)
    methods = [names.get(*pair) for pair in zip(found["entries"], found["methods"], strict=True)]
    return {**found, "methods": methods, "link": comparison(board, "{row}", "{column}")}


def comparison(board: Board, a: str, b: str) -> str:
    """Where two entries are compared."""
    challenge = board.phase.challenge.slug
    return f"{reverse('compare', args=[challenge])}{board.query}&a={a}&b={b}"


def case(board: Board, dataset: str, entry: str, beside: str = "") -> str:
    """The page of a case, `{text}`, with what one or two entries made of it."""
    page = reverse("cases", args=[board.phase.challenge.slug])
    second = f"&beside={beside}" if beside else ""
    return f"{page}{{text}}/?dataset={dataset}{board.also}&entry={entry}{second}"


def schemes(board: Board, names: Sequence[str]) -> dict[str, str]:
    """Each scheme's name, leading to the board by it."""
    page = board.phase.get_absolute_url()
    moment = {"at": board.at} if board.at else {}
    schemes = {name: moment | ({} if name == board.scheme["name"] else {"scheme": name}) for name in names}
    return {
        name: Linked(name, f"{page}?{urlencode(query)}" if query else page) for name, query in schemes.items()
    }
