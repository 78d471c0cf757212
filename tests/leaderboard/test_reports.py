"""Reports of errors: what a Sentry server on the loopback is sent when a page really breaks."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.leaderboard.stack import Stack

BREAK = """
import django
django.setup()
from django.test import Client
from leaderboard.views import public
def broken(*_):
    raise RuntimeError("no page for ada@example.org")
public.challenges.phases_of = broken
from leaderboard.models import Challenge
Challenge.objects.create(slug="lumir", name="LUMIR", title="Registration")
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "the-session-of-ada"
answer = client.get(
    "/challenges/lumir/?key=let-ada-in",
    headers={"Authorization": "Bearer adas-key", "X-Request-ID": "deadline-night.0001"},
    REMOTE_ADDR="203.0.113.77", SERVER_NAME="localhost",
)
assert answer.status_code == 500, answer.status_code
import sentry_sdk
sentry_sdk.flush(10)
"""


class _Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append(body.decode())  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.received = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_broken_page_is_reported_without_the_person(stack: Stack, sentry: ThreadingHTTPServer) -> None:
    stack.environment["SENTRY_DSN"] = f"http://public@127.0.0.1:{sentry.server_port}/1"
    subprocess.run([sys.executable, "-c", BREAK], env=stack.environment, check=True, capture_output=True)
    received: list[str] = sentry.received  # type: ignore[attr-defined]
    event = next(json.loads(line) for sent in received for line in sent.splitlines() if '"exception"' in line)
    assert event["exception"]["values"][-1]["value"] == "no page for [removed]"
    assert event["tags"] == {"request_id": "deadline-night.0001"}
    for personal in ("example.org", "the-session-of-ada", "let-ada-in", "adas-key", "203.0.113.77"):
        assert personal not in "".join(received)


def test_nothing_is_reported_without_an_address(stack: Stack) -> None:
    code = "import django; django.setup(); import sys; print('sentry_sdk' in sys.modules)"
    stack.environment.pop("SENTRY_DSN", None)
    ran = subprocess.run(
        [sys.executable, "-c", code], env=stack.environment, check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "False"
