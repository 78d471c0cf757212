"""The site's own middleware."""

import zoneinfo
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from leaderboard.domain import people
from leaderboard.messages import WORDS

TIME_ZONE_COOKIE = "tz"
FOR_ORGANIZERS = ("/organize/", "/admin/")

Handler = Callable[[HttpRequest], HttpResponse]


def viewer_time_zone(get_response: Handler) -> Handler:
    """Show times in the zone of the viewer's profile, else of their browser (told by cookie), else in UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        profile = getattr(request.user, "profile", None)
        name = profile.time_zone if profile else ""
        with timezone.override(_zone(name or request.COOKIES.get(TIME_ZONE_COOKIE, "UTC"))):
            return get_response(request)

    return middleware


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


def organizers_second_factor(get_response: Handler) -> Handler:
    """Lead organizers without a second factor to set it up, before any page of theirs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            request.path.startswith(FOR_ORGANIZERS)
            and isinstance(request.user, User)
            and people.lacks_second_factor(request.user)
        ):
            messages.warning(request, WORDS["second_factor_missing"])
            return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware
