"""How sure a board's order is: its stability, and who differs from whom."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import boards, families, snapshots
from leaderboard.queries.families import Family
from leaderboard.queries.veil import veiled_matrix
from leaderboard.rules import Sight
from leaderboard.views import access, figure_files, figures, fragments, refusals
from leaderboard.views.asked import until

CORRECTIONS = ("bonferroni", "holm")


@refusals.in_words
def stability(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Ranks over resamples of the subjects, under every scheme, and without each dataset."""
    shown, snapshot, sight = _snapshot_or_404(request, challenge, phase, Aspect.AGGREGATES)
    if figure_files.is_asked(request):
        board = boards.board_from(shown, snapshot, snapshot.payload, sight)
        agreement = boards.part_of(board, "agreement")
        drawn = figures.stability_figures(board, agreement) if agreement else []
        return figure_files.answer(request, drawn, sight, snapshot.content_hash)
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


@refusals.in_words
def significance(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """A grid of matrices, rows metrics and columns tasks, for a correction; the address names both."""
    shown, snapshot, sight = _snapshot_or_404(request, challenge, phase, Aspect.PER_DATASET)
    correction = request.GET.get("correction", CORRECTIONS[0])
    asked = request.GET.get("show", "")
    if correction not in CORRECTIONS:
        raise Http404
    facts = families.facts_of(shown.challenge)
    moment = boards.moment_of(snapshot) if request.GET.get("at") else ""
    key = (
        "significance",
        snapshot.content_hash,
        challenge,
        phase,
        sight.key,
        correction,
        asked,
        facts,
        moment,
    )
    make = partial(_significance, shown, snapshot, sight, correction, asked, facts, moment)
    if figure_files.is_asked(request):
        return figure_files.answer(request, [make()["figure"]], sight, snapshot.content_hash)
    page = fragments.kept(lambda: _significance_page(make()), *key)
    return _page(request, shown, snapshot, page, "boards/significance.html", correction=correction)


def _significance(
    phase: Phase,
    snapshot: Snapshot,
    sight: Sight,
    correction: str,
    asked: str,
    facts: Mapping[str, families.Facts],
    moment: str,
) -> dict[str, Any]:
    earlier = bool(moment)
    board = boards.board_from(phase, snapshot, snapshot.payload, sight, Aspect.PER_DATASET, earlier=earlier)
    grids = figures.significance_grids(families.families_of(board.datasets, facts))
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
    return {
        "challenge": phase.challenge,
        "board": board,
        "datasets": grid.datasets,
        "figure": figures.grid_figure(board, grid, matrices),
        "families": _families(grids, grid),
        "rows": [(each.key, each.rows) for each in grids if each.family == grid.family],
        "shown": grid.key,
    }


def _significance_page(found: dict[str, Any]) -> dict[str, Any]:
    """What is kept of it."""
    html = render_to_string("boards/_significance.html", found)
    return {"html": html, **{name: found[name] for name in ("families", "rows", "shown")}}


def _families(grids: Sequence[figures.Grid], shown: figures.Grid) -> list[tuple[str, str]]:
    """Each family's grid of the metrics that are shown, else its first; and the family's title."""
    picked: dict[Family, figures.Grid] = {}
    for grid in grids:
        if grid.family not in picked or grid.metrics == shown.metrics or grid == shown:
            picked[grid.family] = grid
    return [(grid.key, family.title) for family, grid in picked.items()]


def _snapshot_or_404(
    request: HttpRequest, challenge: str, phase: str, aspect: Aspect
) -> tuple[Phase, Snapshot, Sight]:
    """The snapshot to show, where the aspect is shown of every entry: these pages set all side by side.

    Raises Refused for a moment that is none.
    """
    shown = access.phase_or_404(challenge, phase)
    sight = access.sight(request, shown)
    at = until(request.GET.get("at", ""))
    snapshot = snapshots.shown(shown, sight, at=at) if sight.shows(aspect) else None
    if snapshot is None:
        raise Http404
    return shown, snapshot, sight


def _page(
    request: HttpRequest, phase: Phase, snapshot: Snapshot, page: dict[str, Any], template: str, **more: Any
) -> HttpResponse:
    at = boards.moment_of(snapshot) if request.GET.get("at") else ""
    context = {"challenge": phase.challenge, "phase": phase, "snapshot": snapshot, "page": page, **more}
    context["board"] = {"at": at, "created_at": snapshot.created_at}
    return render(request, template, context)
