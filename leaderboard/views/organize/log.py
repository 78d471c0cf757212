"""What was changed, by whom, why: everything for organizers, the rules for all."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.queries.organizing import log_of
from leaderboard.views import access

A_PAGE = 50


def audit(request: HttpRequest, challenge: str) -> HttpResponse:
    """Everything that people changed in a challenge."""
    shown = access.organized_or_404(request, challenge)
    phase = request.GET.get("phase", "")
    page = Paginator(log_of(shown, phase=phase), A_PAGE).get_page(request.GET.get("page"))
    context = {"challenge": shown, "page": page, "phases": shown.phases.all(), "asked": phase}
    return render(request, "organize/log.html", context)


def changes(request: HttpRequest, challenge: str) -> HttpResponse:
    """The changes of what participants play by, for everybody."""
    shown = access.challenge_or_404(challenge)
    page = Paginator(log_of(shown, public_only=True), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "challenges/changes.html", {"challenge": shown, "page": page})
