"""Scoring anew: begun in the shadow, looked at, applied or discarded."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from leaderboard.domain import rescoring
from leaderboard.messages import Refused
from leaderboard.models import Rescoring, Snapshot
from leaderboard.queries.organizing import is_id, rescorings_of
from leaderboard.views import access
from leaderboard.views.confirm import NothingAsked, Question, ReasonForm, ask
from leaderboard.views.organize import found
from leaderboard.views.organize.forms import RescoreForm
from leaderboard.views.people import signed_in

AN_HOUR = 3600


def listed(request: HttpRequest, challenge: str) -> HttpResponse:
    """All rescorings, newest first."""
    shown = access.organized_or_404(request, challenge)
    context = {"challenge": shown, "rescorings": rescorings_of(shown), "phases": shown.phases.all()}
    return render(request, "organize/rescorings.html", context)


def start(request: HttpRequest, challenge: str, phase: str) -> HttpResponse:
    """Choose what is scored anew, and why."""
    shown = found.phase_or_404(request, challenge, phase)
    asked = [word for word in request.GET.getlist("submission") if is_id(word)]
    form = RescoreForm(request.POST or None, phase=shown, initial={"submissions": asked})
    if form.is_valid():
        chosen = form.cleaned_data["submissions"] or None
        try:
            begun = rescoring.start(shown, signed_in(request), form.cleaned_data["reason"], chosen)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The rescoring has begun. The board stays as it is until you apply it.")
            return redirect("organize_rescoring", challenge, begun.pk)
    return render(
        request, "organize/rescore.html", {"challenge": shown.challenge, "phase": shown, "form": form}
    )


def detail(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """How far a rescoring is; then what it does to every entry."""
    shown = found.rescoring_or_404(request, challenge, pk)
    finished = rescoring.is_finished(shown)
    context = {
        "challenge": shown.phase.challenge,
        "rescoring": shown,
        "finished": finished,
        "given_up": rescoring.given_up(shown) if shown.applied is None else [],
        "moves": _moves(shown) if finished and shown.applied is None else None,
    }
    name = "organize/_rescoring.html" if request.headers.get("HX-Request") else "organize/rescoring.html"
    return render(request, name, context)


def _moves(shown: Rescoring) -> dict[str, Any]:
    """Two boards take seconds to compute: kept until another board is."""
    newest = Snapshot.objects.filter(phase=shown.phase).values_list("pk", flat=True).first()
    finished = shown.evaluations.filter(finished_at__isnull=False).count()
    key = f"rescoring/{shown.pk}/{newest}/{finished}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        moves = rescoring.moves(shown)
        kept = {
            "metrics": list(moves[0].after["metrics"]) if moves else [],
            "rows": [_row(move) for move in moves],
        }
        cache.set(key, kept, AN_HOUR)
    return kept


def _row(move: rescoring.Move) -> dict[str, Any]:
    """One entry before and after, as the table prints it."""
    names = move.after["metrics"]
    means = [(_mean(move.before, name), _mean(move.after, name)) for name in names]
    return {
        "method": move.method,
        "entry": move.entry,
        "ranks": (move.before.get("rank"), move.after.get("rank")),
        "scores": (move.before.get("score"), move.after.get("score")),
        "places": move.places,
        "means": means,
    }


def _mean(entry: Mapping[str, Any], name: str) -> float | None:
    found_: float | None = entry["metrics"].get(name, {}).get("mean")
    return found_


Decide = Callable[[Rescoring, Any, str], None]


def apply(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """Make the new values count."""
    text = "The new values count from now on and the board is computed anew. The old evaluations are kept."
    return _decide(request, challenge, pk, "Apply", text, rescoring.apply, "The new values count now.")


def discard(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """Leave everything as it is."""
    text = "Everything stays as it is. What was computed is kept, but counts nowhere."
    return _decide(request, challenge, pk, "Discard", text, rescoring.discard, "It is discarded.")


def _decide(
    request: HttpRequest, challenge: str, pk: int, button: str, text: str, decide: Decide, done: str
) -> HttpResponse:
    shown = found.rescoring_or_404(request, challenge, pk)

    def do(given: Mapping[str, Any]) -> str:
        decide(shown, signed_in(request), given["reason"])
        return done

    form = ReasonForm(request.POST or None)
    return ask(
        request, _question(shown, f"{button} the rescoring of {shown.phase.name}", text, button), form, do
    )


def release(request: HttpRequest, challenge: str, pk: int) -> HttpResponse:
    """Give out anew what no worker tries any more."""
    shown = found.rescoring_or_404(request, challenge, pk)

    def do(given: Mapping[str, Any]) -> str:
        rescoring.release(shown, signed_in(request))
        return "What is left is given out anew."

    text = "Cases that were tried too often are tried again; finished ones are kept."
    question = _question(shown, "Give the rest of the rescoring out anew", text, "Give it out anew")
    form: forms.Form = NothingAsked(request.POST if request.method == "POST" else None)
    return ask(request, question, form, do)


def _question(shown: Rescoring, title: str, text: str, button: str) -> Question:
    challenge = shown.phase.challenge
    back = reverse("organize_rescoring", args=[challenge.slug, shown.pk])
    return Question(challenge, title, text, button, back, "Rescoring", danger=button == "Apply")
