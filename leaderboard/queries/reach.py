"""Whether people reach the site by the name that mails lead to, as far as this machine can tell."""

import ssl
import time
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from leaderboard.queries.health import Unwell

ASKED = (("GET", "/healthz"), ("OPTIONS", "/uploads/"))
"""Pages, and the processes that take uploads: the proxy has them apart."""
SHORTEST_LIFE = timedelta(days=14)
"""Of a certificate."""
PATIENCE_SECONDS = 10


class Unreached(Exception):
    """Nobody answers; that may be so from here only."""


def site(address: str) -> str:
    """What answers at the site's address, in words. Raises Unwell, Unreached."""
    parts, left = urlsplit(address), timedelta.max
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    for method, path in ASKED:
        with closing(kind(parts.netloc, timeout=PATIENCE_SECONDS)) as line:
            left = min(left, _asked(line, method, path))
    if left < SHORTEST_LIFE:
        raise Unwell(f"its certificate ends in {left.days} days")
    return "answers, for pages and uploads"


def _asked(line: HTTPConnection, method: str, path: str) -> timedelta:
    """How long the certificate of what answers still holds."""
    try:
        line.connect()
        left = _life(line)
        line.request(method, path)
        status = line.getresponse().status
    except ssl.SSLError as error:
        raise Unwell(f"its certificate is not believed ({error.reason})") from error
    except (OSError, HTTPException) as error:
        raise Unreached(f"is not reached from here ({type(error).__name__})") from error
    if status >= 300:
        raise Unwell(f"{path} is answered with {status}")
    return left


def _life(line: HTTPConnection) -> timedelta:
    told = line.sock.getpeercert() if isinstance(line.sock, ssl.SSLSocket) else None
    if not told:
        return timedelta.max
    return timedelta(seconds=ssl.cert_time_to_seconds(str(told["notAfter"])) - time.time())
