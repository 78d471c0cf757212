"""For load balancers and operators: is the process up, can the site do its work, and how much does it do?"""

import hmac
import ipaddress
import threading
import time
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from leaderboard.queries import health
from leaderboard.views import metrics as exposition

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class Answers:
    """What /readyz has to say, looked at once for all who ask within a while: anybody may ask."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._found: Sequence[health.Part] = ()
        self._found_at = 0.0

    def newest(self) -> Sequence[health.Part]:
        """At most `settings.READY_KEPT` old, or as old as it takes to look anew."""
        # Who comes while another looks is told what was found last, and waits only if there is nothing.
        if not self._is_fresh() and self._looking.acquire(blocking=not self._found):
            try:
                if not self._is_fresh():
                    self._found, self._found_at = health.parts(), time.monotonic()
            finally:
                self._looking.release()
        return self._found

    def _is_fresh(self) -> bool:
        age = time.monotonic() - self._found_at
        return bool(self._found) and age < settings.READY_KEPT.total_seconds()


_answers = Answers()


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Every part with a word on its state, as JSON or as lines; 503 where one of them fails."""
    parts = _answers.newest()
    status = 200 if all(part.ok for part in parts) else 503
    if request.get_preferred_type(["application/json", "text/plain"]) == "text/plain":
        lines = [f"{'ok  ' if part.ok else 'FAIL'} {part.name}: {part.words}\n" for part in parts]
        return HttpResponse("".join(lines), content_type="text/plain", status=status)
    told = {part.name: {"ok": part.ok, "words": part.words} for part in parts}
    return JsonResponse({"ready": status == 200, "parts": told}, status=status)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for who has METRICS_TOKEN; without one, for this machine itself."""
    if not _may_measure(request):
        # Without the site's page for it, which asks who is logged in: nobody knows that yet.
        return HttpResponse("Not found\n", content_type="text/plain", status=404)
    return HttpResponse(exposition.exposed(), content_type=CONTENT_TYPE_LATEST)


def _may_measure(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    # Behind a proxy of this machine everybody comes from the loopback address.
    is_forwarded = settings.ALLAUTH_TRUSTED_PROXY_COUNT or any(name in request.headers for name in FORWARDED)
    return not is_forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
