"""The same kind of images in each of their tasks: a case a task, with the leaders side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from leaderboard.enums import Aspect, RenderingState
from leaderboard.models import Case, Rendering
from leaderboard.pictures.frame import PLANES
from leaderboard.queries import cases, challenges
from leaderboard.queries.boards import Board, Metric, query_of
from leaderboard.queries.cases import CaseEntry
from leaderboard.queries.families import title_of
from leaderboard.queries.values import values_on
from leaderboard.views import access, leaders, phases, refusals
from leaderboard.views.cases import board_of_cases
from leaderboard.views.leaders import Leaders


@dataclass(frozen=True)
class Part:
    """One task: its case, the entries' values on it, and the pictures; None where there are none."""

    case: Case
    own: Rendering | None
    leaders: Leaders | None
    values: Sequence[tuple[CaseEntry, Sequence[tuple[Metric, float]]]]


@refusals.in_words
def family(request: HttpRequest, challenge: str, dataset: str) -> HttpResponse:
    """A case of each task that has images like those of a dataset; 404 where it has one task alone."""
    shown = get_object_or_404(challenges.datasets_of(access.challenge_or_404(challenge)), slug=dataset)
    phase, first = access.asked_phase(request, shown), cases.first_of(shown)
    found = cases.other_tasks(first, phase) if first else []
    if not found:
        raise Http404
    board = board_of_cases(request, phase) if phase else None
    context: dict[str, Any] = {
        "challenge": shown.challenge,
        "dataset": shown,
        "phase": phase,
        "board": board,
        "title": title_of([case.dataset.name for case in found]),
        "query": query_of(phase, board.at if board else ""),
        "choices": phases.choices(
            request,
            access.phases_with(shown),
            phase,
            cases.OF_CASES,
            {"plane": request.GET["plane"]} if "plane" in request.GET else {},
        ),
        **_side_by_side(request, found, board),
    }
    return render(request, "cases/tasks.html", context)


def _side_by_side(request: HttpRequest, found: Sequence[Case], board: Board | None) -> dict[str, Any]:
    """The same leaders on every case."""
    plane, of_cases = leaders.asked_plane(request), _entries(found, board)
    slugs = leaders.leading(list(of_cases.values()))
    named = {one.slug: one for entries in of_cases.values() for one in entries}
    metrics = board.metrics if board else ()
    parts = []
    for case in found:
        own = cases.own_rendering(case) if case.dataset.public else None
        drawn = own is not None and own.state == RenderingState.DONE
        chosen = [one for one in of_cases.get(case.pk, []) if one.slug in slugs]
        parts.append(
            Part(
                case,
                own,
                leaders.side_by_side(own, chosen, plane, case, leaders.OF_TASKS) if own and drawn else None,
                [(one, _told(metrics, one)) for one in chosen],
            )
        )
    return {
        "parts": parts,
        "entries": [named[slug] for slug in slugs],
        "ranked": board is not None and board.veil.shows(Aspect.AGGREGATES),
        "plane": plane,
        "planes": PLANES,
    }


def _entries(found: Sequence[Case], board: Board | None) -> Mapping[int, list[CaseEntry]]:
    """By case, the entries of which the viewer may see something."""
    if board is None:
        return {}
    values = values_on(board, [case.dataset.slug for case in found])
    known = {
        case.pk: of_one if of_one is not None and case.key in of_one.cases else None
        for case in found
        for of_one in [values.get(case.dataset.slug)]
    }
    return {case.pk: cases.entries_on(board, case, known[case.pk]) for case in found}


def _told(metrics: Sequence[Metric], one: CaseEntry) -> list[tuple[Metric, float]]:
    pairs = [(metric, one.values.get(metric.name)) for metric in metrics]
    return [(metric, value) for metric, value in pairs if value is not None]
