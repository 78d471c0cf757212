"""The organizer's overview, live."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.queries.cockpit import cockpit
from leaderboard.views import access


def index(request: HttpRequest, challenge: str) -> HttpResponse:
    """Phases, queues, workers, what needs a hand, room, mail."""
    shown = access.organized_or_404(request, challenge)
    return render(request, "organize/cockpit.html", {"challenge": shown, "cockpit": cockpit(shown)})


def live(request: HttpRequest, challenge: str) -> HttpResponse:
    """The part of the overview that is fetched again every few seconds."""
    shown = access.organized_or_404(request, challenge)
    return render(request, "organize/_cockpit.html", {"challenge": shown, "cockpit": cockpit(shown)})
