"""What a team does with its own submission after it was scored; organizers have pages of their own."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from leaderboard import rules
from leaderboard.domain import stewardship, submissions
from leaderboard.messages import Refused
from leaderboard.models import Submission
from leaderboard.views import access
from leaderboard.views.confirm import NothingAsked, Question, ask
from leaderboard.views.people import signed_in


@dataclass(frozen=True)
class Exit:
    title: str
    text: str
    button: str
    act: Callable[[Submission, User], None]
    done: str
    danger: bool = True


WITHDRAW = Exit(
    "Withdraw this submission",
    "It leaves the board for good and cannot be brought back. Its attempt stays used; an earlier submission "
    "of the entry stands in for it, if there is one.",
    "Withdraw it",
    stewardship.withdraw,
    "It is withdrawn; the board is being computed anew.",
)
CHOOSE = Exit(
    "Choose this submission for the board",
    "It stands for its entry from now on, in place of the one that stands there now. You can choose again "
    "while the phase is open.",
    "Choose it",
    stewardship.choose,
    "It is chosen; the board is being computed anew.",
    danger=False,
)
CANCEL = Exit(
    "Cancel this submission",
    "It is not scored. The attempt is given back unless a case of it was scored already.",
    "Cancel the submission",
    submissions.cancel,
    "It is cancelled.",
)


def withdraw(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """Take a scored submission of the own team off the board."""
    return _leave(request, submission, WITHDRAW)


def choose(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """Make a scored submission of the own team the one on the board."""
    return _leave(request, submission, CHOOSE)


def cancel(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """Call off a submission of the own team."""
    return _leave(request, submission, CANCEL)


@require_POST
def again(request: HttpRequest, submission: uuid.UUID) -> HttpResponse:
    """Have a file of the own team scored that was called off because it was scored before."""
    shown = _own_or_404(request, submission)
    try:
        made = submissions.score_again(shown, signed_in(request))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(shown)
    messages.success(request, "The file is scored again; it uses an attempt.")
    return redirect(made)


def _own_or_404(request: HttpRequest, pk: uuid.UUID) -> Submission:
    shown = access.submission_or_404(request, pk)
    if not rules.is_member(request.user, shown.entry.team):
        raise Http404
    return shown


def _leave(request: HttpRequest, pk: uuid.UUID, wanted: Exit) -> HttpResponse:
    shown = _own_or_404(request, pk)
    question = Question(
        shown.phase.challenge,
        wanted.title,
        f"{shown.entry.name}, {shown.filename}. {wanted.text}",
        wanted.button,
        shown.get_absolute_url(),
        shown.entry.name,
        wanted.danger,
    )

    def do(given: Mapping[str, Any]) -> str:
        wanted.act(shown, signed_in(request))
        return wanted.done

    return ask(request, question, NothingAsked(request.POST if request.method == "POST" else None), do)
