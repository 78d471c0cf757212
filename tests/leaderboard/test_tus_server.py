"""Uploads against the web server as it runs, and with a client that others wrote."""

import hashlib
import http.client
import os
import socket
from base64 import b64encode
from pathlib import Path

import pytest
from django.conf import settings
from tusclient import client as tuspy

from leaderboard.domain import upload_tokens, uploads
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Submission, Upload
from tests.leaderboard import make
from tests.leaderboard.stack import Process, Stack

MIB = 2**20
METADATA = {"phase": "lumir/validation", "entry": "demons", "filename": "fields.zip"}


class Site:
    """gunicorn on a port of its own, a team with a method, and its captain's key."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
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
        self.stack.wait(self.answers)
        return process

    def kill(self) -> None:
        self.stack.kill(self.process)
        # Its workers have the port until they, too, are gone.
        self.stack.wait(lambda: not self.answers())

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("localhost", self.port)) == 0

    def begin(self, length: int) -> str:
        told = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in METADATA.items())
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": told}
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        connection.request("POST", "/uploads/", headers=self.headers | headers)
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


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


def offset() -> int:
    return Upload.objects.get().offset


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


def files() -> set[Path]:
    return {path for path in Path(settings.UPLOADS_ROOT).rglob("*") if path.is_file()}


def test_tuspy_uploads_in_chunks_and_goes_on(site: Site, tmp_path: Path) -> None:
    data = os.urandom(3 * MIB + 7)
    (tmp_path / "fields.zip").write_bytes(data)
    client = tuspy.TusClient(site.address, headers=site.headers)
    metadata = METADATA | {"sha256": hashlib.sha256(data).hexdigest()}
    with (tmp_path / "fields.zip").open("rb") as file:
        first = client.uploader(file_stream=file, chunk_size=MIB, metadata=metadata, upload_checksum=True)
        first.upload(stop_at=MIB)
        assert offset() == MIB
        second = client.uploader(file_stream=file, chunk_size=MIB, url=first.url, upload_checksum=True)
        assert second.offset == MIB
        second.upload()
    submission = Submission.objects.get()
    assert submission.state == SubmissionState.RECEIVED
    assert upload_path(submission).read_bytes() == data


def test_what_came_is_kept_when_line_and_server_break(site: Site) -> None:
    data = os.urandom(12 * MIB)
    location = site.begin(len(data))
    connection = site.connect(location, 0, len(data))
    connection.send(data[: 5 * MIB])
    connection.close()
    site.stack.wait(lambda: offset() == 5 * MIB)

    connection = site.connect(location, 5 * MIB, len(data) - 5 * MIB)
    connection.send(data[5 * MIB : 10 * MIB])
    site.stack.wait(lambda: offset() >= 5 * MIB + uploads.BLOCK)
    site.kill()
    connection.close()
    site.start()
    kept = offset()
    assert 5 * MIB + uploads.BLOCK <= kept <= 10 * MIB

    connection = site.connect(location, kept, len(data) - kept)
    connection.send(data[kept:])
    assert connection.getresponse().status == 204
    connection.close()
    submission = Submission.objects.get()
    assert submission.state == SubmissionState.RECEIVED
    assert upload_path(submission).read_bytes() == data


def test_a_sender_that_comes_back_need_not_wait_for_its_dead_line(site: Site) -> None:
    location = site.begin(6 * MIB)
    dead = site.connect(location, 0, 6 * MIB)
    dead.send(bytes(5 * MIB))
    site.stack.wait(lambda: offset() == uploads.BLOCK)
    back = site.connect(location, uploads.BLOCK, 6 * MIB - uploads.BLOCK)
    back.send(bytes(6 * MIB - uploads.BLOCK))
    assert back.getresponse().status == 204
    back.close()
    dead.send(bytes(MIB))
    assert dead.getresponse().status in {403, 409}
    dead.close()
    assert Submission.objects.get().state == SubmissionState.RECEIVED


def test_a_sender_that_falls_silent_holds_the_server_only_so_long(stack: Stack) -> None:
    stack.environment |= {"UPLOAD_SILENCE_SECONDS": "1"}
    site = Site(stack)
    connection = site.connect(site.begin(MIB), 0, MIB)
    connection.send(bytes(70_000))
    answer = connection.getresponse()
    # What has come in whole pieces of 64 KiB is kept.
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "65536")
    connection.close()


@pytest.mark.slow
def test_a_gigabyte_is_taken_in_one_copy_and_flat_memory(site: Site) -> None:
    size = 1024 * MIB
    # What each of the two workers loads with its first upload is no matter of the upload's size.
    send(site, 8 * MIB)
    while min(workers := peak_memory(site.process)[1:]) < 0.8 * max(workers):
        send(site, 8 * MIB)
    before, already = sum(peak_memory(site.process)), files()
    send(site, size)
    assert sum(peak_memory(site.process)) - before < 50 * MIB
    path = upload_path(Submission.objects.get(size=size))
    assert files() - already == {path}
    assert (path.stat().st_size, path.stat().st_nlink) == (size, 1)
    path.unlink()
