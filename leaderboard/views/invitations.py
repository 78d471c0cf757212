"""Inviting to a team, and joining it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from leaderboard.accounts import INVITATION
from leaderboard.domain import invitations, teams
from leaderboard.forms import AcceptForm, InviteForm
from leaderboard.messages import WORDS, Refused
from leaderboard.models import Invitation
from leaderboard.templatetags.text import markdown
from leaderboard.views import access
from leaderboard.views.people import signed_in


@require_POST
@login_required
def invite(request: HttpRequest, team: str) -> HttpResponse:
    """Mail an invitation to an address."""
    shown = access.captained_team_or_404(request, team)
    form = InviteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This is no e-mail address. Look at it again.")
        return redirect(shown)
    try:
        invitations.invite(shown, signed_in(request), form.cleaned_data["email"])
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"An invitation is on its way to {form.cleaned_data['email']}.")
    return redirect(shown)


@require_POST
@login_required
def link(request: HttpRequest, team: str) -> HttpResponse:
    """Make a link to pass on."""
    shown = access.captained_team_or_404(request, team)
    try:
        invitations.make_link(shown, signed_in(request))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(f"{shown.get_absolute_url()}#invitations")


@require_POST
@login_required
def revoke(request: HttpRequest, team: str, invitation: int) -> HttpResponse:
    """Take an invitation of the team back."""
    shown = access.captained_team_or_404(request, team)
    taken_back = get_object_or_404(Invitation, pk=invitation, team=shown)
    try:
        invitations.revoke(taken_back, signed_in(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The invitation is taken back: nobody can join with it any more.")
    return redirect(shown)


@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Look at an invitation, and join with it; whoever has no account is led to make one and back here."""
    invitation = get_object_or_404(
        Invitation.objects.select_related("team__challenge", "invited_by__profile"), token=token
    )
    if not request.user.is_authenticated:
        request.session[INVITATION] = token
        return _page(request, invitation)
    request.session.pop(INVITATION, None)
    user = signed_in(request)
    if teams.team_of(user, invitation.team.challenge) == invitation.team:
        return redirect(invitation.team)
    form = AcceptForm(request.POST or None, challenge=invitation.team.challenge)
    if form.is_valid():
        try:
            team = invitations.accept(invitation, user, form.cleaned_data["version"])
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("invitation", token)
        messages.success(request, f"Welcome to {team.name}.")
        return redirect(team)
    return _page(request, invitation, form)


def _page(request: HttpRequest, invitation: Invitation, form: AcceptForm | None = None) -> HttpResponse:
    challenge, code = invitation.team.challenge, invitations.why_closed(invitation)
    context = {
        "invitation": invitation,
        "team": invitation.team,
        "challenge": challenge,
        "form": form,
        "closed": WORDS[code] if code else "",
        "terms_html": markdown(challenge.terms),
        "members": invitation.team.memberships.select_related("user__profile").order_by("joined_at"),
        "present": teams.team_of(signed_in(request), challenge) if form else None,
    }
    return render(request, "teams/invitation.html", context, status=410 if code else 200)
