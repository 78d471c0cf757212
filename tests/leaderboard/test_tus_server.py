"""Uploads against the web server as it runs, and with a client that others wrote."""

import hashlib
import os
import select
from pathlib import Path

import pytest
from tusclient import client as tuspy

from leaderboard.domain import uploads
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Challenge, Notification, Submission, Upload
from tests.leaderboard import make
from tests.leaderboard.rig import no_room, with_children
from tests.leaderboard.stack import Stack
from tests.leaderboard.tus import METADATA, MIB, Site, files, peak_memory, send, warmed


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


def offset() -> int:
    return Upload.objects.get().offset


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
    # And a byte now and then is no sign of life.
    dripping = site.connect(site.begin(MIB), 0, MIB)
    for _ in range(600):
        if select.select([dripping.sock], [], [], 0.1)[0]:
            break
        dripping.send(b".")
    answer = dripping.getresponse()
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "0")
    dripping.close()


def test_a_disk_that_is_full_for_a_while_loses_nothing_and_is_told(site: Site) -> None:
    organizer = make.user()
    Challenge.objects.get().organizers.add(organizer)
    data = os.urandom(2 * MIB)
    location = site.begin(len(data))

    def send(start: int) -> int:
        connection = site.connect(location, start, len(data) - start)
        connection.send(data[start:])
        status = connection.getresponse().status
        connection.close()
        return status

    with no_room(with_children(site.process.pid), after=MIB):
        assert send(0) == 507
    assert offset() == 0
    assert Notification.objects.get(user=organizer).kind == "no-room"
    assert send(0) == 204
    assert upload_path(Submission.objects.get()).read_bytes() == data


@pytest.mark.slow
def test_a_gigabyte_is_taken_in_one_copy_and_flat_memory(site: Site) -> None:
    size = 1024 * MIB
    before, already = warmed(site), files()
    send(site, size)
    assert sum(peak_memory(site.process)) - before < 50 * MIB
    path = upload_path(Submission.objects.get(size=size))
    assert files() - already == {path}
    assert (path.stat().st_size, path.stat().st_nlink) == (size, 1)
    path.unlink()
