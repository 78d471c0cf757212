"""A figure's numbers as a file, in full: what `?figure=KEY&view=NAME` asks of the page that has it."""

from collections.abc import Iterable, Iterator, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify

from leaderboard.enums import Aspect
from leaderboard.figures.figure import Figure, View
from leaderboard.figures.tidy import Cell
from leaderboard.queries.exports import csv_lines
from leaderboard.rules import Sight


def is_asked(request: HttpRequest) -> bool:
    return "figure" in request.GET


def answer(
    request: HttpRequest, drawn: Iterable[Figure | None], sight: Sight | None = None, snapshot: str = ""
) -> HttpResponse:
    """CSV of one view; 404 where the page has none of that name or files are not shown.

    `sight` and `snapshot` are those of the board that is drawn, where it is one.
    """
    if sight is not None and not sight.shows(Aspect.DOWNLOADS):
        raise Http404
    for figure in drawn:
        if figure is not None and figure.key == request.GET["figure"]:
            for view in figure.views:
                if request.GET.get("view", view.name) == view.name:
                    return _file(figure, view, snapshot)
    raise Http404


def _file(figure: Figure, view: View, snapshot: str) -> HttpResponse:
    words = [figure.key, slugify(view.name) if len(figure.views) > 1 else "", snapshot[:8]]
    name = "-".join(word for word in words if word)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    response.writelines(csv_lines(_lines(view)))
    return response


def _lines(view: View) -> Iterator[Sequence[str]]:
    if view.tidy is None:
        yield view.table.head
        yield from view.table.rows
        return
    tidy = view.tidy()
    yield tidy.head
    for row in tidy.rows:
        yield [_text(cell) for cell in row]


def _text(cell: Cell) -> str:
    """Numbers with every digit that they have; nothing where there is none."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else repr(cell)
