"""Ask before something is done: GET shows the question on a page of its own, POST does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from leaderboard.messages import Refused
from leaderboard.models import Challenge


@dataclass(frozen=True)
class Question:
    """What is asked; `button` says what is done, `back` is where one comes from and is led to."""

    challenge: Challenge
    title: str
    text: str
    button: str
    back: str
    crumb: str = ""
    danger: bool = False


Act = Callable[[Mapping[str, Any]], str]


def ask(request: HttpRequest, question: Question, form: forms.BaseForm, act: Act) -> HttpResponse:
    """Ask with a form; where it is valid, do `act`, whose words are told on the page one is led to.

    `form` is bound where the request is a POST. What is refused is told beside the form.
    """
    if request.method == "POST" and form.is_valid():
        try:
            done = act(form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect(own_page(request.POST) or question.back)
    return render(
        request, "confirm.html", {"question": question, "form": form, "challenge": question.challenge}
    )


def own_page(named: QueryDict) -> str:
    """The page of this site that `next` names to go on with; nothing where it leads elsewhere."""
    wanted = named.get("next", "")
    # A bare word would be taken for the name of a view.
    own = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if own else ""


class NothingAsked(forms.Form):
    """A question to which yes is the only answer."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept, and shown to the team."
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the public log of changes.",
    )
