"""An entry's pages: its card and results, how its score came about, and how it compares with another."""

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string

from leaderboard import rules
from leaderboard.domain import ranking
from leaderboard.messages import Refused
from leaderboard.models import Entry, Snapshot
from leaderboard.queries import boards, challenges, entries, explained
from leaderboard.queries.boards import Board, Row
from leaderboard.queries.schemes import scheme_words, status_words
from leaderboard.views import access, figures, fragments

WORST = 30


def entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """An entry's card and results; before it is on a board only its team sees it."""
    shown = _entry_or_404(challenge, entry)
    found = challenges.boards_with(shown.challenge, shown.slug)
    is_member = rules.may_see_team(request.user, shown.team)
    if not found and not is_member:
        raise Http404
    asked = request.GET.get("phase", found[0].phase.slug if found else "")
    board = next((board for board in found if board.phase.slug == asked), None)
    if asked and board is None:
        raise Http404
    context: dict[str, Any] = {"challenge": shown.challenge, "entry": shown, "boards": found, "board": board}
    context["is_member"] = is_member
    if is_member:
        context["submissions"] = entries.submissions_of(shown)
    if board is not None:
        context["row"] = board.row(shown.slug)
        key = ("entry", board.snapshot, challenge, board.phase.slug, shown.slug)
        context["results"] = fragments.kept(partial(_results, board, shown.slug), *key)
    return render(request, "boards/entry.html", context)


def _entry_or_404(challenge: str, entry: str) -> Entry:
    return get_object_or_404(
        Entry.objects.select_related("team__challenge", "challenge"), challenge__slug=challenge, slug=entry
    )


def _results(board: Board, entry: str) -> dict[str, Any]:
    """An entry's tables and figures on one board."""
    means = boards.part_of(board, "means")
    cases = entries.cases_of(board, entry)
    context = {
        "challenge": board.phase.challenge,
        "board": board,
        "row": board.row(entry),
        "others": board.ranked - 1,
        "leader": next((row for row in board.rows if row.entry != entry), None),
        "by_dataset": boards.entry_rows(board, entry, means),
        "figures": figures.entry_figures(board, entry, means),
        "cases": entries.worst_first(board, cases)[:WORST],
        "case_count": sum(len(of_one["cases"]) for of_one in cases.values()),
    }
    return {"html": render_to_string("boards/_entry.html", context)}


def score(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """How an entry's score came about, from case values to the last root."""
    shown, board, snapshot, row = _ranked_or_404(request, challenge, entry)
    found = ranking.explanation(snapshot, row.entry)
    if found is None:
        raise Http404
    context = {
        "challenge": shown.challenge,
        "entry": shown,
        "board": board,
        "row": row,
        "explained": explained.explained(found, board),
        "scheme_words": scheme_words(board.scheme["spec"]),
        "status": status_words(board.scheme),
    }
    return render(request, "boards/score.html", context)


def score_json(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """The same for programs."""
    _, board, snapshot, row = _ranked_or_404(request, challenge, entry)
    found = ranking.explanation(snapshot, row.entry)
    if found is None:
        raise Http404
    content = {"challenge": challenge, "phase": board.phase.slug, "snapshot": board.snapshot, **found}
    name = f"{challenge}-{board.phase.slug}-{entry}-score.json"
    return JsonResponse(
        content,
        json_dumps_params={"allow_nan": False, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _ranked_or_404(request: HttpRequest, challenge: str, entry: str) -> tuple[Entry, Board, Snapshot, Row]:
    """An entry in competition on the board of the phase asked for, else of the newest it stands on."""
    shown = _entry_or_404(challenge, entry)
    for phase in _phases(request, shown):
        snapshot = boards.shown_snapshot(phase)
        if snapshot is None:
            continue
        board = boards.board_from(phase, snapshot, snapshot.payload)
        row = board.row(entry)
        if row is not None and row.rank is not None:
            return shown, board, snapshot, row
    raise Http404


def _phases(request: HttpRequest, entry: Entry) -> list[Any]:
    asked = request.GET.get("phase")
    rows = reversed(challenges.phases_of(entry.challenge))
    return [row.phase for row in rows if asked in (None, row.phase.slug)]


def compare(request: HttpRequest, challenge: str) -> HttpResponse:
    """Two entries side by side; without both, a choice of them."""
    shown = access.challenge_or_404(challenge)
    phases = [row.phase for row in challenges.phases_of(shown)]
    phase = challenges.phase_asked(phases, request.GET.get("phase"))
    snapshot = boards.shown_snapshot(phase) if phase else None
    if phase is None or snapshot is None:
        raise Http404
    board = boards.board_from(phase, snapshot, snapshot.payload)
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    context: dict[str, Any] = {"challenge": shown, "phase": phase, "board": board, "a": a, "b": b}
    if a and b and a != b:
        try:
            found = ranking.comparison(snapshot, a, b)
        except Refused as refused:
            context["refused"] = str(refused)
            return render(request, "boards/compare.html", context, status=400)
        context |= {
            "first": board.row(a),
            "second": board.row(b),
            "lines": entries.compared(board, found),
            "structures": entries.structures_compared(board, found),
            "figures": figures.comparison_figures(board, found),
        }
    return render(request, "boards/compare.html", context)
