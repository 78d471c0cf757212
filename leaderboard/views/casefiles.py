"""Values of single cases as tidy tables: of one entry, or of all entries on a dataset."""

from collections.abc import Iterable
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from leaderboard.enums import Aspect
from leaderboard.models import Dataset
from leaderboard.queries import boards, challenges, exports
from leaderboard.queries.boards import Board, Row
from leaderboard.queries.values import values_on
from leaderboard.views import access, refusals
from leaderboard.views.asked import until

BOTH = (Aspect.PER_CASE, Aspect.DOWNLOADS)


def may_take(board: Board, row: Row) -> bool:
    """Whether single cases of an entry are shown, and may be downloaded."""
    return all(board.sees(aspect, row) for aspect in BOTH)


@refusals.as_file
def of_entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """A line a case of an entry, on the board of the phase asked for, else of the newest it stands on."""
    owner, asked = access.challenge_or_404(challenge), request.GET.get("phase")
    at = until(request.GET.get("at", ""))
    for board in challenges.boards_with(owner, entry, partial(access.sight, request), at):
        row = board.row(entry)
        if asked in (None, board.phase.slug) and row is not None and may_take(board, row):
            name = f"{challenge}-{board.phase.slug}-{entry}-cases"
            return _file(name, exports.entry_cases_csv(board, row))
    raise Http404


@refusals.as_file
def of_dataset(request: HttpRequest, challenge: str, dataset: str) -> HttpResponse:
    """A line an entry and case of a dataset, on the board of the phase asked for or of the current one."""
    shown = get_object_or_404(Dataset, challenge__slug=challenge, slug=dataset)
    phase, at = access.asked_phase(request, shown), until(request.GET.get("at", ""))
    if phase is None:
        raise Http404
    board = boards.board_of(phase, access.sight(request, phase), Aspect.PER_CASE, at=at)
    rows = [row for row in board.rows if may_take(board, row)] if board else []
    values = values_on(board, [dataset], [row.entry for row in rows]).get(dataset) if board else None
    if values is None or board is None:
        raise Http404
    name = f"{challenge}-{board.phase.slug}-{dataset}-cases"
    return _file(name, exports.dataset_cases_csv(board, rows, dataset, values))


def _file(name: str, lines: Iterable[list[str]]) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    response.writelines(exports.csv_lines(lines))
    return response
