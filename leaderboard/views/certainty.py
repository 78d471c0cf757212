"""How sure a board's order is: its stability, and who differs from whom."""

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from leaderboard.domain import ranking
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import boards
from leaderboard.views import access, figures, fragments

CORRECTIONS = ("bonferroni", "holm")
METRICS = ("DSC", "HD95", "TRE", "NDV")


def stability(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Ranks over resamples of the subjects, under every scheme, and without each dataset."""
    shown, snapshot = _snapshot_or_404(challenge, phase)
    key = ("stability", snapshot.content_hash, challenge, phase)
    page = fragments.kept(partial(_stability, shown, snapshot), *key)
    return _page(request, shown, snapshot, page, "boards/stability.html")


def _stability(phase: Phase, snapshot: Snapshot) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload)
    agreement = boards.part_of(board, "agreement")
    context = {
        "board": board,
        "agreement": agreement,
        "tau": figures.tau_rows(agreement["schemes"]),
        "figures": figures.stability_figures(board, agreement),
    }
    return {"html": render_to_string("boards/_stability.html", context), "ranked": board.ranked}


def significance(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Matrices of all datasets, laid out by task, for a correction of p that the address names."""
    shown, snapshot = _snapshot_or_404(challenge, phase)
    correction = request.GET.get("correction", CORRECTIONS[0])
    if correction not in CORRECTIONS:
        raise Http404
    key = ("significance", snapshot.content_hash, challenge, phase, correction)
    page = fragments.kept(partial(_significance, shown, snapshot, correction), *key)
    return _page(request, shown, snapshot, page, "boards/significance.html", correction=correction)


def _significance(phase: Phase, snapshot: Snapshot, correction: str) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload)
    matrices = boards.matrices_of(board, METRICS)
    if correction != CORRECTIONS[0]:
        matrices = {
            slug: {metric: ranking.other_matrix(snapshot, slug, metric, correction) for metric in by_metric}
            for slug, by_metric in matrices.items()
        }
    drawn = figures.significance_figures(board, matrices)
    context = {"board": board, "figures": drawn}
    return {"html": render_to_string("boards/_significance.html", context), "ranked": board.ranked}


def _snapshot_or_404(challenge: str, phase: str) -> tuple[Phase, Snapshot]:
    shown = access.phase_or_404(challenge, phase)
    snapshot = boards.shown_snapshot(shown)
    if snapshot is None:
        raise Http404
    return shown, snapshot


def _page(
    request: HttpRequest, phase: Phase, snapshot: Snapshot, page: dict[str, Any], template: str, **more: Any
) -> HttpResponse:
    context = {"challenge": phase.challenge, "phase": phase, "snapshot": snapshot, "page": page, **more}
    return render(request, template, context)
