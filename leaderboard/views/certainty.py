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
    """A grid of matrices, rows metrics and columns datasets, for a correction; the address names both."""
    shown, snapshot = _snapshot_or_404(challenge, phase)
    correction = request.GET.get("correction", CORRECTIONS[0])
    asked = request.GET.get("show", "")
    if correction not in CORRECTIONS:
        raise Http404
    key = ("significance", snapshot.content_hash, challenge, phase, correction, asked)
    page = fragments.kept(partial(_significance, shown, snapshot, correction, asked), *key)
    return _page(request, shown, snapshot, page, "boards/significance.html", correction=correction)


def _significance(phase: Phase, snapshot: Snapshot, correction: str, asked: str) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload)
    grids = figures.significance_grids(board)
    grid = next((grid for grid in grids if grid.key == (asked or grids[0].key)), None)
    if grid is None:
        raise Http404
    slugs = [dataset.slug for dataset in grid.datasets]
    matrices = boards.matrices_of(board, slugs, grid.metrics)
    if correction != CORRECTIONS[0]:
        matrices = {
            slug: {metric: ranking.other_matrix(snapshot, slug, metric, correction) for metric in by_metric}
            for slug, by_metric in matrices.items()
        }
    context = {"figure": figures.grid_figure(grid, matrices)}
    return {
        "html": render_to_string("boards/_significance.html", context),
        "grids": [(each.key, each.title) for each in grids],
        "shown": grid.key,
    }


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
