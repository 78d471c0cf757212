"""A least rate for what people send: who is slow or silent holds a thread of the web server only so long."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

STEP = 2**16
"""So many bytes, or what is left, have to come within the time that is given."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TooSlow(TimeoutError):
    """Too little came for too long; what came before was handed on."""


class Paced:
    """The body of a request, read in steps, none of which may take longer than `seconds`.

    The server's own time limits begin anew with each byte. A watch hangs up on who sends: then the step ends.
    """

    def __init__(self, body: Any, line: socket.socket, seconds: float) -> None:
        self.body, self.line, self.seconds = body, line, seconds
        self.hung_up = False
        self._since: float | None = None
        self._done = threading.Event()
        self._watch: threading.Thread | None = None

    def read(self, size: int = -1) -> bytes:
        whole = bytearray()
        while size < 0 or len(whole) < size:
            step = self._step(STEP if size < 0 else min(STEP, size - len(whole)))
            whole += step
            if not step:
                break
        return bytes(whole)

    def readline(self, size: int = -1) -> bytes:
        return bytes(self._timed(self.body.readline, size))

    def _step(self, size: int) -> bytes:
        return bytes(self._timed(self.body.read, size))

    def _timed(self, read: Callable[[int], bytes], size: int) -> bytes:
        if self._watch is None:
            self._watch = threading.Thread(target=self._look, daemon=True)
            self._watch.start()
        self._since = time.monotonic()
        found = read(size)
        self._since = None
        if self.hung_up:
            raise TooSlow("The sender is too slow, or has fallen silent.")
        return found

    def _look(self) -> None:
        while not self._done.wait(self.seconds / 4):
            since = self._since
            if since is not None and time.monotonic() - since > self.seconds:
                self.hung_up = True
                # To the other side it can still be said what is kept.
                with suppress(OSError):
                    self.line.shutdown(socket.SHUT_RD)
                return

    def end(self) -> None:
        self._done.set()


def paced(application: Application, seconds: float) -> Application:
    """The application, every body of which comes at the least rate; for gunicorn, whose lines it ends."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        line = environ.get("gunicorn.socket")
        if line is None or environ.get("CONTENT_LENGTH", "0") in ("", "0"):
            return application(environ, start_response)
        body = environ["wsgi.input"] = Paced(environ["wsgi.input"], line, seconds)
        try:
            return application(environ, start_response)
        finally:
            body.end()

    return answer
