"""Uploads in pieces: what is kept, who is refused, what becomes of a whole file."""

import hashlib
import io
import shutil
import uuid
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import attempts, parts, submissions, uploads
from leaderboard.domain.evaluation import checking
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.domain.parts import part_path
from leaderboard.domain.uploads import BLOCK, Checksum
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Upload
from tests.leaderboard import make

S = SubmissionState
DATA = bytes(range(256)) * 40  # 10,240 bytes
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def entry(db: None) -> Entry:
    return make.entry(make.team(make.phase().challenge))


@pytest.fixture
def phase(entry: Entry) -> Phase:
    return Phase.objects.get(challenge=entry.challenge)


def begun(entry: Entry, phase: Phase, length: int = len(DATA), declared: str = "") -> Upload:
    captain = entry.team.memberships.get(role="captain").user
    return uploads.begin(phase, entry, captain, "../my fields.zip", length, declared)


def state(upload: Upload) -> str:
    return Submission.objects.get(pk=upload.pk).state


def log(upload: Upload) -> list[str]:
    return [event.message for event in Submission.objects.get(pk=upload.pk).events.all()]


def whole(entry: Entry, phase: Phase, declared: str = "") -> Upload:
    """An upload whose last byte has come, not finished yet."""
    upload = begun(entry, phase, declared=declared)
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA)) == len(DATA)
    return upload


class Breaking(io.BytesIO):
    """A line that breaks when its bytes are spent."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise ConnectionResetError
        return piece


def test_pieces_become_a_submission_without_a_second_copy(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    assert (state(upload), upload.submission.filename) == (S.UPLOADING, "my fields.zip")
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA[:1000])) == 1000
    inode = part_path(upload.pk).stat().st_ino
    assert uploads.append(upload.pk, 1000, io.BytesIO(DATA[1000:])) == len(DATA)
    uploads.finish(upload.pk)
    path = upload_path(Submission.objects.get(pk=upload.pk))
    assert path.read_bytes() == DATA
    assert path.stat().st_ino == inode
    assert not part_path(upload.pk).exists()
    assert state(upload) == S.RECEIVED
    assert log(upload) == [
        "The upload of my fields.zip, 10.0\xa0KB, has begun.",
        "Received my fields.zip, 10.0\xa0KB.",
    ]


def test_what_came_before_the_line_broke_is_kept(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase, 3 * BLOCK)
    data = b"x" * (BLOCK + 70_000)
    assert uploads.append(upload.pk, 0, Breaking(data)) == len(data)
    assert Upload.objects.get(pk=upload.pk).offset == len(data)


def test_bytes_that_the_database_does_not_know_of_are_cut_off(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(DATA[:500]))
    with part_path(upload.pk).open("ab") as file:
        file.write(b"of a process that was killed before its commit")
    uploads.append(upload.pk, 500, io.BytesIO(DATA[500:600]))
    assert part_path(upload.pk).read_bytes() == DATA[:600]


@pytest.mark.parametrize("offset", [0, 499, 501, 5000])
def test_a_wrong_offset_changes_nothing(entry: Entry, phase: Phase, offset: int) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(DATA[:500]))
    with pytest.raises(Refused, match="goes on at byte 500"):
        uploads.append(upload.pk, offset, io.BytesIO(b"abc"))
    assert part_path(upload.pk).read_bytes() == DATA[:500]


def test_more_bytes_than_announced_are_refused(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(DATA + b"x"))
    assert refused.value.code == "upload_too_long"
    assert Upload.objects.get(pk=upload.pk).offset == 0


@pytest.mark.parametrize("checked", [False, True])
def test_no_transaction_is_open_while_bytes_are_on_their_way(
    entry: Entry, phase: Phase, checked: bool
) -> None:
    outside, seen = len(connection.atomic_blocks), set()

    class Looking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.add(len(connection.atomic_blocks))
            return super().read(size)

    checksum = Checksum("sha256", hashlib.sha256(DATA).digest()) if checked else None
    assert uploads.append(begun(entry, phase).pk, 0, Looking(DATA), checksum) == len(DATA)
    assert seen == {outside}


def test_of_many_who_send_the_same_piece_at_once_two_are_read(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    bodies = [io.BytesIO(DATA) for _ in range(3)]
    became: list[object] = []

    class Sending:
        """While its first bytes are read the next one sends the same."""

        def __init__(self, number: int) -> None:
            self.number = number

        def read(self, size: int, /) -> bytes:
            if bodies[self.number].tell() == 0:
                send(self.number + 1)
            return bodies[self.number].read(size)

    def send(number: int) -> None:
        try:
            became.append(uploads.append(upload.pk, 0, Sending(number)))
        except Refused as refused:
            became.append(refused.code)

    send(0)
    # The third ends first, then the second is stored, and what the first has read is too late.
    assert became == ["upload_busy", len(DATA), "upload_offset"]
    assert bodies[2].tell() == 0
    assert not parts._senders


@pytest.mark.parametrize("checksum", [None, Checksum("sha256", hashlib.sha256(DATA).digest())])
def test_what_is_called_off_while_bytes_are_on_their_way_stays_called_off(
    entry: Entry, phase: Phase, checksum: Checksum | None
) -> None:
    upload = begun(entry, phase)

    class Ending(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                uploads.terminate(upload.pk, upload.submission.submitted_by)
            return super().read(size)

    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, Ending(DATA), checksum)
    assert refused.value.code == "upload_gone"
    assert (state(upload), Upload.objects.get(pk=upload.pk).offset) == ("cancelled", 0)
    assert not part_path(upload.pk).exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_a_checksum_is_stored_whole_or_not_at_all(
    entry: Entry, phase: Phase, algorithm: str
) -> None:
    upload = begun(entry, phase)
    right = hashlib.new(algorithm, DATA[:700]).digest()
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(DATA[:699] + b"?"), Checksum(algorithm, right))
    assert refused.value.code == "upload_checksum"
    with pytest.raises(Refused):
        uploads.append(upload.pk, 0, Breaking(DATA[:699]), Checksum(algorithm, right))
    assert Upload.objects.get(pk=upload.pk).offset == 0
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA[:700]), Checksum(algorithm, right)) == 700


@pytest.mark.parametrize(("size", "code"), [(0, "file_empty"), (2**50, "file_too_large")])
def test_a_size_that_is_not_taken(entry: Entry, phase: Phase, size: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        begun(entry, phase, size)
    assert refused.value.code == code
    assert not Submission.objects.exists()


def test_room_is_kept_free_also_of_what_others_have_announced(
    entry: Entry, phase: Phase, settings: Settings
) -> None:
    free = shutil.disk_usage(settings.UPLOADS_ROOT).free
    settings.MAX_UPLOAD_BYTES = free
    settings.MIN_FREE_BYTES = free // 2
    upload = begun(entry, phase, free // 3)
    with pytest.raises(Refused) as refused:
        begun(entry, phase, free // 3)
    assert refused.value.code == "no_room"
    settings.MIN_FREE_BYTES = free
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(b"x"))
    assert refused.value.code == "no_room"


def test_the_same_file_begun_twice_is_one_upload(entry: Entry, phase: Phase) -> None:
    first = begun(entry, phase, declared=SHA256)
    assert begun(entry, phase, declared=SHA256) == first
    assert begun(entry, phase) != first
    uploads.append(first.pk, 0, io.BytesIO(b"x"))
    assert begun(entry, phase, declared=SHA256) != first


def test_a_team_has_only_so_many_unfinished(entry: Entry, phase: Phase) -> None:
    for _ in range(phase.concurrent_submissions):
        begun(entry, phase)
    with pytest.raises(Refused) as refused:
        begun(entry, phase)
    assert refused.value.code == "too_many_uploads"


def test_an_upload_costs_nothing_until_it_is_whole(entry: Entry, phase: Phase) -> None:
    upload = whole(entry, phase)
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 0
    uploads.finish(upload.pk)
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 1


def test_an_attempt_counts_from_when_the_file_is_whole(entry: Entry, phase: Phase) -> None:
    upload = whole(entry, phase)
    Submission.objects.filter(pk=upload.pk).update(created_at=timezone.now() - 2 * phase.window)
    uploads.finish(upload.pk)
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 1


def test_without_an_attempt_left_none_is_begun_and_none_is_finished(entry: Entry, phase: Phase) -> None:
    phase.attempts_per_window = 1
    phase.save()
    first, second = whole(entry, phase), whole(entry, phase)
    uploads.finish(first.pk)
    with pytest.raises(Refused) as refused:
        uploads.finish(second.pk)
    assert refused.value.code == "attempts_used"
    assert (state(first), state(second)) == (S.RECEIVED, S.CANCELLED)
    assert str(refused.value) in log(second)[-1]
    assert not part_path(second.pk).exists()
    with pytest.raises(Refused):
        begun(entry, phase)


CLOSED = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("declared", "grace", "expected"),
    [
        (SHA256, timedelta(hours=1), S.RECEIVED),
        (SHA256, timedelta(minutes=5), S.CANCELLED),
        ("", timedelta(hours=1), S.CANCELLED),
    ],
)
def test_after_the_deadline_only_a_declared_file_may_end_within_the_grace(
    entry: Entry, phase: Phase, declared: str, grace: timedelta, expected: S
) -> None:
    upload = whole(entry, phase, declared)
    now = timezone.now()
    Submission.objects.filter(pk=upload.pk).update(created_at=now - timedelta(hours=1))
    Phase.objects.filter(pk=phase.pk).update(closes_at=now - CLOSED, grace=grace)
    with nullcontext() if expected is S.RECEIVED else pytest.raises(Refused, match="closed on"):
        uploads.finish(upload.pk)
    assert state(upload) == expected


def test_another_file_than_declared_is_invalid(entry: Entry, phase: Phase) -> None:
    upload = whole(entry, phase, "ab" * 32)
    uploads.finish(upload.pk)
    checking.check_submission(str(upload.pk))
    submission = Submission.objects.get(pk=upload.pk)
    assert (submission.state, submission.sha256) == (S.INVALID, SHA256)
    (problem,) = submission.problems
    assert problem["code"] == "archive_hash"
    assert SHA256 in problem["message"]
    assert "ab" * 32 in problem["message"]


def test_a_paused_phase_lets_a_whole_file_wait(entry: Entry, phase: Phase) -> None:
    upload = whole(entry, phase)
    Phase.objects.filter(pk=phase.pk).update(paused=True)
    uploads.finish(upload.pk)
    Upload.objects.filter(pk=upload.pk).update(expires_at=timezone.now() - timedelta(days=1))
    uploads.sweep()
    assert state(upload) == S.UPLOADING
    assert log(upload)[1:] == ["The file has come whole. It waits until the organizers let the phase go on."]
    Phase.objects.filter(pk=phase.pk).update(paused=False)
    uploads.sweep()
    assert state(upload) == S.RECEIVED


def test_others_at_work_do_not_cost_a_whole_file(entry: Entry, phase: Phase) -> None:
    upload = whole(entry, phase)
    for _ in range(phase.concurrent_submissions):
        make.submission(phase=phase, entry=entry, state=S.SCORING)
    uploads.finish(upload.pk)
    assert state(upload) == S.RECEIVED


@pytest.mark.parametrize("renamed", [False, True])
def test_a_whole_file_whose_end_was_never_told_is_finished(
    entry: Entry, phase: Phase, *, renamed: bool
) -> None:
    upload = whole(entry, phase)
    path = upload_path(Submission.objects.get(pk=upload.pk))
    if renamed:  # killed between the renaming and the commit
        part_path(upload.pk).rename(path)
    uploads.sweep()
    assert state(upload) == S.RECEIVED
    assert path.read_bytes() == DATA


def test_what_is_lost_on_the_server_is_called_off_and_holds_up_no_other(entry: Entry, phase: Phase) -> None:
    broken, lost, other = begun(entry, phase), whole(entry, phase), whole(entry, phase)
    uploads.append(broken.pk, 0, io.BytesIO(DATA[:500]))
    for upload in (broken, lost):
        part_path(upload.pk).unlink()
    with pytest.raises(Refused) as refused:
        uploads.append(broken.pk, 500, io.BytesIO(DATA[500:]))
    assert refused.value.code == "upload_lost"
    uploads.sweep()
    assert (state(broken), state(lost), state(other)) == (S.CANCELLED, S.CANCELLED, S.RECEIVED)
    assert all("lost on the server" in log(upload)[-1] for upload in (broken, lost))
    assert not list(Path(settings.UPLOADS_ROOT).glob("*.part"))
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 1


def test_what_has_expired_is_called_off_and_deleted(entry: Entry, phase: Phase) -> None:
    upload, going_on = begun(entry, phase), begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(DATA[:1024]))
    uploads.append(going_on.pk, 0, io.BytesIO(DATA[:1024]))
    Upload.objects.filter(pk=upload.pk).update(expires_at=timezone.now())
    uploads.sweep()
    assert (state(upload), state(going_on)) == (S.CANCELLED, S.UPLOADING)
    assert "1.0\xa0KB had come" in log(upload)[-1]
    assert not part_path(upload.pk).exists()
    assert part_path(going_on.pk).exists()
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 1024, io.BytesIO(b"x"))
    assert refused.value.code == "upload_gone"


def test_a_piece_that_comes_puts_the_end_off(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    soon = timezone.now() + timedelta(minutes=1)
    Upload.objects.filter(pk=upload.pk).update(expires_at=soon)
    uploads.append(upload.pk, 0, io.BytesIO(b"x"))
    left = Upload.objects.get(pk=upload.pk).expires_at - timezone.now()
    assert left > settings.UPLOAD_EXPIRY - timedelta(minutes=1)


def test_a_file_that_no_upload_needs_is_deleted(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(b"x"))
    captain = upload.submission.submitted_by
    submissions.cancel(upload.submission, captain)
    stray = Path(settings.UPLOADS_ROOT) / f"{uuid.uuid4()}.part"
    stray.touch()
    uploads.sweep()
    assert not part_path(upload.pk).exists()
    assert not stray.exists()


def test_a_terminated_upload_is_gone(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(b"x"))
    uploads.terminate(upload.pk, upload.submission.submitted_by)
    assert state(upload) == S.CANCELLED
    assert not part_path(upload.pk).exists()
    with pytest.raises(Refused):
        uploads.terminate(upload.pk, upload.submission.submitted_by)
