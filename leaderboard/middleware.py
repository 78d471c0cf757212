"""The site's own middleware."""

import time
from collections.abc import Callable
from urllib.parse import unquote

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from leaderboard import logs, looking, rules, telemetry
from leaderboard.context import nav_of
from leaderboard.messages import WORDS
from leaderboard.views import health
from leaderboard.words import zone

TIME_ZONE_COOKIE = "tz"
FOR_ORGANIZERS = ("/organize/", "/admin/")
PROBES = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": health.metrics}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
logger = structlog.get_logger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]


def observed(get_response: Handler) -> Handler:
    """Give every request an id, its own line in the log and its place in the metrics."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id = logs.accepted(request.headers.get("X-Request-ID", ""))
        begun = time.perf_counter()
        with structlog.contextvars.bound_contextvars(**{logs.REQUEST_ID: request_id}):
            response = get_response(request)
            _note(request, response, time.perf_counter() - begun)
        response["X-Request-ID"] = request_id
        response["Reporting-Endpoints"] = settings.REPORTING_ENDPOINTS
        return response

    return middleware


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    # Addresses hold the keys of invitations and passwords: only their pattern and rows' ids are told.
    match = request.resolver_match
    probe = request.path.strip("/") if request.path in PROBES else "unmatched"
    view = (match.view_name if match else "") or probe
    method = request.method if request.method in METHODS else "other"
    telemetry.REQUESTS.labels(view, method, str(response.status_code)).inc()
    telemetry.SECONDS.labels(view).observe(seconds)
    facts = {"view": view, "method": method, "status": response.status_code, "seconds": round(seconds, 4)}
    given = match.kwargs if match else {}
    # An upload has its submission's id.
    if submission := given.get("submission", given.get("upload")):
        facts["submission"] = str(submission)
    logger.info("request", **facts)


def probes(get_response: Handler) -> Handler:
    """Answer load balancers and Prometheus before sessions, hosts and https: they ask by bare address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return probe(request) if probe else get_response(request)

    return middleware


def without_nul(get_response: Handler) -> Handler:
    """Refuse addresses and cookies with the character NUL: the database knows none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        words = (request.path, unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values())
        if any("\0" in word for word in words):
            raise BadRequest("NUL in the address or a cookie")
        return get_response(request)

    return middleware


def viewer_time_zone(get_response: Handler) -> Handler:
    """Show times in the zone of the viewer's profile, else of their browser (told by cookie), else in UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        profile = getattr(request.user, "profile", None)
        name = profile.time_zone if profile else ""
        with timezone.override(zone(name or request.COOKIES.get(TIME_ZONE_COOKIE, ""))):
            return get_response(request)

    return middleware


def organizers_second_factor(get_response: Handler) -> Handler:
    """Lead organizers without a second factor to set it up, before any page of theirs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            request.path.startswith(FOR_ORGANIZERS)
            and isinstance(request.user, User)
            and rules.lacks_second_factor(request.user)
        ):
            messages.warning(request, WORDS["second_factor_missing"])
            return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware


def same_eyes(get_response: Handler) -> Handler:
    """While an organizer looks through others' eyes, every link of a page keeps them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_page = not response.streaming and response.get("Content-Type", "").startswith("text/html")
        if is_page and nav_of(request).eyes:
            response.content = looking.kept_on_page(request, response.content.decode()).encode()
        return response

    return middleware
