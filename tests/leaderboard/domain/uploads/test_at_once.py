"""Uploads that meet: what only a lock on the row keeps right."""

import hashlib
import io
import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from leaderboard.domain import uploads
from leaderboard.domain.parts import part_path
from leaderboard.domain.uploads import Checksum
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Submission
from tests.leaderboard import make
from tests.leaderboard.domain.uploads.sent import begun, whole

S = SubmissionState
pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(runs: list[Callable[[], object]]) -> list[object]:
    """What each returned, or the code of its refusal; all begin at once."""
    barrier, outcomes = threading.Barrier(len(runs)), []

    def one(run: Callable[[], object]) -> None:
        barrier.wait()
        try:
            outcomes.append(run())
        except Refused as refused:
            outcomes.append(refused.code)
        connection.close()

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_twenty_uploads_that_end_at_once_two_are_accepted_where_two_are_left() -> None:
    phase = make.phase(attempts_per_window=2, concurrent_submissions=50)
    entry = make.entry(make.team(phase.challenge))
    waiting = [whole(entry, phase) for _ in range(20)]
    outcomes = in_threads([partial(uploads.finish, upload.pk) for upload in waiting])
    assert outcomes.count(None) == 2
    assert outcomes.count("attempts_used") == 18
    states = Submission.objects.values_list("state", flat=True)
    assert sorted(states) == [S.CANCELLED] * 18 + [S.RECEIVED] * 2
    assert not any(part_path(upload.pk).exists() for upload in waiting)


def test_of_two_pieces_at_once_one_is_stored() -> None:
    phase = make.phase()
    entry = make.entry(make.team(phase.challenge))
    upload = begun(entry, phase)
    pieces = [bytes([number]) * 4000 for number in range(8)]
    outcomes = in_threads([partial(uploads.append, upload.pk, 0, io.BytesIO(piece)) for piece in pieces])
    assert outcomes.count(4000) == 1
    assert set(outcomes) - {4000} <= {"upload_busy", "upload_offset"}
    assert part_path(upload.pk).read_bytes() in pieces


def test_a_locked_upload_is_busy_at_once() -> None:
    phase = make.phase()
    entry = make.entry(make.team(phase.challenge))
    upload = begun(entry, phase)
    arrived, release = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            arrived.set()
            release.wait(10)
            return super().read(size)

    def slow() -> object:
        return uploads.append(upload.pk, 0, Slow(b"abc"), Checksum("sha256", hashlib.sha256(b"abc").digest()))

    def quick() -> object:
        arrived.wait(10)
        try:
            return uploads.append(upload.pk, 0, io.BytesIO(b"xyz"))
        finally:
            release.set()

    assert sorted(map(str, in_threads([slow, quick]))) == ["3", "upload_busy"]
    assert part_path(upload.pk).read_bytes() == b"abc"
