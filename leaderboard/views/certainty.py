"""How sure a board's order is: its stability, and who differs from whom."""

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import boards, snapshots
from leaderboard.queries.veil import veiled_matrix
from leaderboard.rules import Sight
from leaderboard.views import access, figures, fragments

CORRECTIONS = ("bonferroni", "holm")


def stability(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Ranks over resamples of the subjects, under every scheme, and without each dataset."""
    shown, snapshot, sight = _snapshot_or_404(request, challenge, phase, Aspect.AGGREGATES)
    key = ("stability", snapshot.content_hash, challenge, phase, sight.key)
    page = fragments.kept(partial(_stability, shown, snapshot, sight), *key)
    return _page(request, shown, snapshot, page, "boards/stability.html")


def _stability(phase: Phase, snapshot: Snapshot, sight: Sight) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload, sight)
    agreement = boards.part_of(board, "agreement")
    if agreement is None:
        html = render_to_string("boards/_uncertain.html", {"board": board})
        return {"html": html, "ranked": board.ranked}
    context = {
        "board": board,
        "agreement": agreement,
        "tau": figures.tau_rows(agreement["schemes"]),
        "figures": figures.stability_figures(board, agreement),
    }
    return {"html": render_to_string("boards/_stability.html", context), "ranked": board.ranked}


def significance(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """A grid of matrices, rows metrics and columns datasets, for a correction; the address names both."""
    shown, snapshot, sight = _snapshot_or_404(request, challenge, phase, Aspect.PER_DATASET)
    correction = request.GET.get("correction", CORRECTIONS[0])
    asked = request.GET.get("show", "")
    if correction not in CORRECTIONS:
        raise Http404
    key = ("significance", snapshot.content_hash, challenge, phase, sight.key, correction, asked)
    page = fragments.kept(partial(_significance, shown, snapshot, sight, correction, asked), *key)
    return _page(request, shown, snapshot, page, "boards/significance.html", correction=correction)


def _significance(
    phase: Phase, snapshot: Snapshot, sight: Sight, correction: str, asked: str
) -> dict[str, Any]:
    board = boards.board_from(phase, snapshot, snapshot.payload, sight, Aspect.PER_DATASET)
    grids = figures.significance_grids(board)
    grid = next((grid for grid in grids if grid.key == (asked or grids[0].key)), None)
    if grid is None:
        raise Http404
    slugs = [dataset.slug for dataset in grid.datasets]
    matrices = boards.matrices_of(board, slugs, grid.metrics)
    if correction != CORRECTIONS[0]:
        matrices = {
            slug: {
                metric: veiled_matrix(ranking.other_matrix(snapshot, slug, metric, correction), board.veil)
                for metric in by_metric
            }
            for slug, by_metric in matrices.items()
        }
    context = {"figure": figures.grid_figure(grid, matrices)}
    return {
        "html": render_to_string("boards/_significance.html", context),
        "grids": [(each.key, each.title) for each in grids],
        "shown": grid.key,
    }


def _snapshot_or_404(
    request: HttpRequest, challenge: str, phase: str, aspect: Aspect
) -> tuple[Phase, Snapshot, Sight]:
    """The snapshot to show, where the aspect is shown of every entry: these pages set all side by side."""
    shown = access.phase_or_404(challenge, phase)
    sight = access.sight(request, shown)
    snapshot = snapshots.shown(shown, sight) if sight.shows(aspect) else None
    if snapshot is None:
        raise Http404
    return shown, snapshot, sight


def _page(
    request: HttpRequest, phase: Phase, snapshot: Snapshot, page: dict[str, Any], template: str, **more: Any
) -> HttpResponse:
    context = {"challenge": phase.challenge, "phase": phase, "snapshot": snapshot, "page": page, **more}
    return render(request, template, context)
