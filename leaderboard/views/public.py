"""The pages that anyone may read: the start, a challenge, its data."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string

from leaderboard.enums import Aspect
from leaderboard.figures.distributions import LARGEST
from leaderboard.models import Challenge, Dataset, Phase, Snapshot
from leaderboard.queries import boards, cases, challenges, snapshots, summaries
from leaderboard.queries.values import values_on
from leaderboard.rules import Sight
from leaderboard.views import access, figure_files, figures, fragments, phases, pictures, refusals
from leaderboard.views.asked import until
from leaderboard.views.boards import top_table
from leaderboard.views.casefiles import may_take

TOP = 5
OF_DATASETS = (Aspect.PER_DATASET, Aspect.PER_CASE)


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
    hidden: bool
    withheld: bool
    snapshot: Snapshot | None = None
    board: dict[str, Any] | None = None


def home(request: HttpRequest) -> HttpResponse:
    """All challenges with their phases and leading entries."""
    announced = []
    for each in Challenge.objects.order_by("-created_at"):
        rows = challenges.phases_of(each)
        shown = [_shown(request, row) for row in rows]
        announced.append(Announced(each, shown, challenges.current_phase(rows)))
    return render(request, "challenges/home.html", {"challenges": announced})


def _shown(request: HttpRequest, row: challenges.PhaseRow) -> Shown:
    sight = access.sight(request, row.phase)
    hidden = not sight.shows_some(Aspect.AGGREGATES)
    withheld = snapshots.is_withheld(row.phase)
    snapshot = None if hidden else snapshots.shown(row.phase, sight)
    if snapshot is None:
        return Shown(row, hidden, withheld)
    make = partial(_top, row.phase, snapshot, sight)
    names = (row.phase.challenge.slug, row.phase.slug)
    board = fragments.kept(make, "top", snapshot.content_hash, *names, sight.key)
    return Shown(row, hidden, withheld, snapshot, board)


def _top(phase: Phase, snapshot: Snapshot, sight: Sight) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload, sight)
    return {
        "html": top_table(board, TOP) if board.rows else "",
        "entries": len(board.rows),
        "cases": board.cases,
        "datasets": len(board.datasets),
        "more": len(board.rows) > TOP,
    }


def challenge(request: HttpRequest, challenge: str) -> HttpResponse:
    """What a challenge is about: description, phases, rules, terms."""
    shown = access.challenge_or_404(challenge)
    datasets = list(challenges.datasets_of(shown))
    context = {
        "challenge": shown,
        "phases": challenges.phases_of(shown),
        "datasets": datasets,
        "overview": figures.overview_figure(shown, datasets),
    }
    return render(request, "challenges/challenge.html", context)


def data(request: HttpRequest, challenge: str) -> HttpResponse:
    """What the challenge's data consist of."""
    shown = access.challenge_or_404(challenge)
    datasets = list(challenges.datasets_of(shown))
    overview = figures.overview_figure(shown, datasets)
    if figure_files.is_asked(request):
        return figure_files.answer(request, [overview])
    lead, others = pictures.lead(pictures.examples(datasets))
    context = {
        "challenge": shown,
        "datasets": datasets,
        "case_count": challenges.case_count(shown),
        "overview": overview,
        "phases": challenges.phases_of(shown),
        "lead": lead,
        "examples": others,
    }
    return render(request, "challenges/data.html", context)


@refusals.in_words
def dataset(request: HttpRequest, challenge: str, dataset: str) -> HttpResponse:
    """One dataset of the newest phase that has it: table, distributions, significance."""
    shown = get_object_or_404(challenges.datasets_of(access.challenge_or_404(challenge)), slug=dataset)
    phase = access.asked_phase(request, shown)
    context: dict[str, Any] = {"challenge": shown.challenge, "dataset": shown, "phase": phase}
    context["choices"] = phases.choices(request, access.phases_with(shown), phase, OF_DATASETS)
    context["tasks"] = cases.task_by_task(shown, phase)
    context["query"] = boards.query_of(phase)
    if phase is None:
        return render(request, "boards/dataset.html", context)
    sight = access.sight(request, phase)
    at = until(request.GET.get("at", ""))
    context["hidden"] = not any(map(sight.shows_some, OF_DATASETS))
    context["withheld"] = snapshots.is_withheld(phase)
    snapshot = None if context["hidden"] else snapshots.shown(phase, sight, at=at)
    if snapshot is not None:
        moment = boards.moment_of(snapshot) if at else ""
        if figure_files.is_asked(request):
            found = _dataset_board(phase, snapshot, sight, shown, earlier=at is not None, whole=True)
            drawn = found.get("figures", [])
            return figure_files.answer(request, drawn, sight, snapshot.content_hash)
        key = (
            "dataset",
            snapshot.content_hash,
            shown.challenge.slug,
            phase.slug,
            shown.slug,
            sight.key,
            moment,
        )
        make = partial(_dataset_results, phase, snapshot, sight, shown, earlier=at is not None)
        context["board"] = {"at": moment, "created_at": snapshot.created_at}
        context["query"] = boards.query_of(phase, moment)
        context["results"] = fragments.kept(make, *key)
    return render(request, "boards/dataset.html", context)


def _dataset_results(
    phase: Phase, snapshot: Snapshot, sight: Sight, dataset: Dataset, *, earlier: bool
) -> dict[str, Any]:
    """HTML of table and figures of a dataset; none where nobody was scored on it."""
    context = _dataset_board(phase, snapshot, sight, dataset, earlier=earlier)
    return {"html": render_to_string("boards/_dataset.html", context) if context else ""}


def _dataset_board(
    phase: Phase, snapshot: Snapshot, sight: Sight, dataset: Dataset, *, earlier: bool, whole: bool = False
) -> dict[str, Any]:
    """whole: with the cases of all entries, for files; else of those that are drawn."""
    board = boards.board_from(phase, snapshot, snapshot.payload, sight, *OF_DATASETS, earlier=earlier)
    names = (f"dataset/{dataset.slug}", f"structures/{dataset.slug}")
    part, structures = map(boards.parts_of(board, *names).get, names)
    if part is None:
        return {}
    read = None if whole else [row.entry for row in board.rows[:LARGEST]]
    values = values_on(board, [dataset.slug], read).get(dataset.slug)
    matrices = boards.matrices_of(board, [dataset.slug], part["metrics"]).get(dataset.slug, {})
    return {
        "challenge": dataset.challenge,
        "board": board,
        "dataset": dataset,
        "may_take": any(may_take(board, row) for row in board.rows),
        "rows": summaries.dataset_rows(board, part),
        "metrics": [metric for metric in board.metrics if metric.name in part["metrics"]],
        "figures": figures.dataset_figures(board, dataset, part["metrics"], values, matrices, structures),
    }
