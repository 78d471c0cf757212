"""Phases: made, changed, cloned, ordered, paused, frozen, published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from leaderboard.domain import phases, ranking
from leaderboard.enums import Aspect, Audience
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Phase, RankingScheme
from leaderboard.queries import challenges
from leaderboard.queries.organizing import log_of
from leaderboard.views import access
from leaderboard.views.confirm import NothingAsked, OptionalReasonForm, Question, ask
from leaderboard.views.organize import found
from leaderboard.views.organize.phase_forms import NameForm, PhaseForm
from leaderboard.views.people import signed_in


def listed(request: HttpRequest, challenge: str) -> HttpResponse:
    """All phases in their order."""
    shown = access.organized_or_404(request, challenge)
    context = {"challenge": shown, "rows": challenges.phases_of(shown)}
    return render(request, "organize/phases.html", context)


def detail(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """One phase: its state, what can be done with it, what it is set to, who sees what."""
    shown = found.phase_or_404(request, challenge, phase)
    context = {
        "challenge": shown.challenge,
        "phase": shown,
        "row": challenges.phase_row(shown),
        "matrix": _matrix(shown),
        "audiences": [audience for audience in Audience if audience is not Audience.ORGANIZERS],
        "datasets": challenges.datasets_of(shown.challenge).filter(phases=shown),
        "events": log_of(shown.challenge, phase=shown.slug)[:10],
        "now": timezone.now(),
    }
    return render(request, "organize/phase.html", context)


def _matrix(phase: Phase) -> list[tuple[str, list[bool]]]:
    audiences = [audience for audience in Audience if audience is not Audience.ORGANIZERS]
    shown = {aspect: phase.visibility.get(aspect, ()) for aspect in Aspect}
    return [(aspect.label, [audience in shown[aspect] for audience in audiences]) for aspect in Aspect]


def create(request: HttpRequest, challenge: str) -> HttpResponse:
    """A new phase."""
    owner = access.organized_or_404(request, challenge)
    blank = Phase(challenge=owner, opens_at=timezone.now(), scheme=_schemes()["recommended"])
    form = PhaseForm(request.POST or None, instance=blank, challenge=owner)
    if form.is_valid():
        try:
            made = _created(request, owner, form)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{made.name} is made.")
            return redirect("organize_phase", owner.slug, made.slug)
    return render(request, "organize/phase_form.html", {"challenge": owner, "form": form})


def _created(request: HttpRequest, owner: Challenge, form: PhaseForm) -> Phase:
    name, datasets = form.cleaned_data["name"], form.cleaned_data["datasets"]
    return phases.create(
        owner, signed_in(request), name, datasets, position=owner.phases.count(), **form.facts()
    )


def edit(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Change a phase; each change is logged with its reason."""
    shown = found.phase_or_404(request, challenge, phase)
    _schemes()
    name = shown.name
    form = PhaseForm(request.POST or None, instance=shown, challenge=shown.challenge)
    if form.is_valid():
        try:
            changed = _changed(request, shown, form)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"Changed: {', '.join(changed)}." if changed else "Nothing was changed."
            )
            return redirect("organize_phase", challenge, phase)
    context = {"challenge": shown.challenge, "phase": shown, "name": name, "form": form}
    return render(request, "organize/phase_form.html", context)


def _changed(request: HttpRequest, phase: Phase, form: PhaseForm) -> list[str]:
    cleaned = form.cleaned_data
    changed = phases.edit(phase, signed_in(request), form.changes(), cleaned["reason"], cleaned["datasets"])
    return [field.replace("_", " ") for field in changed]


def _schemes() -> dict[str, RankingScheme]:
    """The rows of the named schemes, made where they are missing; one of each status."""
    return {scheme["status"]: ranking.preset(scheme["name"]) for scheme in ranking.schemes()}


def clone(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """A paused copy of a phase under another name."""
    shown = found.phase_or_404(request, challenge, phase)
    question = Question(
        shown.challenge,
        f"Clone {shown.name}",
        "The new phase has the same rules, dates and datasets, and begins paused.",
        "Make the new phase",
        reverse("organize_phases", args=[challenge]),
        "Phases",
    )

    def act(given: Mapping[str, Any]) -> str:
        return f"{phases.clone(shown, signed_in(request), given['name']).name} is made. It is paused."

    return ask(request, question, NameForm(request.POST or None), act)


@require_POST
def order(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Move a phase one place up."""
    shown = found.phase_or_404(request, challenge, phase)
    pks = list(shown.challenge.phases.values_list("pk", flat=True))
    place = pks.index(shown.pk)
    if place > 0:
        pks[place - 1], pks[place] = pks[place], pks[place - 1]
        phases.reorder(shown.challenge, pks)
    return redirect("organize_phases", challenge)


@dataclass(frozen=True)
class Verb:
    """Something that is done with a phase at once: how it is asked, done and told."""

    title: str
    text: str
    button: str
    act: Callable[[Phase, User, str], object]
    done: str
    danger: bool = False
    asks_why: bool = True


VERBS: Mapping[str, Verb] = {
    "pause": Verb(
        "Pause {phase}",
        "Nothing more is taken in. What is at work goes on, the dates stay as they are, and uploads that "
        "have begun wait.",
        "Pause",
        lambda phase, by, reason: phases.edit(phase, by, {"paused": True}, reason),
        "{phase} is paused.",
    ),
    "resume": Verb(
        "Resume {phase}",
        "Submissions are taken in again, as the dates say.",
        "Resume",
        lambda phase, by, reason: phases.edit(phase, by, {"paused": False}, reason),
        "{phase} goes on.",
    ),
    "freeze": Verb(
        "Freeze the board of {phase}",
        "From now on others than organizers see the board as it is at this moment, until it is published.",
        "Freeze now",
        phases.freeze,
        "The board of {phase} is frozen.",
        danger=True,
    ),
    "publish": Verb(
        "Publish {phase}",
        "From now on everybody sees results as the visibility matrix says, the present board and not a "
        "frozen one. What has been seen cannot be taken back.",
        "Publish now",
        phases.publish,
        "{phase} is published.",
        danger=True,
    ),
    "recompute": Verb(
        "Compute the board of {phase} anew",
        "The ranking is made again from the results as they are; no case is scored again.",
        "Compute it anew",
        lambda phase, by, _: phases.recompute(phase, by),
        "The board of {phase} is being computed.",
        asks_why=False,
    ),
}


def act(request: HttpRequest, challenge: str, phase: str, verb: str) -> HttpResponse:
    """One of VERBS."""
    shown = found.phase_or_404(request, challenge, phase)
    if verb not in VERBS:
        raise Http404
    wanted, name = VERBS[verb], shown.name
    question = Question(
        shown.challenge,
        wanted.title.format(phase=name),
        wanted.text,
        wanted.button,
        reverse("organize_phase", args=[challenge, phase]),
        name,
        wanted.danger,
    )

    def do(given: Mapping[str, Any]) -> str:
        wanted.act(shown, signed_in(request), given.get("reason", ""))
        return wanted.done.format(phase=name)

    form = OptionalReasonForm if wanted.asks_why else NothingAsked
    return ask(request, question, form(request.POST if request.method == "POST" else None), do)
