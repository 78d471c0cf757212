"""An entry's pages: its card and results, how its score came about, and how it compares with another."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string

from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Entry, Snapshot
from leaderboard.queries import boards, challenges, entries, explained, exports, snapshots, summaries
from leaderboard.queries.boards import Board, Row
from leaderboard.queries.schemes import scheme_words, status_words
from leaderboard.queries.veil import ANONYMOUS, veiled_explanation
from leaderboard.views import access, figure_files, figures, fragments, history, phases, refusals
from leaderboard.views.asked import until
from leaderboard.views.casefiles import may_take

WORST = 30


@refusals.in_words
def entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """An entry's card and results; before it is on a board only its team sees it.

    Where names are hidden the address is that of a row of one board, and there is no card.
    """
    owner, card = _owner_and_card(challenge, entry)
    asked = request.GET.get("phase")
    found = challenges.boards_with(owner, entry, partial(access.sight, request), _moment(request))
    if card is None:
        found = [board for board in found if asked in (None, board.phase.slug)][:1]
    is_theirs = card is not None and access.is_theirs(request, owner, card.team.slug)
    board = next((board for board in found if asked in (None, board.phase.slug)), None)
    if board is None and (asked or not is_theirs):
        raise Http404
    row = board.row(entry) if board else None
    context: dict[str, Any] = {
        "challenge": owner,
        "card": card,
        "name": card.name if card else row and row.method,
        "boards": found,
        "board": board,
        "row": row,
        "is_member": is_theirs,
    }
    if card is not None:
        context |= history.of(request, card, found, theirs=is_theirs)
    if board is not None and figure_files.is_asked(request):
        parts = boards.parts_of(board, "means", "heatmap")
        drawn = figures.entry_figures(board, entry, parts.get("means") or {}, parts.get("heatmap"))
        return figure_files.answer(request, drawn, board.veil.sight, board.snapshot)
    if board is not None:
        context["own_address"] = access.own_address(request, board.veil)
        context["ranks"] = board.veil.shows(Aspect.AGGREGATES, board.veil.true(entry))
        key = ("entry", board.snapshot, challenge, board.phase.slug, entry, board.veil.sight.key, board.at)
        of_one = _dataset_of_cases(request, board)
        context["results"] = fragments.kept(partial(_results, board, entry, of_one), *key, of_one)
    return render(request, "boards/entry.html", context)


def _moment(request: HttpRequest) -> datetime | None:
    """The moment whose board `?at=` asks for. Raises Refused."""
    return until(request.GET.get("at", ""))


def _owner_and_card(challenge: str, entry: str) -> tuple[Challenge, Entry | None]:
    """The challenge, and the entry of that slug unless it stands for a hidden name."""
    if entry.startswith(ANONYMOUS):
        return access.challenge_or_404(challenge), None
    card = get_object_or_404(
        Entry.objects.select_related("team", "challenge"), challenge__slug=challenge, slug=entry
    )
    return card.challenge, card


def _dataset_of_cases(request: HttpRequest, board: Board) -> str:
    """The dataset of which `?cases=` asks for all cases; empty for the worst of all."""
    asked = request.GET.get("cases", "")
    if asked not in ("", *(dataset.slug for dataset in board.datasets)):
        raise Http404
    return asked


def _results(board: Board, entry: str, of_one: str) -> dict[str, Any]:
    """An entry's tables and figures on one board; `of_one`: a dataset whose cases are all shown."""
    parts = boards.parts_of(board, "means", "heatmap")
    means = parts.get("means") or {}
    cases = entries.cases_of(board, entry)
    worst, row = entries.worst_first(board, cases), board.row(entry)
    leader = next((row for row in board.rows if row.entry != entry and row.entry in means), None)
    context = {
        "challenge": board.phase.challenge,
        "board": board,
        "row": row,
        "others": board.ranked - 1,
        "leader": leader if entry in means else None,
        "by_dataset": summaries.entry_rows(board, entry, means) if entry in means else [],
        "comparable": board.veil.shows(Aspect.PER_DATASET),
        "figures": figures.entry_figures(board, entry, means, parts.get("heatmap")),
        "cases": [case for case in worst if case.dataset.slug == of_one] if of_one else worst[:WORST],
        "case_count": len(worst),
        "of_one": of_one,
        "with_cases": [dataset for dataset in board.datasets if dataset.slug in cases],
        "may_take": row is not None and may_take(board, row),
    }
    return {"html": render_to_string("boards/_entry.html", context)}


@refusals.in_words
def score(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """How an entry's score came about, from case values to the last root."""
    owner, board, row, found = _explained_or_404(request, challenge, entry)
    context = {
        "challenge": owner,
        "board": board,
        "row": row,
        "explained": explained.explained(found, board),
        "scheme_words": scheme_words(board.scheme["spec"]),
        "status": status_words(board.scheme),
        "downloads": board.sees(Aspect.DOWNLOADS, row),
        "own_address": access.own_address(request, board.veil),
    }
    return render(request, "boards/score.html", context)


@refusals.as_file
def score_json(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """The same for programs."""
    _, board, row, found = _explained_or_404(request, challenge, entry)
    if not board.sees(Aspect.DOWNLOADS, row):
        raise Http404
    as_of = boards.as_of(board)
    content = {"challenge": challenge, "phase": board.phase.slug, "snapshot": board.snapshot, "as_of": as_of}
    name = f"{challenge}-{board.phase.slug}-{entry}-score.json"
    return JsonResponse(
        content | found,
        json_dumps_params={"allow_nan": False, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _explained_or_404(
    request: HttpRequest, challenge: str, entry: str
) -> tuple[Challenge, Board, Row, dict[str, Any]]:
    """An entry in competition on the board of the phase asked for, else of the newest it stands on.

    Raises Refused where too many rankings are computed at once, and for a moment that is none.
    """
    owner, at = access.challenge_or_404(challenge), _moment(request)
    asked = request.GET.get("phase")
    for each in reversed(challenges.phases_of(owner)):
        sight = access.sight(request, each.phase)
        snapshot = snapshots.shown(each.phase, sight, at=at) if asked in (None, each.phase.slug) else None
        if snapshot is None:
            continue
        board = boards.board_from(each.phase, snapshot, snapshot.payload, sight, earlier=at is not None)
        row = board.row(entry)
        if row is not None and row.rank is not None:
            found = _explanation(board, snapshot, entry)
            if found is not None:
                return owner, board, row, found
    raise Http404


def _explanation(board: Board, snapshot: Snapshot, entry: str) -> dict[str, Any] | None:
    true = board.veil.true(entry)
    found = ranking.explanation(snapshot, true) if true else None
    return veiled_explanation(found, true, board.veil) if found and true else None


@refusals.in_words
def compare(request: HttpRequest, challenge: str) -> HttpResponse:
    """Two entries side by side; without both, a choice of them."""
    board, snapshot = _comparable_or_404(request, challenge)
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    context: dict[str, Any] = {
        "challenge": board.phase.challenge,
        "phase": board.phase,
        "board": board,
        "a": a,
        "b": b,
        "own_address": access.own_address(request, board.veil),
        "choices": phases.choices(
            request,
            [row.phase for row in challenges.phases_of(board.phase.challenge)],
            board.phase,
            [Aspect.PER_DATASET],
            entries={"a": a, "b": b} if a and b else None,
        ),
    }
    if a and b and a != b:
        try:
            context |= _compared(board, snapshot, a, b)
        except Refused as refused:
            if refused.code == refusals.BUSY:
                raise
            context["refused"] = str(refused)
            return render(request, "boards/compare.html", context, status=400)
        if figure_files.is_asked(request):
            return figure_files.answer(request, context["figures"], board.veil.sight, board.snapshot)
    return render(request, "boards/compare.html", context)


def _comparable_or_404(request: HttpRequest, challenge: str) -> tuple[Board, Snapshot]:
    """The board of the phase asked for, of which single datasets are shown. Raises Refused."""
    shown = access.challenge_or_404(challenge)
    known = [row.phase for row in challenges.phases_of(shown)]
    phase = challenges.phase_asked(known, request.GET.get("phase"), partial(access.sight, request))
    sight = access.sight(request, phase) if phase else None
    if phase is None or sight is None or not sight.shows_some(Aspect.PER_DATASET):
        raise Http404
    at = _moment(request)
    snapshot = snapshots.shown(phase, sight, at=at)
    if snapshot is None:
        raise Http404
    earlier = at is not None
    board = boards.board_from(phase, snapshot, snapshot.payload, sight, Aspect.PER_DATASET, earlier=earlier)
    return board, snapshot


def _compared(board: Board, snapshot: Snapshot, a: str, b: str) -> dict[str, Any]:
    """Tables and figures of two entries; the single cases only where both's are shown. Raises Refused."""
    rows = {entry: board.row(entry) for entry in (a, b)}
    for entry, row in rows.items():
        if row is None:
            raise Refused("not_on_the_board", name=entry)
    true = [board.veil.true(entry) or "" for entry in (a, b)]
    found = {**ranking.comparison(snapshot, *true), "a": a, "b": b}
    of_both = [row for row in rows.values() if row is not None]
    return {
        "first": rows[a],
        "second": rows[b],
        "lines": entries.compared(board, found),
        "structures": entries.structures_compared(board, found),
        "figures": figures.comparison_figures(board, found, downloads=_seen(board, of_both, Aspect.DOWNLOADS))
        if _seen(board, of_both, Aspect.PER_CASE)
        else [],
    }


def _seen(board: Board, rows: Iterable[Row], aspect: Aspect) -> bool:
    return all(board.sees(aspect, row) for row in rows)


@refusals.as_file
def compare_csv(request: HttpRequest, challenge: str) -> HttpResponse:
    """Every case's values of two entries, where single cases and downloads of both are shown."""
    board, _ = _comparable_or_404(request, challenge)
    rows = [board.row(request.GET.get(name, "")) for name in ("a", "b")]
    first, second = rows
    if first is None or second is None or first.entry == second.entry:
        raise Http404
    if not all(_seen(board, (first, second), aspect) for aspect in (Aspect.PER_CASE, Aspect.DOWNLOADS)):
        raise Http404
    name = f"{challenge}-{board.phase.slug}-{first.entry}-{second.entry}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    response.writelines(exports.csv_lines(exports.comparison_csv(board, first, second)))
    return response
