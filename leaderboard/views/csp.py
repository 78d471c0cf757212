"""Breaches of the content security policy, as browsers report them: counted, logged, and never trusted."""

import json
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leaderboard import telemetry
from leaderboard.broker import counted

LARGEST = 16 * 1024
A_MINUTE = 60
FROM_ONE, FROM_ALL = 10, 120
TYPES = frozenset({"application/csp-report", "application/reports+json", "application/json"})
logger = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """POST: one report (report-uri) or several (report-to); 204 whatever is in it."""
    if request.content_type not in TYPES:
        return HttpResponse(status=415)
    if not _is_short(request):
        return HttpResponse(status=413)
    if _is_too_often(get_adapter().get_client_ip(request)):
        return HttpResponse(status=429)
    for told in _reports(request.read(LARGEST)):
        telemetry.CSP_REPORTS.inc()
        logger.warning("csp_report", **told)
    return HttpResponse(status=204)


def _is_short(request: HttpRequest) -> bool:
    length = request.META.get("CONTENT_LENGTH") or ""
    return length.isdecimal() and int(length) <= LARGEST


def _is_too_often(address: str) -> bool:
    """Count this report in the cache that all web processes share."""
    counts = [counted(key, A_MINUTE) for key in (f"csp-reports:{address}", "csp-reports")]
    return counts[0] > FROM_ONE or counts[1] > FROM_ALL


def _reports(body: bytes) -> list[dict[str, str]]:
    try:
        given = json.loads(body)
    except ValueError:
        return []
    several = given if isinstance(given, list) else [given]
    bodies = [one.get("csp-report", one.get("body")) for one in several[:10] if isinstance(one, dict)]
    return [_told(one) for one in bodies if isinstance(one, dict)]


def _told(body: dict[str, Any]) -> dict[str, str]:
    """Directive and addresses, these without what may be secret in them."""
    directive = (
        body.get("effective-directive") or body.get("effectiveDirective") or body.get("violated-directive")
    )
    blocked = str(body.get("blocked-uri") or body.get("blockedURL") or "")
    source = str(body.get("source-file") or body.get("sourceFile") or "")
    return {"directive": str(directive)[:80], "blocked": _origin(blocked), "source": _origin(source)}


def _origin(address: str) -> str:
    """`https://host` of an address; a keyword such as `inline` as it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "unreadable"
    return (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"[:200]
        if parts.netloc
        else address[:40].partition("?")[0]
    )
