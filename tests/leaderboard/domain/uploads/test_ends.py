"""How uploads end: handed in, called off, expired, lost."""

import io
import uuid
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from leaderboard.domain import attempts, submissions, uploads
from leaderboard.domain.evaluation import checking
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.domain.parts import part_path
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Upload
from tests.leaderboard import make
from tests.leaderboard.domain.uploads.sent import DATA, SHA256, S, begun, log, state, whole


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
