"""The pages that anyone may read."""

import csv
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from leaderboard import rules
from leaderboard.models import Challenge, Dataset, Entry, Phase
from leaderboard.queries import boards, challenges
from leaderboard.queries.boards import Board
from leaderboard.views import access, figures

TOP = 5


@dataclass(frozen=True)
class Announced:
    """A challenge on the home page; `current` is the phase to submit to."""

    challenge: Challenge
    phases: list["Shown"]
    current: Phase | None


@dataclass(frozen=True)
class Shown:
    """A phase on the home page with the head of its board."""

    row: challenges.PhaseRow
    board: Board | None

    @property
    def top(self) -> tuple[boards.Row, ...]:
        return self.board.rows[:TOP] if self.board else ()


def home(request: HttpRequest) -> HttpResponse:
    """All challenges with their phases and leading entries."""
    announced = []
    for each in Challenge.objects.order_by("-created_at"):
        rows = challenges.phases_of(each)
        shown = [Shown(row, boards.board_of(row.phase)) for row in rows]
        announced.append(Announced(each, shown, challenges.current_phase(rows)))
    return render(request, "challenges/home.html", {"challenges": announced})


def challenge(request: HttpRequest, challenge: str) -> HttpResponse:
    """What a challenge is about: description, phases, rules, terms."""
    shown = access.challenge_or_404(challenge)
    context = {
        "challenge": shown,
        "phases": challenges.phases_of(shown),
        "datasets": challenges.datasets_of(shown),
    }
    return render(request, "challenges/challenge.html", context)


def data(request: HttpRequest, challenge: str) -> HttpResponse:
    """What the challenge's data consist of."""
    shown = access.challenge_or_404(challenge)
    context = {
        "challenge": shown,
        "datasets": challenges.datasets_of(shown),
        "case_count": challenges.case_count(shown),
        "phases": challenges.phases_of(shown),
    }
    return render(request, "challenges/data.html", context)


def leaderboard(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board of a phase, its rank heatmap, and one significance matrix."""
    shown = access.phase_or_404(challenge, phase)
    board = boards.board_of(shown)
    context: dict[str, Any] = {
        "challenge": shown.challenge,
        "phase": shown,
        "row": challenges.phase_row(shown),
        "board": board,
        "withheld": boards.is_withheld(shown),
    }
    if board is not None and board.rows:
        context["heatmap"] = figures.heatmap_figure(board)
        context["figures"] = [
            figure for figure in (_first_matrix(board), figures.tradeoff_figure(board)) if figure
        ]
    return render(request, "boards/leaderboard.html", context)


def _first_matrix(board: Board) -> Any:
    """The first dataset's DSC matrix; the datasets' own pages have the rest."""
    dataset = next((dataset for dataset in board.datasets if "DSC" in dataset.metrics), None)
    if dataset is None:
        return None
    matrix = boards.matrix_of(board, dataset.slug, "DSC")
    return figures.significance_figure({"DSC": matrix}, dataset.name)


def leaderboard_json(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for programs; without entries while there is none."""
    content = boards.board_json(access.phase_or_404(challenge, phase))
    return JsonResponse(content, json_dumps_params={"allow_nan": False, "ensure_ascii": False})


def leaderboard_csv(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for spreadsheets; 404 while there is none."""
    board = _board_or_404(challenge, phase)
    name = f"{challenge}-{phase}-{board.snapshot[:8]}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    csv.writer(response).writerows(boards.board_csv(board))
    return response


def _board_or_404(challenge: str, phase: str) -> Board:
    board = boards.board_of(access.phase_or_404(challenge, phase))
    if board is None:
        raise Http404
    return board


def dataset(request: HttpRequest, challenge: str, dataset: str) -> HttpResponse:
    """One dataset of the newest phase that has it: table, distributions, significance."""
    shown = get_object_or_404(challenges.datasets_of(access.challenge_or_404(challenge)), slug=dataset)
    phase = _asked_phase(request, shown)
    board = boards.board_of(phase) if phase else None
    part = boards.dataset_part(board, shown.slug) if board else None
    context: dict[str, Any] = {"challenge": shown.challenge, "dataset": shown, "phase": phase, "board": board}
    if board is not None and part is not None:
        context["rows"] = boards.dataset_rows(board, part)
        context["metrics"] = [metric for metric in board.metrics if metric.name in part["metrics"]]
        context["figures"] = figures.dataset_figures(board, shown, part)
    return render(request, "boards/dataset.html", context)


def _asked_phase(request: HttpRequest, dataset: Dataset) -> Phase | None:
    """The phase named by `?phase=`, else the current one of those that have the dataset."""
    phases = dataset.phases.select_related("challenge", "scheme")
    asked = request.GET.get("phase")
    if asked:
        return get_object_or_404(phases, slug=asked)
    return challenges.current_phase([challenges.phase_row(phase) for phase in phases])


def entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """An entry's card and results; before it is on a board only its team sees it."""
    shown = get_object_or_404(
        Entry.objects.select_related("team", "challenge"), challenge__slug=challenge, slug=entry
    )
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
    if board is not None:
        context["row"] = board.row(shown.slug)
        context["others"] = len(board.rows) - 1
        context["by_dataset"] = boards.entry_rows(board, shown.slug)
        context["figures"] = figures.entry_figures(board, shown.slug)
    return render(request, "boards/entry.html", context)
