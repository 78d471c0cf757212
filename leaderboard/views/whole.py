"""Whole pages for readers who are not logged in: sent once while nothing changes, and kept for a moment."""

import zlib
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control

from leaderboard.views import fragments

KEPT_SECONDS = 60


def answer(request: HttpRequest, make: Callable[[], HttpResponse], *key: object) -> HttpResponseBase:
    """The page that `make` makes of what the key names, and of the look and zone that cookies choose.

    For others than strangers it is made each time: it may greet them, or have something to tell. Kept is only
    a page that nothing is asked of: there is no end of the others.
    """
    if request.user.is_authenticated or settings.SESSION_COOKIE_NAME in request.COOKIES:
        return make()
    look = request.COOKIES.get("theme", ""), timezone.get_current_timezone_name()
    name = fragments.name_of("page", request.get_full_path(), look, *key)
    tag = f'W/"{name}"'
    found = get_conditional_response(request, etag=tag) or (make() if request.GET else _kept(name, make))
    found["ETag"] = tag
    # Or a browser might show it without asking whether it still stands.
    patch_cache_control(found, no_cache=True, private=True)
    return found


def _kept(name: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    packed = cache.get(name)
    if packed is not None:
        return HttpResponse(zlib.decompress(packed))
    made = make()
    if made.status_code == 200:
        cache.set(name, zlib.compress(made.content, 1), KEPT_SECONDS)
    return made
