"""The site as people reach it: who answers, and whether they may be believed."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pytest_django import Settings

from leaderboard.domain import doctor
from leaderboard.queries import reach
from leaderboard.queries.health import Unwell
from tests.leaderboard import tls
from tests.leaderboard.stack import free_port

Answers = dict[str, int]


@pytest.fixture
def answers() -> Answers:
    """What is answered to each path; to be changed."""
    return {"/healthz": 200, "/uploads/": 204}


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers[self.path])
            self.end_headers()

        do_OPTIONS = do_GET  # noqa: N815 the name is the method's of HTTP

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/healthz", "/uploads/"])
def test_pages_and_uploads_are_asked_apart(answers: Answers, server: str, path: str) -> None:
    assert reach.site(f"http://{server}") == "answers, for pages and uploads"
    answers[path] = 502
    with pytest.raises(Unwell, match=f"{path} is answered with 502"):
        reach.site(f"http://{server}")


def test_a_certificate_that_nobody_believes_or_that_ends_soon(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tls.certified(tmp_path, "ours")
    with tls.before(server, ours) as port:
        with pytest.raises(Unwell, match=r"not believed .CERTIFICATE_VERIFY_FAILED"):
            reach.site(f"https://127.0.0.1:{port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(ours))
        with pytest.raises(Unwell, match="its certificate ends in 0 days"):
            reach.site(f"https://127.0.0.1:{port}")
        monkeypatch.setattr(reach, "SHORTEST_LIFE", tls.LIFE / 2)
        assert reach.site(f"https://127.0.0.1:{port}").startswith("answers")


def test_what_is_not_reached_from_here_is_doubtful_and_only_of_a_production(settings: Settings) -> None:
    settings.SITE_URL = f"https://127.0.0.1:{free_port()}"
    found = doctor._looked("site", doctor._site)
    assert (found.ok, found.words, found.mend) == (True, "not a production", "")
    settings.PRODUCTION = True
    found = doctor._looked("site", doctor._site)
    assert (found.ok, found.mend) == (True, doctor.MEND_SITE)
    assert found.words == "is not reached from here (ConnectionRefusedError)"
