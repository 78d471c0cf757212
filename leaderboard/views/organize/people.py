"""Who takes part, and which terms they accepted when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.queries.organizing import participants_of
from leaderboard.views import access


def participants(request: HttpRequest, challenge: str) -> HttpResponse:
    """Everybody in a team, team by team."""
    shown = access.organized_or_404(request, challenge)
    people = participants_of(shown)
    context = {
        "challenge": shown,
        "participants": people,
        "teams": len({one.membership.team_id for one in people}),
    }
    return render(request, "organize/participants.html", context)
