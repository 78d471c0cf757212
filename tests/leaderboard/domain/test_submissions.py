"""Taking in files and counting attempts."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import connection
from django.utils import timezone

from leaderboard.domain import attempts as budget
from leaderboard.domain import submissions
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission
from tests.leaderboard import make

S = SubmissionState


def file(content: bytes = b"PK", name: str = "fields.zip") -> TemporaryUploadedFile:
    made = TemporaryUploadedFile(name, "application/zip", len(content), None)
    made.write(content)
    made.flush()
    made.seek(0)
    return made


def receive(phase: Phase, entry: Entry, content: bytes = b"PK", name: str = "fields.zip") -> Submission:
    sent = file(content, name)
    try:
        return submissions.receive(phase, entry, captain(entry), sent)
    finally:
        sent.close()


def captain(entry: Entry) -> User:
    return entry.team.memberships.get(role="captain").user


@pytest.fixture
def entry(db: None) -> Entry:
    return make.entry(make.team(make.phase().challenge))


@pytest.fixture
def phase(entry: Entry) -> Phase:
    return Phase.objects.get(challenge=entry.challenge)


def test_a_received_file_is_moved(entry: Entry, phase: Phase) -> None:
    submission = receive(phase, entry, b"some bytes", "../../etc/my fields.zip")
    assert upload_path(submission).read_bytes() == b"some bytes"
    assert (submission.state, submission.size, submission.filename) == (S.RECEIVED, 10, "my fields.zip")
    incoming = upload_path(submission).parent / "incoming"
    assert list(incoming.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"opens_at": timedelta(hours=1)}, "phase_not_open"),
        ({"closes_at": timedelta(hours=-1)}, "phase_closed"),
        ({"paused": True}, "phase_paused"),
    ],
)
def test_a_phase_that_takes_nothing_says_why(
    entry: Entry, phase: Phase, changes: dict[str, object], code: str
) -> None:
    now = timezone.now()
    for name, value in changes.items():
        setattr(phase, name, now + value if isinstance(value, timedelta) else value)
    with pytest.raises(Refused) as refused:
        receive(phase, entry)
    assert refused.value.code == code
    assert Submission.objects.count() == 0


def test_an_empty_file_is_refused(entry: Entry, phase: Phase) -> None:
    with pytest.raises(Refused, match=r"fields\.zip is empty"):
        receive(phase, entry, b"")


@pytest.mark.parametrize("free", [S.INVALID, S.FAILED, S.CANCELLED])
@pytest.mark.parametrize("costs", [S.SCORED, S.WITHDRAWN, S.DISQUALIFIED, S.SCORING])
def test_what_costs_an_attempt_and_what_does_not(entry: Entry, phase: Phase, free: S, costs: S) -> None:
    for state in (free, costs):
        make.submission(phase=phase, entry=entry, state=state, problems=[{"message": "x"}])
    used = budget.attempts(entry.team, phase, timezone.now())
    assert (used.used, used.left) == (1, phase.attempts_per_window - 1)


def test_the_window_rolls(entry: Entry, phase: Phase) -> None:
    now = timezone.now()
    hours = (30, 20, 10, 5, 2, 1)
    for ago in hours:
        made = make.submission(phase=phase, entry=entry, state=S.SCORED)
        Submission.objects.filter(pk=made.pk).update(received_at=now - timedelta(hours=ago))
    used = budget.attempts(entry.team, phase, now)
    # Five of the six lie in the last 24 hours; the oldest of them frees a place when it is 24 hours old.
    assert (used.used, used.left) == (5, 0)
    assert used.next_at == now - timedelta(hours=20) + phase.window
    with pytest.raises(Refused) as refused:
        budget.require_attempt(entry.team, phase, now, sender=captain(entry))
    assert refused.value.code == "attempts_used"
    budget.require_attempt(entry.team, phase, now + timedelta(hours=4, seconds=1), sender=captain(entry))


def test_invalid_files_have_a_budget_of_their_own(entry: Entry, phase: Phase) -> None:
    for _ in range(phase.invalid_per_window):
        make.submission(phase=phase, entry=entry, state=S.INVALID, problems=[{"message": "x"}])
    assert budget.attempts(entry.team, phase, timezone.now()).left == phase.attempts_per_window
    with pytest.raises(Refused) as refused:
        budget.require_attempt(entry.team, phase, timezone.now(), sender=captain(entry))
    assert refused.value.code == "invalid_used"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_uploads_that_end_at_once_two_are_accepted_where_two_are_left() -> None:
    phase = make.phase(attempts_per_window=2, concurrent_submissions=50)
    entry = make.entry(make.team(phase.challenge))
    barrier, outcomes = threading.Barrier(20), []

    def run() -> None:
        barrier.wait()
        try:
            receive(phase, entry)
            outcomes.append("accepted")
        except Refused as refused:
            outcomes.append(refused.code)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted"] * 2 + ["attempts_used"] * 18
    assert Submission.objects.count() == 2
    kept = {path.name for path in Path(upload_path(Submission.objects.first())).parent.glob("*.zip")}  # type: ignore[arg-type]
    assert {f"{pk}.zip" for pk in Submission.objects.values_list("pk", flat=True)} <= kept
