"""Submissions, as organizers look through them, and what they do with one."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from leaderboard.domain import attempts, stewardship, submissions
from leaderboard.models import Submission
from leaderboard.queries.organizing import submissions_of
from leaderboard.views import access
from leaderboard.views.confirm import NothingAsked, Question, ReasonForm, ask
from leaderboard.views.organize import found
from leaderboard.views.organize.forms import EntryForm, FilterForm, GrantForm
from leaderboard.views.people import signed_in

A_PAGE = 50


def listed(request: HttpRequest, challenge: str) -> HttpResponse:
    """All submissions, by phase, state, team and words."""
    shown = access.organized_or_404(request, challenge)
    form = FilterForm(request.GET, list(shown.phases.all()), list(shown.teams.all()))
    pages = Paginator(submissions_of(shown, **form.chosen()), A_PAGE)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "challenge": shown,
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "query": query.urlencode(),
    }
    return render(request, "organize/submissions.html", context)


@dataclass(frozen=True)
class Verb:
    """Something that is done with a submission: how it is asked, done and told."""

    title: str
    text: str
    button: str
    act: Callable[[Submission, User, str], None]
    done: str
    form: type[forms.Form] = NothingAsked
    danger: bool = False


VERBS: Mapping[str, Verb] = {
    "retry": Verb(
        "Try this submission again",
        "It goes on where it stopped; finished cases are kept.",
        "Try again",
        lambda submission, by, _: stewardship.retry(submission, by),
        "It is tried again.",
    ),
    "release": Verb(
        "Give this submission's work out anew",
        "Whoever holds a case of it cannot store anything any more; finished cases are kept.",
        "Give it out anew",
        lambda submission, by, _: stewardship.release(submission, by),
        "Its work is given out anew.",
    ),
    "cancel": Verb(
        "Cancel this submission",
        "It is not scored. Once a case of it was scored, the attempt stays used.",
        "Cancel the submission",
        lambda submission, by, _: submissions.cancel(submission, by),
        "It is cancelled.",
        danger=True,
    ),
    "disqualify": Verb(
        "Disqualify this submission",
        "It leaves the board, which is computed anew. The team reads your reason.",
        "Disqualify",
        stewardship.disqualify,
        "It is disqualified.",
        ReasonForm,
        danger=True,
    ),
    "reinstate": Verb(
        "Reinstate this submission",
        "It returns to the board, which is computed anew. The team reads your reason.",
        "Reinstate",
        stewardship.reinstate,
        "It is reinstated.",
        ReasonForm,
    ),
}


def act(request: HttpRequest, challenge: str, submission: uuid.UUID, verb: str) -> HttpResponse:
    """One of VERBS."""
    shown = found.submission_or_404(request, challenge, submission)
    if verb not in VERBS:
        raise Http404
    wanted = VERBS[verb]
    text = f"{shown.entry.name} of {shown.entry.team.name}, {shown.phase.name}. {wanted.text}"
    question = Question(
        shown.phase.challenge,
        wanted.title,
        text,
        wanted.button,
        shown.get_absolute_url(),
        shown.entry.name,
        wanted.danger,
    )

    def do(given: Mapping[str, Any]) -> str:
        wanted.act(shown, signed_in(request), given.get("reason", ""))
        return wanted.done

    return ask(request, question, wanted.form(request.POST if request.method == "POST" else None), do)


def grant(request: HttpRequest, challenge: str, team: str) -> HttpResponse:
    """Give a team further attempts."""
    shown = found.team_or_404(request, challenge, team)
    asked = {"phase": shown.challenge.phases.filter(slug=request.GET.get("phase", "")).first()}
    form = GrantForm(request.POST or None, challenge=shown.challenge, initial=asked)
    question = Question(
        shown.challenge,
        f"Give {shown.name} further attempts",
        "They count for one window from now on, and in the phase's total where it has one.",
        "Give them",
        shown.get_absolute_url(),
        shown.name,
    )

    def do(given: Mapping[str, Any]) -> str:
        attempts.grant(
            shown,
            given["phase"],
            signed_in(request),
            given["reason"],
            valid=given["valid"],
            invalid=given["invalid"],
        )
        return f"Given to {shown.name}; their ledger tells it."

    return ask(request, question, form, do)


def mark_entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """Mark an entry as a baseline, or take it out of competition."""
    shown = found.entry_or_404(request, challenge, entry)
    form = EntryForm(request.POST if request.method == "POST" else None, instance=shown)
    question = Question(
        shown.challenge,
        f"How {shown.name} stands on the board",
        f"An entry of {shown.team.name}. Out of competition it is shown without a rank of its own.",
        "Mark it so",
        reverse("organize_submissions", args=[challenge]),
        "Submissions",
    )

    def do(given: Mapping[str, Any]) -> str:
        stewardship.mark(
            shown,
            signed_in(request),
            given["reason"],
            baseline=given["baseline"],
            in_competition=given["in_competition"],
        )
        return f"{shown.name} is marked; the boards are computed anew."

    return ask(request, question, form, do)
