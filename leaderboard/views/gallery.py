"""The gallery: where an entry goes wrong, case by case, with the picture that tells most."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.enums import Aspect
from leaderboard.models import Dataset
from leaderboard.queries import cases, challenges
from leaderboard.queries.boards import Board, Metric
from leaderboard.queries.values import CaseValues, values_on
from leaderboard.views import access, pictures, refusals
from leaderboard.views import phases as switch
from leaderboard.views.cases import board_of_cases

IN_GALLERY = 4
SHOWN = ("DSC", "HD95", "TRE", "NDV")


@refusals.in_words
def gallery(request: HttpRequest, challenge: str) -> HttpResponse:
    """The worst cases of an entry by accuracy and regularity (or `?metric=`), dataset by dataset."""
    shown = access.challenge_or_404(challenge)
    phases = [row.phase for row in challenges.phases_of(shown)]
    phase = challenges.phase_asked(phases, request.GET.get("phase"), partial(access.sight, request))
    if phase is None:
        if request.GET.get("phase"):
            raise Http404
        return render(request, "cases/gallery.html", {"challenge": shown})
    board = board_of_cases(request, phase)
    context: dict[str, Any] = {"challenge": shown, "phase": phase, "board": board}
    if board is not None:
        context["own_address"] = access.own_address(request, board.veil)
        context |= _gallery(request, board)
    entries = {"entry": request.GET["entry"]} if request.GET.get("entry") else {}
    context["choices"] = switch.choices(request, phases, phase, cases.OF_CASES, entries=entries)
    return render(request, "cases/gallery.html", context)


def _gallery(request: HttpRequest, board: Board) -> dict[str, Any]:
    rows = [row for row in board.rows if board.sees(Aspect.PER_CASE, row)]
    if not rows:
        return {"rows": []}
    entry = request.GET.get("entry", rows[0].entry)
    row = next((row for row in rows if row.entry == entry), None)
    slugs = [dataset.slug for dataset in board.datasets]
    asked, by = request.GET.get("dataset", ""), request.GET.get("metric", "")
    metrics = [metric for metric in board.metrics if metric.name in SHOWN]
    if row is None or asked not in ("", *slugs) or by not in ("", *(metric.name for metric in metrics)):
        raise Http404
    known = board.phase.challenge.datasets.select_related("challenge").filter(slug__in=slugs)
    datasets = {dataset.slug: dataset for dataset in known}
    evaluations = cases.evaluations_of(board)
    standing = cases.drawn_of(board, evaluations)
    evaluation = standing.get(entry) if board.sees(Aspect.PICTURES, row) else None
    wanted = [datasets[slug] for slug in slugs if slug in datasets and asked in ("", slug)]
    values = values_on(board, [dataset.slug for dataset in wanted], [entry])
    groups = [
        group
        for dataset in wanted
        if dataset.slug in values
        for group in _worst_of(
            [metric for metric in metrics if by in ("", metric.name)],
            dataset,
            values[dataset.slug],
            entry,
            evaluation,
        )
    ]
    return {
        "rows": rows,
        "row": row,
        "datasets": board.datasets,
        "asked": asked,
        "metrics": metrics,
        "by": by,
        "groups": groups,
        "replaced": evaluations.get(entry) != standing.get(entry),
    }


def _worst_of(
    metrics: Sequence[Metric],
    dataset: Dataset,
    values: CaseValues,
    entry: str,
    evaluation: int | None,
) -> list[dict[str, Any]]:
    """Of one dataset, metric by metric."""
    found = {metric.name: cases.worst(values, metric, entry, IN_GALLERY) for metric in metrics}
    keys = {key for pairs in found.values() for key, _ in pairs}
    drawn = cases.renderings_of(evaluation, dataset, keys) if evaluation and dataset.public else {}
    groups = []
    for metric in metrics:
        cards = [
            {"case": key, "value": value, "view": _thumbnail(drawn.get(key), dataset, metric.name)}
            for key, value in found[metric.name]
        ]
        perfect = all(value == 0 for value in values.values.get(metric.name, {}).get(entry, [None]))
        if cards:
            groups.append(
                {
                    "dataset": dataset,
                    "metric": metric,
                    "cards": cards,
                    "perfect": perfect and metric.direction == "lower",
                }
            )
    return groups


def _thumbnail(rendering: Any, dataset: Dataset, metric: str) -> pictures.View | None:
    if rendering is None:
        return None
    strips = pictures.strips(rendering, dataset.challenge.slug, f"case {rendering.case.key}")
    strip = strips.get(cases.TELLING[metric])
    return strip.views[0] if strip else None
