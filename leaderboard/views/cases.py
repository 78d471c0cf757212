"""A case: the brains themselves and what every entry made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.domain.evaluation import plan
from leaderboard.domain.label_names import label_names
from leaderboard.enums import Aspect, PictureKind
from leaderboard.models import Case, Phase
from leaderboard.pictures.scales import label_colour
from leaderboard.queries import boards, cases, snapshots
from leaderboard.queries.boards import Board
from leaderboard.queries.cases import CaseEntry
from leaderboard.queries.values import values_of_case
from leaderboard.views import access, leaders, phases, pictures, refusals
from leaderboard.views.asked import until
from leaderboard.views.pictures import Strip

IN_COLUMN = 12


@refusals.in_words
def case(request: HttpRequest, challenge: str, case: str) -> HttpResponse:
    """One case before and after registration; a key that several datasets have asks which is meant."""
    shown = access.challenge_or_404(challenge)
    found = list(cases.cases_named(shown, case))
    asked = request.GET.get("dataset")
    of_asked = [one for one in found if asked in (None, one.dataset.slug)]
    if not of_asked:
        raise Http404
    if len(of_asked) > 1:
        return render(request, "cases/choose.html", {"challenge": shown, "key": case, "cases": of_asked})
    phase = access.asked_phase(request, of_asked[0].dataset)
    context = {
        "challenge": shown,
        "case": of_asked[0],
        "dataset": of_asked[0].dataset,
        "phase": phase,
        "tasks": cases.other_tasks(of_asked[0], phase),
        **_neighbours(of_asked[0]),
        **_before(of_asked[0]),
        **(_results(request, phase, of_asked[0]) if phase is not None else {}),
    }
    context |= {"leaders": _leaders(request, context), "viewer": _viewer(context)}
    context |= _panels(context)
    board = context.get("board")
    context["query"] = boards.query_of(phase, board.at if board else "")
    context["also"] = context["query"].replace("?", "&", 1)
    kept = {name: request.GET[name] for name in ("plane",) if name in request.GET}
    entries = {name: request.GET[name] for name in ("entry", "beside") if request.GET.get(name)}
    context["choices"] = phases.choices(
        request,
        access.phases_with(of_asked[0].dataset),
        phase,
        cases.OF_CASES,
        {"dataset": of_asked[0].dataset.slug, **kept},
        entries,
    )
    return render(request, "cases/case.html", context)


def _before(case: Case) -> dict[str, Any]:
    rendering = cases.own_rendering(case) if case.dataset.public else None
    done = rendering is not None and rendering.state == "done"
    return {
        "own": rendering,
        "before": list(pictures.strips(rendering, case.dataset.challenge.slug, f"case {case.key}").values())
        if done and rendering
        else [],
    }


def _results(request: HttpRequest, phase: Phase, case: Case) -> dict[str, Any]:
    """What the board of a phase says of a case, as far as the viewer may see it."""
    board = board_of_cases(request, phase)
    if board is None:
        return {"withheld": snapshots.is_withheld(phase)}
    values = values_of_case(board, case.dataset.slug, case.key)
    found = cases.entries_on(board, case, values)
    chosen = _chosen(request, found)
    return {
        "board": board,
        "ranked": board.veil.shows(Aspect.AGGREGATES),
        "own_address": access.own_address(request, board.veil),
        "metrics": [metric for metric in board.metrics if values and metric.name in values.values],
        "entries": found,
        "chosen": chosen,
        "sides": [_side(one, case) for one in chosen],
        "items": _items(case, chosen),
    }


def board_of_cases(request: HttpRequest, phase: Phase) -> Board | None:
    """The board with the entries of which single cases or pictures are shown; None where there is none.

    Now, or as it stood at the moment that `?at=` names. Raises Refused.
    """
    sight, at = access.sight(request, phase), until(request.GET.get("at", ""))
    if not any(map(sight.shows_some, cases.OF_CASES)):
        return None
    return boards.board_of(phase, sight, *cases.OF_CASES, at=at)


def _neighbours(case: Case) -> dict[str, Any]:
    """The cases before and after in their dataset, and the place among them."""
    keys = list(case.dataset.cases.order_by("position").values_list("key", flat=True))
    at = keys.index(case.key)
    return {
        "previous": keys[at - 1] if at else None,
        "next": keys[at + 1] if at + 1 < len(keys) else None,
        "position": at + 1,
        "count": len(keys),
    }


def _chosen(request: HttpRequest, found: Sequence[CaseEntry]) -> list[CaseEntry]:
    """The entries that `?entry=` and `?beside=` name; without them the first one with pictures."""
    by_slug = {one.slug: one for one in found}
    asked = [request.GET.get(name, "") for name in ("entry", "beside")]
    if any(slug and slug not in by_slug for slug in asked):
        raise Http404
    if not asked[0] and found:
        asked[0] = next((one for one in found if one.is_drawn), found[0]).slug
    return [by_slug[slug] for slug in dict.fromkeys(asked) if slug]


def _side(one: CaseEntry, case: Case) -> dict[str, Any]:
    if one.rendering is None or not one.is_drawn or not case.dataset.public:
        return {"entry": one, "strips": {}}
    challenge = case.dataset.challenge.slug
    return {
        "entry": one,
        "strips": pictures.strips(one.rendering, challenge, f"{one.row.method}, case {case.key}"),
    }


def _leaders(request: HttpRequest, context: dict[str, Any]) -> leaders.Leaders | None:
    """The first drawn entries, if there are two, side by side in the plane that `?plane=` names."""
    plane, entries = leaders.asked_plane(request), context.get("entries", [])
    first = leaders.leading([entries])
    if not context["before"] or len(first) < 2:
        return None
    chosen = [one for one in entries if one.slug in first]
    return leaders.side_by_side(context["own"], chosen, plane, context["case"])


@dataclass(frozen=True)
class Panel:
    """A strip and whose it is."""

    owner: str
    strip: Strip


def _panels(context: dict[str, Any]) -> dict[str, Any]:
    """What stands side by side: the case before and after one entry's field, or what two made of it.

    Kinds that both have come first, two and two; then what only one has.
    """
    before: Sequence[Strip] = context["before"]
    sides = [
        (side["entry"].row.method, side["strips"]) for side in context.get("sides", []) if side["strips"]
    ]
    is_first = len(sides) == len(context.get("sides", [])) == 1
    if is_first:
        sides.insert(
            0, ("Before", {strip.kind: strip for strip in before if strip.kind != PictureKind.FIXED})
        )
    kinds = list(dict.fromkeys(k for _, strips in sides for k in strips))
    both = [kind for kind in kinds if all(kind in strips for _, strips in sides)]
    found = [Panel(owner, strips[kind]) for kind in both for owner, strips in sides]
    found += [Panel(owner, strips[kind]) for owner, strips in sides for kind in strips if kind not in both]
    return {"panels": found, "with_before": is_first}


def _items(case: Case, chosen: Sequence[CaseEntry]) -> list[dict[str, Any]]:
    """Structures and landmarks of the case, the first entry's worst first, metric by metric."""
    names, evaluations = label_names(case.dataset), [one.evaluation for one in chosen]
    tables = []
    for metric in plan.measured_on(case):
        if metric.short not in ("DSC", "TRE") or not any(evaluations):
            continue
        name_of = partial(_label, names) if metric.short == "DSC" else _landmark
        items = cases.items_on(case, evaluations, metric.name, metric.labels, name_of)
        items.sort(key=partial(_goodness, 1 if metric.short == "DSC" else -1))
        worst, rest = items[: 2 * IN_COLUMN], items[2 * IN_COLUMN :]
        tables.append(
            {
                "metric": metric.short,
                "worst": _columns(worst, IN_COLUMN),
                "rest": _columns(rest, (len(rest) + 1) // 2),
                "others": len(rest),
            }
        )
    return tables


def _columns(items: Sequence[cases.Item], height: int) -> list[Sequence[cases.Item]]:
    return [items[at : at + height] for at in range(0, len(items), max(height, 1))]


def _label(names: Mapping[int, str], number: int) -> str:
    return names.get(number, f"Label {number}")


def _landmark(number: int) -> str:
    return f"Landmark {number}"


def _goodness(sign: int, item: cases.Item) -> tuple[bool, float]:
    """By the first entry's value. A label without one is not judged and stands last; a landmark is lost."""
    value = item.values[0]
    return (value is None) == (sign > 0), sign * (value or 0)


def _viewer(context: dict[str, Any]) -> dict[str, Any] | None:
    """What the viewer loads: the fixed image and, of the entry to look at, the way from moving to warped.

    Any entry with pictures can be looked at; the first one shown is the one to begin with.
    """
    case, sides = context["case"], context.get("sides", [])
    if not context["before"] or not any(side["strips"] for side in sides):
        return None
    challenge = case.dataset.challenge.slug
    own = pictures.volumes(context["own"], challenge)
    drawn = {one.slug: one for one in context["entries"] if one.is_drawn}
    begin = next(side["entry"].slug for side in sides if side["strips"])
    of_entries = {slug: pictures.volumes(one.rendering, challenge) for slug, one in drawn.items()}
    names = label_names(case.dataset)
    labels = sorted({label for one in plan.measured_on(case) for label in one.labels if label})
    fixed_labels = own.get(PictureKind.FIXED_LABELS_VOLUME)
    loaded = [*own.values(), *of_entries[begin].values()]
    return {
        "entries": [
            {"slug": slug, "method": one.row.method, "is_first": slug == begin} for slug, one in drawn.items()
        ],
        "bytes": sum(part["bytes"] for part in loaded),
        "thinning": context["own"].facts["thinning"],
        "json": {
            "fixed": own[PictureKind.FIXED_VOLUME]["url"],
            "fixedLabels": fixed_labels["url"] if fixed_labels else "",
            "entries": {
                slug: {
                    "morph": of_one[PictureKind.MORPH]["url"],
                    "labels": of_one[PictureKind.LABELS_VOLUME]["url"] if fixed_labels else "",
                }
                for slug, of_one in of_entries.items()
            },
            "colours": [label_colour(label) for label in labels] if fixed_labels else [],
            "names": [names.get(label, f"Label {label}") for label in labels] if fixed_labels else [],
        },
    }
