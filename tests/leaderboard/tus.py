"""The web server as it runs, and uploads to it over plain connections."""

import http.client
from base64 import b64encode
from pathlib import Path

from django.conf import settings

from leaderboard.domain import upload_tokens
from tests.leaderboard import make
from tests.leaderboard.stack import Process, Stack, free_port, listens

MIB = 2**20
METADATA = {"phase": "lumir/validation", "entry": "demons", "filename": "fields.zip"}


class Site:
    """gunicorn on a port of its own, a team with a method, and its captain's key."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.port = free_port()
        self.address = f"http://localhost:{self.port}/uploads/"
        captain = make.user()
        phase = make.phase(
            challenge=make.challenge(slug="lumir"), attempts_per_window=50, concurrent_submissions=50
        )
        make.entry(make.team(phase.challenge, captain), name="Demons")
        self.headers = {"Authorization": f"Bearer {upload_tokens.token_for(captain)}"}
        self.process = self.start()

    def start(self) -> Process:
        process = self.stack.web(self.port)
        self.stack.wait(lambda: listens(self.port))
        return process

    def kill(self) -> None:
        self.stack.kill(self.process)
        # Its workers have the port until they, too, are gone.
        self.stack.wait(lambda: not listens(self.port))

    def begin(self, length: int) -> str:
        return self._post(length, METADATA, {})

    def send_whole(self, filename: str, data: bytes) -> str:
        """Upload a small file within the request that begins it."""
        piece = {"Content-Type": "application/offset+octet-stream"}
        return self._post(len(data), METADATA | {"filename": filename}, piece, data)

    def _post(
        self, length: int, metadata: dict[str, str], headers: dict[str, str], data: bytes | None = None
    ) -> str:
        told = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in metadata.items())
        headers = headers | {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": told}
        connection = http.client.HTTPConnection("localhost", self.port, timeout=120)
        connection.request("POST", "/uploads/", data, self.headers | headers)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        connection.close()
        return answer.headers["Location"]

    def connect(self, location: str, offset: int, size: int) -> http.client.HTTPConnection:
        """A connection on which a piece of `size` bytes is announced."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=120)
        connection.putrequest("PATCH", location)
        told = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
        for name, value in (self.headers | told).items():
            connection.putheader(name, value)
        connection.putheader("Upload-Offset", str(offset))
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        return connection


def peak_memory(process: Process) -> list[int]:
    """The highest resident memory that each of the server's processes has had so far, in bytes."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    told = [Path(f"/proc/{pid}/status").read_text() for pid in [process.pid, *children]]
    return [int(status.split("VmHWM:")[1].split()[0]) * 1024 for status in told]


def send(site: Site, size: int) -> None:
    """Upload zeros in one piece."""
    connection = site.connect(site.begin(size), 0, size)
    block = bytes(MIB)
    for _ in range(size // MIB):
        connection.send(block)
    assert connection.getresponse().status == 204
    connection.close()


def warmed(site: Site) -> int:
    """The server's peak memory when each of its workers has loaded all that an upload needs."""
    send(site, 8 * MIB)
    while min(workers := peak_memory(site.process)[1:]) < 0.8 * max(workers):
        send(site, 8 * MIB)
    return sum(peak_memory(site.process))


def files() -> set[Path]:
    return {path for path in Path(settings.UPLOADS_ROOT).rglob("*") if path.is_file()}
