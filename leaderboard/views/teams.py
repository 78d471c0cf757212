"""Founding a team, looking at it, and editing the cards of its entries."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leaderboard import rules
from leaderboard.domain import teams
from leaderboard.forms import EntryForm, TeamForm
from leaderboard.messages import Refused
from leaderboard.models import Submission
from leaderboard.templatetags.text import markdown
from leaderboard.views import access
from leaderboard.views.people import signed_in


@login_required
def create(request: HttpRequest, challenge: str) -> HttpResponse:
    """Found a team; whoever has one already is led to it."""
    entered = access.challenge_or_404(challenge)
    user = signed_in(request)
    present = teams.team_of(user, entered)
    if present is not None:
        return redirect(present)
    form = TeamForm(request.POST or None, challenge=entered)
    if form.is_valid():
        try:
            team = teams.found_team(
                user, entered, form.cleaned_data["name"], form.cleaned_data["affiliation"]
            )
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"Welcome, {team.name}. You can submit now.")
            return redirect(team)
    context = {"challenge": entered, "form": form, "terms_html": markdown(entered.terms)}
    return render(request, "teams/create.html", context)


def detail(request: HttpRequest, team: str) -> HttpResponse:
    """A team's own page: its members, entries and submissions."""
    shown = access.team_or_404(request, team)
    context = {
        "team": shown,
        "challenge": shown.challenge,
        "memberships": shown.memberships.select_related("user").order_by("role", "joined_at"),
        "entries": shown.entries.all(),
        "submissions": Submission.objects.filter(entry__team=shown).select_related(
            "entry", "phase__challenge"
        ),
        "is_member": rules.is_member(request.user, shown),
    }
    return render(request, "teams/detail.html", context)


@login_required
def edit_entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """Change the card of one of the team's entries."""
    edited = access.own_entry_or_404(request, challenge, entry)
    form = EntryForm(request.POST or None, instance=edited)
    if form.is_valid():
        form.save()
        messages.success(request, f"The card of {edited.name} is changed.")
        return redirect(edited)
    return render(
        request, "teams/edit_entry.html", {"form": form, "entry": edited, "challenge": edited.challenge}
    )
