"""Founding a team, looking at it, who is in it, and editing the cards of its entries."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from leaderboard import rules
from leaderboard.domain import teams
from leaderboard.forms import DescribeTeamForm, EntryForm, InviteForm, TeamForm
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Submission, Team
from leaderboard.queries.ledger import ledgers_of
from leaderboard.templatetags.text import markdown
from leaderboard.views import access
from leaderboard.views.people import signed_in
from leaderboard.words import person

A_PAGE = 50


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
            team = _founded(user, entered, **form.cleaned_data)
        except Refused as refused:
            if refused.code == "terms_changed":
                # The form names the version that was read: another form, for the terms that are shown now.
                form = TeamForm(initial=form.cleaned_data | {"terms": False}, challenge=entered)
                messages.error(request, str(refused))
            else:
                form.add_error("name", str(refused))
        else:
            messages.success(request, f"Welcome, {team.name}. You can submit now.")
            return redirect(team)
    context = {"challenge": entered, "form": form, "terms_html": markdown(entered.terms)}
    return render(request, "teams/create.html", context)


def _founded(
    user: User, challenge: Challenge, *, name: str, affiliation: str, version: int, **_: bool
) -> Team:
    return teams.found_team(user, challenge, name, affiliation, version)


def detail(request: HttpRequest, team: str) -> HttpResponse:
    """A team's own page: its members, invitations, entries, submissions and attempts."""
    shown = access.team_or_404(request, team)
    if shown.merged_into is not None:
        return redirect(shown.merged_into)
    may_manage = rules.is_captain(request.user, shown)
    context: dict[str, Any] = {
        "team": shown,
        "challenge": shown.challenge,
        "memberships": shown.memberships.select_related("user__profile").order_by("role", "joined_at"),
        "entries": shown.entries.select_related("challenge"),
        "submissions": Paginator(_submissions(shown), A_PAGE).get_page(request.GET.get("page")),
        "ledgers": ledgers_of(shown, timezone.now()),
        "is_member": rules.is_member(request.user, shown),
        "may_manage": may_manage,
    }
    if may_manage:
        context |= {"invite_form": InviteForm(), "invitations": _open_invitations(request, shown)}
    return render(request, "teams/detail.html", context)


def _submissions(team: Team) -> "QuerySet[Submission]":
    found = Submission.objects.filter(entry__team=team).defer("problems")
    return found.select_related("entry", "phase__challenge")


def _open_invitations(request: HttpRequest, team: Team) -> list[dict[str, Any]]:
    """The open ones; the address of a link is shown, that of a mailed one is its receiver's alone."""
    found = team.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return [
        {"row": each, "link": "" if each.email else request.build_absolute_uri(f"/invitations/{each.token}/")}
        for each in found
    ]


@login_required
def edit(request: HttpRequest, team: str) -> HttpResponse:
    """Rename a team or change its affiliation."""
    shown = access.captained_team_or_404(request, team)
    initial = {"name": shown.name, "affiliation": shown.affiliation}
    form = DescribeTeamForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            teams.describe(shown, signed_in(request), **form.cleaned_data)
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, "The team is changed. Boards follow in a moment.")
            return redirect(shown)
    return render(request, "teams/edit.html", {"team": shown, "challenge": shown.challenge, "form": form})


@login_required
def leave(request: HttpRequest, team: str) -> HttpResponse:
    """Leave the own team, once confirmed."""
    shown = access.team_or_404(request, team)
    user = signed_in(request)
    if request.method == "POST":
        try:
            teams.leave(shown, user)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(shown)
        messages.success(request, f"You have left {shown.name}.")
        return redirect(shown.challenge)
    alone = shown.memberships.count() == 1
    loses = "You lose sight of its submissions and files. What you submitted stays with the team."
    return _confirm(
        request,
        shown,
        f"Leave {shown.name}",
        "Nobody is left in it then: the team is dissolved with its entries." if alone else loses,
        "Leave the team",
    )


@login_required
def remove(request: HttpRequest, team: str, user: int) -> HttpResponse:
    """Take a member out of the team, once confirmed."""
    shown = access.captained_team_or_404(request, team)
    member = _member_or_404(shown, user)
    if request.method == "POST":
        done = f"{person(member)} is removed."
        return _do(request, shown, lambda by: teams.remove(shown, member, by), done)
    text = "They lose sight of the team's submissions and files. What they submitted stays with the team."
    return _confirm(request, shown, f"Remove {person(member)}", text, "Remove from the team")


@login_required
def hand_over(request: HttpRequest, team: str, user: int) -> HttpResponse:
    """Make another member the captain, once confirmed."""
    shown = access.captained_team_or_404(request, team)
    member = _member_or_404(shown, user)
    if request.method == "POST":
        done = f"{person(member)} is the captain now."
        return _do(request, shown, lambda by: teams.hand_over(shown, member, by), done)
    text = "The captain invites, removes and renames. You stay a member and can only be made captain by them."
    return _confirm(request, shown, f"Make {person(member)} the captain", text, "Hand over")


def _member_or_404(team: Team, user: int) -> User:
    return get_object_or_404(User.objects.select_related("profile"), pk=user, memberships__team=team)


def _do(request: HttpRequest, team: Team, verb: Any, done: str) -> HttpResponse:
    try:
        verb(signed_in(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect(team)


def _confirm(request: HttpRequest, team: Team, title: str, text: str, button: str) -> HttpResponse:
    context = {"team": team, "challenge": team.challenge, "title": title, "text": text, "button": button}
    return render(request, "teams/confirm.html", context)


@login_required
def edit_entry(request: HttpRequest, challenge: str, entry: str) -> HttpResponse:
    """Change the card of one of the team's entries."""
    edited = access.own_entry_or_404(request, challenge, entry)
    form = EntryForm(request.POST or None, instance=edited)
    if form.is_valid():
        try:
            teams.describe_entry(edited, signed_in(request), **form.cleaned_data)
        except Refused as refused:
            edited.refresh_from_db(fields=["name"])
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"The card of {edited.name} is changed. Boards follow in a moment.")
            return redirect(edited)
    return render(
        request, "teams/edit_entry.html", {"form": form, "entry": edited, "challenge": edited.challenge}
    )
