"""What organizers announce to everybody."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leaderboard import rules
from leaderboard.domain import notifications
from leaderboard.forms import AnnounceForm
from leaderboard.views import access
from leaderboard.views.people import signed_in


def announcements(request: HttpRequest, challenge: str) -> HttpResponse:
    """All announcements of a challenge, newest first."""
    shown = access.challenge_or_404(challenge)
    context = {
        "challenge": shown,
        "announcements": shown.announcements.all(),
        "is_organizer": rules.is_organizer(request.user, shown),
    }
    return render(request, "notifications/announcements.html", context)


@login_required
def write(request: HttpRequest, challenge: str) -> HttpResponse:
    """Announce something: on its page, and to every participant as they chose."""
    shown = access.organized_or_404(request, challenge)
    form = AnnounceForm(request.POST or None)
    if form.is_valid():
        notifications.announce(shown, signed_in(request), **form.cleaned_data)
        messages.success(request, "Announced. Everybody who takes part is told.")
        return redirect("announcements", shown.slug)
    context = {"challenge": shown, "form": form, "heard": notifications.participants(shown).count()}
    return render(request, "notifications/announce.html", context)
