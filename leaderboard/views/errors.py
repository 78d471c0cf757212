"""The page for what broke on our side."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from leaderboard import logs


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request: what broke may break the page's context, too."""
    page = render_to_string("500.html", {"request_id": logs.current_id()})
    return HttpResponse(page, status=500)
