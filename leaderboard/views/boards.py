"""The leaderboard of a phase: official, or ranked as its address asks; on the page and for download."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from leaderboard import looking
from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.figures.figure import Figure
from leaderboard.messages import Refused
from leaderboard.models import Phase, Snapshot
from leaderboard.queries import boards, challenges, exports, snapshots, tables
from leaderboard.queries.boards import Board, BoardDataset
from leaderboard.queries.schemes import scheme_words, status_words
from leaderboard.queries.tables import Shown
from leaderboard.queries.veil import veiled_heatmap
from leaderboard.rules import Sight
from leaderboard.views import access, figure_files, figures, fragments, refusals, whole
from leaderboard.views.asked import Asked
from leaderboard.views.lines import lines_of, table_of
from leaderboard.words import duration

PAGE = "boards/leaderboard.html"


def leaderboard(request: HttpRequest, challenge: str, phase: str) -> HttpResponseBase:
    """The board of a phase with its figures; read from a snapshot, whose HTML is kept."""
    shown = access.phase_of_navigation_or_404(request, challenge, phase)
    sight, row = access.sight(request, shown), challenges.phase_row(shown)
    facts = {
        "row": row,
        "left": duration(row.until - timezone.now()) if row.until else "",
        "sees_all": sight.is_organizer,
        "hidden": not sight.shows_some(Aspect.AGGREGATES),
        "withheld": snapshots.is_withheld(shown),
        "frozen": snapshots.is_frozen(shown),
    }
    context: dict[str, Any] = {"challenge": shown.challenge, "phase": shown, **facts}
    try:
        asked = Asked.of(request.GET)
        if "form" in request.GET:
            return redirect(looking.kept(request, request.path + asked.query()))
        context["asked"] = asked
        snapshot = None if context["hidden"] else snapshots.shown(shown, sight, at=asked.until)
        if snapshot is not None and figure_files.is_asked(request):
            drawn = _all_figures(shown, snapshot, asked, sight)
            return figure_files.answer(request, drawn, sight, snapshot.content_hash)
        if snapshot is not None:
            make = partial(_page, request, context | {"snapshot": snapshot}, sight)
            told = (sight.key, facts, snapshot.content_hash, snapshot.created_at)
            return whole.answer(request, make, *told, *access.facts_of_navigation(request))
        if not context["hidden"]:
            context["renewing"] = _renewed(shown, asked, sight)
    except Refused as refused:
        return _refused(request, context, refused)
    return render(request, PAGE, context)


def _page(request: HttpRequest, context: dict[str, Any], sight: Sight) -> HttpResponse:
    """Raises Refused."""
    board = _rendered(context["phase"], context["snapshot"], context["asked"], sight)
    return render(request, PAGE, context | {"board": board})


def _refused(request: HttpRequest, context: dict[str, Any], refused: Refused) -> HttpResponse:
    context |= {"refused": str(refused), "busy": refused.code == refusals.BUSY}
    return refusals.answered(render(request, PAGE, context), refused)


def _renewed(phase: Phase, asked: Asked, sight: Sight) -> bool:
    """Whether the board asked for is laid out as pages once read it; then it is made anew."""
    old = snapshots.to_renew(phase, whole=sight.is_organizer, at=asked.until)
    if old is not None:
        ranking.renew(old)
    return old is not None


def _key(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> tuple[object, ...]:
    # Links of an earlier board name its moment.
    moment = boards.moment_of(snapshot) if asked.at else ""
    return snapshot.content_hash, phase.challenge.slug, phase.slug, sight.key, moment


def _rendered(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> dict[str, Any]:
    """The HTML of a board and the facts that the page's head names. Raises Refused."""
    make = partial(_made, phase, snapshot, asked, sight)
    key = ("ranking", *_key(phase, snapshot, asked, sight), asked.scheme, asked.group)
    made = make() if asked.is_endless else fragments.kept(make, *key)
    places, lines = made["places"], made["lines"]
    sort = places.sort(asked.sort)
    shown = [lines[at] for at in places.order(sort, asked.q)]
    context = {
        **made["context"],
        "asked": asked,
        "sortable": True,
        "columns": places.columns,
        "table": table_of(shown, places.chosen(asked.columns), sort),
        "figures": SafeString(made["figures"]),
    }
    html = render_to_string("boards/_board.html", context) if lines else ""
    return {**made["facts"], "html": html, "weights": asked.weights}


def _made(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> dict[str, Any]:
    """All of a board's page that follows from the ranking alone, whatever of its table is shown."""
    official = boards.board_from(phase, snapshot, snapshot.payload, sight, earlier=bool(asked.at))
    board = ranked(official, snapshot, asked)
    places = tables.places_of(board)
    facts = {
        "entries": len(board.rows),
        "cases": board.cases,
        "datasets": len(board.datasets),
        "all_datasets": len(official.datasets),
        "official": board.official,
        "scheme": board.scheme["title"],
        "status": board.scheme["status"],
        "rules": board.rules,
        "scorer_version": board.scorer_version,
    }
    return {
        "facts": facts,
        "places": places,
        "lines": lines_of(board, places.columns),
        "figures": _figures(board, official, _key(phase, snapshot, asked, sight)),
        "context": _context(board, official),
    }


def _context(board: Board, official: Board) -> dict[str, Any]:
    """What the template needs beside the table, without the rows."""
    told = ("official", "scheme", "datasets", "omitted", "stability", "ranked", "is_certain", "has_intervals")
    return {
        "board": {name: getattr(board, name) for name in told},
        "slug": board.phase.challenge.slug,
        "phase_slug": board.phase.slug,
        "moment": f"?at={board.at}" if board.at else "",
        "score_first": _score_first(board),
        "groups": list(dict.fromkeys(dataset.group for dataset in official.datasets)),
        "datasets": official.datasets,
        "counted": {dataset.slug for dataset in board.datasets},
        "per_dataset": board.veil.shows(Aspect.PER_DATASET),
        "of_all": board.veil.shows(Aspect.AGGREGATES),
        "downloads": board.veil.sight.shows_some(Aspect.DOWNLOADS),
        "official": official.scheme,
        "schemes": ranking.schemes(),
        "scheme_words": scheme_words(board.scheme["spec"]),
        "status": status_words(board.scheme),
    }


def _score_first(board: Board) -> str:
    return "descending" if board.scheme["higher_is_better"] else "ascending"


def _figures(board: Board, official: Board, key: tuple[object, ...]) -> str:
    """The figures' HTML; of those that do not follow from the ranking it is kept for all rankings."""
    drawn, full = [], ""
    if board.official:
        full = _drawn(figures.heatmap_figure(board, boards.part_of(board, "heatmap")))
    for dataset in _with_dice(board):
        drawn.append(_piece(partial(_matrix, board, dataset), "matrix", *key, dataset.slug))
    all_data = len(board.datasets) == len(official.datasets)
    draw = partial(figures.tradeoff_figure, official if all_data else board)
    drawn.append(_piece(draw, "tradeoff", *key) if all_data else _drawn(draw()))
    return "".join([f'<div class="full">{full}</div>' if full else "", *drawn])


def _all_figures(phase: Phase, snapshot: Snapshot, asked: Asked, sight: Sight) -> Iterator[Figure | None]:
    """What the page of a board draws, one after the other. Raises Refused."""
    official = boards.board_from(phase, snapshot, snapshot.payload, sight, earlier=bool(asked.at))
    board = ranked(official, snapshot, asked)
    all_data = len(board.datasets) == len(official.datasets)
    yield figures.tradeoff_figure(official if all_data else board)
    yield figures.heatmap_figure(board, _heatmap(official, snapshot, asked))
    yield from (_matrix(board, dataset) for dataset in _with_dice(board))


def _with_dice(board: Board) -> list[BoardDataset]:
    """The first dataset with DSC, whose matrix stands on the board's page."""
    return [dataset for dataset in board.datasets if "DSC" in dataset.metrics][:1]


def _piece(draw: Callable[[], Figure | None], *key: object) -> str:
    html: str = fragments.kept(lambda: {"html": _drawn(draw())}, *key)["html"]
    return html


def _matrix(board: Board, dataset: BoardDataset) -> Figure | None:
    """One dataset's DSC matrix; a page of its own has the rest."""
    matrix = boards.matrix_of(board, dataset.slug, "DSC")
    return figures.significance_figure(board, {"DSC": matrix}, dataset.name)


def _drawn(figure: Figure | None) -> str:
    return "" if figure is None else render_to_string("figures/_figure.html", {"figure": figure})


def ranked(official: Board, snapshot: Snapshot, asked: Asked) -> Board:
    """The board asked for. Raises Refused."""
    wanted = _wanted(official, asked)
    if not wanted:
        return official
    payload = ranking.what_if(snapshot, wanted)
    board = boards.board_from(official.phase, snapshot, payload, official.veil.sight)
    return replace(board, at=official.at)


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
        official = boards.board_from(shown, snapshot, snapshot.payload, sight, earlier=bool(asked.at))
        board, found = ranked(official, snapshot, asked), _heatmap(official, snapshot, asked)
        context |= {"asked": asked, "board": board, "figure": figures.heatmap_figure(board, found)}
        if figure_files.is_asked(request):
            return figure_files.answer(request, [context["figure"]], sight, snapshot.content_hash)
    except Refused as refused:
        context |= {"refused": str(refused), "busy": refused.code == refusals.BUSY}
        return refusals.answered(render(request, "boards/heatmap.html", context), refused)
    return render(request, "boards/heatmap.html", context)


def _heatmap(official: Board, snapshot: Snapshot, asked: Asked) -> dict[str, Any] | None:
    wanted = _wanted(official, asked)
    if not wanted:
        found: dict[str, Any] | None = boards.part_of(official, "heatmap")
        return found
    return veiled_heatmap(ranking.what_if_heatmap(snapshot, wanted), official.veil)


def top_table(board: Board, most: int) -> str:
    """The HTML of the first rows of a board, for the page that leads to it."""
    columns = tables.places_of(board).chosen(())
    table = table_of(lines_of(replace(board, rows=board.rows[:most]), columns), columns)
    return render_to_string("boards/_table.html", {"table": table, "score_first": _score_first(board)})


def _download(request: HttpRequest, challenge: str, phase: str) -> tuple[Phase, Shown | None]:
    """The table that an address asks for; 404 where it asks for what there is not.

    Raises Refused while too many are computed.
    """
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
        if refused.code == refusals.BUSY:
            raise
        raise Http404(str(refused)) from refused
    downloadable = tuple(row for row in board.rows if board.sees(Aspect.DOWNLOADS, row))
    return found, tables.arranged(replace(board, rows=downloadable), asked.columns, asked.sort, asked.q)


@refusals.as_file
def leaderboard_json(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for programs; without entries while there is none."""
    found, shown = _download(request, challenge, phase)
    content = exports.board_json(found, shown)
    return JsonResponse(content, json_dumps_params={"allow_nan": False, "ensure_ascii": False})


@refusals.as_file
def leaderboard_csv(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """The board for spreadsheets; 404 while there is none."""
    shown = _shown_or_404(request, challenge, phase)
    response = _file(shown, "csv", "text/csv; charset=utf-8")
    response.writelines(exports.csv_lines(exports.board_csv(shown)))
    return response


@refusals.as_file
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
