"""What organizers do with teams: each step is shown with what it does before it is done."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from leaderboard.domain import mergers
from leaderboard.domain.attempts import attempts, united
from leaderboard.forms import MergeForm, MoveForm
from leaderboard.messages import Refused
from leaderboard.models import Team
from leaderboard.views import access
from leaderboard.views.people import signed_in


@login_required
def merge(request: HttpRequest, challenge: str) -> HttpResponse:
    """Merge two teams; the first answer shows what will be, the confirmed one does it."""
    shown = access.organized_or_404(request, challenge)
    form = MergeForm(request.POST or None, challenge=shown)
    context = {"challenge": shown, "form": form, "title": "Merge two teams"}
    if form.is_valid():
        into, merged, reason = (form.cleaned_data[name] for name in ("into", "merged", "reason"))
        if "confirmed" in request.POST:
            try:
                mergers.merge(into, merged, signed_in(request), reason)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{merged.name} is now part of {into.name}.")
                return redirect(into)
        elif into == merged:
            form.add_error("merged", "Choose two different teams.")
        else:
            context |= {"into": into, "merged": merged, "phases": _united(into, merged), "confirm": True}
    return render(request, "teams/merge.html", context)


def _united(into: Team, merged: Team) -> list[dict[str, object]]:
    """What both teams have used of each phase's attempts, and together."""
    now, pair = timezone.now(), (into, merged)
    rows = []
    for phase in into.challenge.phases.all():
        used = [attempts(team, phase, now).used for team in pair]
        rows.append({"phase": phase, "used": used, "together": united(phase, now, *pair)})
    return rows


@login_required
def move(request: HttpRequest, challenge: str) -> HttpResponse:
    """Move a member to another team; the first answer shows what will be, the confirmed one does it."""
    shown = access.organized_or_404(request, challenge)
    form = MoveForm(request.POST or None, challenge=shown)
    context = {"challenge": shown, "form": form, "title": "Move a member"}
    if form.is_valid():
        member, to, reason = (form.cleaned_data[name] for name in ("member", "to", "reason"))
        if "confirmed" in request.POST:
            try:
                mergers.move_member(member.user, to, signed_in(request), reason)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{member.user.get_username()} is now in {to.name}.")
                return redirect(to)
        elif member.team == to:
            form.add_error("to", "This is the team they are in.")
        else:
            context |= {"member": member, "to": to, "confirm": True}
    return render(request, "teams/move.html", context)
