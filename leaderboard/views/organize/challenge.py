"""The challenge itself: made, described, its terms, who runs it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from leaderboard.domain import challenges
from leaderboard.messages import Refused
from leaderboard.models import Challenge
from leaderboard.views import access
from leaderboard.views.confirm import NothingAsked, Question, ask
from leaderboard.views.people import signed_in
from leaderboard.words import person


class ChallengeForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """What a challenge says of itself, and its terms."""

    class Meta:
        model = Challenge
        fields = ["name", "title", "summary", "description", "notice", "team_size_limit", "terms"]
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 10}),
            "terms": forms.Textarea(attrs={"rows": 10}),
        }
        labels = {"team_size_limit": "Members of a team at most"}
        help_texts = {
            "name": "Short, such as LUMIR.",
            "title": "Stands on top of the challenge's pages.",
            "summary": "One or two sentences below the title.",
        }

    def clean(self) -> dict[str, Any]:
        # Browsers send other line ends than are stored: text that nobody touched must not look changed.
        cleaned = super().clean() or self.cleaned_data
        return {
            name: value.replace("\r\n", "\n") if isinstance(value, str) else value
            for name, value in cleaned.items()
        }


class EditChallengeForm(ChallengeForm):
    reason = forms.CharField(
        max_length=300,
        required=False,
        label="Why you change it",
        help_text="Stands in the public log where terms or team size change.",
    )


class OrganizerForm(forms.Form):
    who = forms.CharField(
        max_length=254, label="User name or e-mail address", help_text="Of somebody who has an account here."
    )


def create(request: HttpRequest) -> HttpResponse:
    """A new challenge; for whoever runs the site."""
    if not request.user.is_superuser:
        raise Http404
    form = ChallengeForm(request.POST or None)
    if form.is_valid():
        made = challenges.create(signed_in(request), **form.cleaned_data)
        messages.success(request, f"{made.name} is made. Import its datasets next, then make a phase.")
        return redirect("organize", made.slug)
    return render(request, "organize/challenge_new.html", {"form": form})


def edit(request: HttpRequest, challenge: str) -> HttpResponse:
    """Change what a challenge says, its terms and the size of teams; see who runs it."""
    shown = access.organized_or_404(request, challenge)
    form = EditChallengeForm(request.POST or None, instance=shown)
    if form.is_valid():
        reason = form.cleaned_data.pop("reason")
        changed = challenges.edit(shown, signed_in(request), form.cleaned_data, reason)
        words = ", ".join(name.replace("_", " ") for name in changed)
        messages.success(request, f"Changed: {words}." if changed else "Nothing was changed.")
        return redirect("organize_challenge", challenge)
    return _page(request, shown, form, OrganizerForm())


def _page(
    request: HttpRequest, challenge: Challenge, form: EditChallengeForm, organizer_form: OrganizerForm
) -> HttpResponse:
    context = {
        "challenge": challenge,
        "form": form,
        "organizer_form": organizer_form,
        "organizers": challenge.organizers.select_related("profile").order_by("username"),
    }
    return render(request, "organize/challenge.html", context)


@require_POST
def add_organizer(request: HttpRequest, challenge: str) -> HttpResponse:
    """Let another person run the challenge, too."""
    shown = access.organized_or_404(request, challenge)
    form = OrganizerForm(request.POST)
    if form.is_valid():
        try:
            added = challenges.add_organizer(shown, signed_in(request), form.cleaned_data["who"])
        except Refused as refused:
            form.add_error("who", str(refused))
        else:
            messages.success(request, f"{person(added)} is an organizer now.")
            return redirect("organize_challenge", challenge)
    return _page(request, shown, EditChallengeForm(instance=shown), form)


def remove_organizer(request: HttpRequest, challenge: str, user: int) -> HttpResponse:
    """Take a person out of the organizers, once confirmed."""
    shown = access.organized_or_404(request, challenge)
    organizer = get_object_or_404(User, pk=user, organized_challenges=shown)
    question = Question(
        shown,
        f"Take {person(organizer)} out of the organizers",
        "They see and change nothing of this challenge any more but what everybody does.",
        "Take out",
        reverse("organize_challenge", args=[challenge]),
        "Challenge",
        danger=True,
    )

    def act(_: Mapping[str, Any]) -> str:
        challenges.remove_organizer(shown, signed_in(request), organizer)
        return f"{person(organizer)} is no organizer any more."

    return ask(request, question, NothingAsked(request.POST if request.method == "POST" else None), act)
