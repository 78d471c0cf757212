"""The leaderboard of a phase: official, or ranked as its address asks; on the page and for download."""

import csv
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from leaderboard import looking
from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.messages import Refused
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import boards, challenges, exports, snapshots, tables
from leaderboard.queries.boards import Board, Row
from leaderboard.queries.schemes import scheme_words, status_words
from leaderboard.queries.tables import Shown
from leaderboard.queries.veil import veiled_heatmap
from leaderboard.rules import Sight
from leaderboard.templatetags.numbers import cell, score_cell
from leaderboard.views import access, figures, fragments
from leaderboard.views.asked import Asked

BUSY = "busy"


@dataclass(frozen=True)
class Line:
    """A row of the leaderboard's table as its template prints it."""

    row: Row
    url: str
    score_url: str
    words: str
    cells: list[SafeString]
    opens_group: bool


def leaderboard(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board of a phase with its figures; read from a snapshot, whose HTML is kept."""
    shown = access.phase_or_404(challenge, phase)
    sight = access.sight(request, shown)
    context: dict[str, Any] = {
        "challenge": shown.challenge,
        "phase": shown,
        "row": challenges.phase_row(shown),
        "sees_all": sight.is_organizer,
        "hidden": not sight.shows_some(Aspect.AGGREGATES),
        "withheld": snapshots.is_withheld(shown),
        "frozen": snapshots.is_frozen(shown),
    }
    try:
        asked = Asked.of(request.GET)
        if "form" in request.GET:
            return redirect(looking.kept(request, request.path + asked.query()))
        context["asked"] = asked
        snapshot = None if context["hidden"] else snapshots.shown(shown, sight, at=asked.until)
        if snapshot is not None:
            context |= {"snapshot": snapshot, "board": _kept(shown, snapshot, asked, sight)}
        elif not context["hidden"]:
            context["renewing"] = _renewed(shown, asked, sight)
    except Refused as refused:
        context |= {"refused": str(refused), "busy": refused.code == BUSY}
    return render(request, "boards/leaderboard.html", context, status=_status(context))


def _status(context: dict[str, Any]) -> int:
    if "refused" not in context:
        return 200
    return 503 if context["busy"] else 400


def _renewed(phase: Phase, asked: Asked, sight: Sight) -> bool:
    """Whether the board asked for is laid out as pages once read it; then it is made anew."""
    old = snapshots.to_renew(phase, whole=sight.is_organizer, at=asked.until)
    if old is not None:
        ranking.renew(old)
    return old is not None


def _kept(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> dict[str, Any]:
    make = partial(_rendered, phase, snapshot, asked, sight)
    if asked.is_arbitrary:
        return make()
    names = (phase.challenge.slug, phase.slug)
    return fragments.kept(make, "board", snapshot.content_hash, *names, asked, sight.key)


def _rendered(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> dict[str, Any]:
    """The HTML of a board and the facts that the page's head names."""
    official = boards.board_from(phase, snapshot, snapshot.payload, sight)
    board = ranked(official, snapshot, asked)
    shown = tables.arranged(board, asked.columns, asked.sort, asked.q)
    drawn = [_first_matrix(board), figures.tradeoff_figure(board)]
    if board.official:
        drawn = [figures.heatmap_figure(board, boards.part_of(board, "heatmap")), *drawn]
    context = {
        **table_context(shown, asked),
        "asked": asked,
        "board": board,
        "slug": phase.challenge.slug,
        "phase_slug": phase.slug,
        "groups": list(dict.fromkeys(dataset.group for dataset in official.datasets)),
        "datasets": official.datasets,
        "counted": {dataset.slug for dataset in board.datasets},
        "per_dataset": board.veil.shows(Aspect.PER_DATASET),
        "of_all": board.veil.shows(Aspect.AGGREGATES),
        "downloads": sight.shows_some(Aspect.DOWNLOADS),
        "official": official.scheme,
        "schemes": ranking.schemes(),
        "columns": tables.columns_of(board),
        "scheme_words": scheme_words(board.scheme["spec"]),
        "status": status_words(board.scheme),
        "figures": [figure for figure in drawn if figure is not None],
    }
    return {
        "html": render_to_string("boards/_board.html", context) if board.rows else "",
        "entries": len(board.rows),
        "cases": board.cases,
        "datasets": len(board.datasets),
        "all_datasets": len(official.datasets),
        "official": board.official,
        "scheme": board.scheme["title"],
        "status": board.scheme["status"],
        "weights": asked.weights,
        "rules": board.rules,
        "scorer_version": board.scorer_version,
    }


def ranked(official: Board, snapshot: Snapshot, asked: Asked) -> Board:
    """The board asked for. Raises Refused."""
    wanted = _wanted(official, asked)
    if not wanted:
        return official
    payload = ranking.what_if(snapshot, wanted)
    return boards.board_from(official.phase, snapshot, payload, official.veil.sight)


def _wanted(official: Board, asked: Asked) -> ranking.WhatIf:
    """The ranking asked for, empty where it is the official one. Raises Refused."""
    if not asked.changes_ranking:
        return ranking.WhatIf()
    groups = {dataset.slug: dataset.group for dataset in official.datasets}
    wanted = asked.what_if(official.scheme["name"], groups)
    if wanted.datasets and not official.veil.shows(Aspect.PER_DATASET):
        raise Refused("datasets_hidden")
    return wanted


def heatmap(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The rank heatmap of any board that can be asked for, official or not."""
    shown = access.phase_or_404(challenge, phase)
    sight = access.sight(request, shown)
    context: dict[str, Any] = {"challenge": shown.challenge, "phase": shown}
    try:
        asked = Asked.of(request.GET)
        seen = sight.shows(Aspect.AGGREGATES)
        snapshot = snapshots.shown(shown, sight, at=asked.until) if seen else None
        if snapshot is None:
            return redirect(looking.kept(request, shown.get_absolute_url() + asked.query()))
        official = boards.board_from(shown, snapshot, snapshot.payload, sight)
        board, found = ranked(official, snapshot, asked), _heatmap(official, snapshot, asked)
        context |= {"asked": asked, "board": board, "figure": figures.heatmap_figure(board, found)}
    except Refused as refused:
        context |= {"refused": str(refused), "busy": refused.code == BUSY}
    return render(request, "boards/heatmap.html", context, status=_status(context))


def _heatmap(official: Board, snapshot: Snapshot, asked: Asked) -> dict[str, Any] | None:
    wanted = _wanted(official, asked)
    if not wanted:
        found: dict[str, Any] | None = boards.part_of(official, "heatmap")
        return found
    return veiled_heatmap(ranking.what_if_heatmap(snapshot, wanted), official.veil)


def table_context(shown: Shown, asked: Asked | None = None) -> dict[str, Any]:
    """What the table's template needs."""
    challenge, phase = shown.board.phase.challenge.slug, shown.board.phase.slug
    higher = shown.board.scheme["higher_is_better"]
    return {
        "shown": shown,
        "asked": asked,
        "sortable": asked is not None,
        "score_first": "descending" if higher else "ascending",
        "lines": [
            _line(shown, at, reverse("entry", args=[challenge, row.entry]), f"?phase={phase}")
            for at, row in enumerate(shown.rows)
        ],
    }


def _line(shown: Shown, at: int, url: str, query: str) -> Line:
    row = shown.rows[at]
    before = shown.rows[at - 1] if at else None
    explained = shown.board.official and row.rank is not None
    cells = []
    for column in shown.columns:
        if column.metric is not None:
            cells.append(cell(tables.cell_of(row, column.metric)))
        elif column.step:
            cells.append(score_cell(tables.value_of(row, column)))
    return Line(
        row=row,
        url=url + query,
        score_url=f"{url}score/{query}" if explained else "",
        words=f"{row.method} {row.team} {row.affiliation}".lower(),
        cells=cells,
        opens_group=shown.grouped and before is not None and row.tie_group != before.tie_group,
    )


def _first_matrix(board: Board) -> Any:
    """The first dataset's DSC matrix; a page of its own has the rest."""
    dataset = next((dataset for dataset in board.datasets if "DSC" in dataset.metrics), None)
    if dataset is None:
        return None
    matrix = boards.matrix_of(board, dataset.slug, "DSC")
    return figures.significance_figure({"DSC": matrix}, dataset.name)


def _download(request: HttpRequest, challenge: str, phase: str) -> tuple[Phase, Shown | None]:
    """The table that an address asks for; 404 where it asks for what there is not."""
    found = access.phase_or_404(challenge, phase)
    sight = access.sight(request, found)
    hidden = not all(map(sight.shows_some, (Aspect.AGGREGATES, Aspect.DOWNLOADS)))
    try:
        asked = Asked.of(request.GET)
        snapshot = None if hidden else snapshots.shown(found, sight, at=asked.until)
        if snapshot is None:
            return found, None
        official = boards.board_from(found, snapshot, snapshot.payload, sight)
        board = ranked(official, snapshot, asked)
    except Refused as refused:
        raise Http404(str(refused)) from refused
    downloadable = tuple(row for row in board.rows if board.sees(Aspect.DOWNLOADS, row))
    return found, tables.arranged(replace(board, rows=downloadable), asked.columns, asked.sort, asked.q)


def leaderboard_json(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for programs; without entries while there is none."""
    found, shown = _download(request, challenge, phase)
    content = exports.board_json(found, shown)
    return JsonResponse(content, json_dumps_params={"allow_nan": False, "ensure_ascii": False})


def leaderboard_csv(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for spreadsheets; 404 while there is none."""
    shown = _shown_or_404(request, challenge, phase)
    response = _file(shown, "csv", "text/csv; charset=utf-8")
    csv.writer(response).writerows(exports.board_csv(shown))
    return response


def leaderboard_latex(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board as a table for a paper; 404 while there is none."""
    shown = _shown_or_404(request, challenge, phase)
    response = _file(shown, "tex", "application/x-tex; charset=utf-8")
    page = reverse("leaderboard", args=[challenge, phase])
    address = request.build_absolute_uri(page + Asked.of(request.GET).query())
    response.write(exports.board_latex(shown, address))
    return response


def _shown_or_404(request: HttpRequest, challenge: str, phase: str) -> Shown:
    _, shown = _download(request, challenge, phase)
    if shown is None:
        raise Http404
    return shown


def _file(shown: Shown, ending: str, content_type: str) -> HttpResponse:
    board = shown.board
    kind = "" if board.official else "-unofficial"
    name = f"{board.phase.challenge.slug}-{board.phase.slug}{kind}-{board.snapshot[:8]}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content_type=content_type, headers=headers)
