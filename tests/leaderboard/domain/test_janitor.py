"""What the janitor takes away, and all that it must leave."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import audit, janitor
from leaderboard.enums import SubmissionState
from leaderboard.models import AuditEvent, DatasetImport, Letter, Phase, Snapshot, Submission
from tests.leaderboard import make, payload

pytestmark = pytest.mark.django_db
S = SubmissionState
OLD = timezone.now() - timedelta(days=400)


@pytest.fixture(autouse=True)
def _folders(settings: Settings, tmp_path: Path) -> None:
    settings.UPLOADS_ROOT, settings.MEDIA_ROOT = tmp_path / "uploads", tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads" / "incoming"
    (tmp_path / "uploads" / "incoming").mkdir(parents=True)
    (tmp_path / "media" / "tables").mkdir(parents=True)


def ended(phase: Phase, state: S, at: datetime) -> Submission:
    problems = [{"code": "missing"}] if state is S.INVALID else []
    made = make.submission(phase=phase, state=state, finished_at=at, received_at=at, problems=problems)
    path(made).write_bytes(b"x" * 10)
    return made


def path(submission: Submission) -> Path:
    from leaderboard.domain.evaluation.plan import upload_path

    return upload_path(submission)


def test_only_files_of_what_ended_without_a_score_go_and_their_rows_stay() -> None:
    phase = make.phase()
    old = {state: ended(phase, state, OLD) for state in S if state is not S.UPLOADING}
    young = [ended(phase, state, timezone.now()) for state in (S.INVALID, S.CANCELLED)]
    late = ended(phase, S.CANCELLED, OLD)
    make.evaluation(late)
    would = janitor.tidy(dry_run=True)
    assert (would[0].count, would[0].bytes) == (2, 20)
    assert all(path(one).exists() for one in old.values())
    assert janitor.tidy()[0] == would[0]
    gone = {state for state, one in old.items() if not path(one).exists()}
    assert gone == {S.INVALID, S.CANCELLED}
    assert all(path(one).exists() for one in [*young, late])
    assert Submission.objects.count() == len(old) + 3


def test_of_old_boards_the_last_of_each_day_and_the_frozen_one_stay() -> None:
    noon = datetime(2025, 5, 1, 12, tzinfo=UTC)
    phase = make.phase(opens_at=noon - timedelta(days=9), freeze_at=noon + timedelta(hours=1, minutes=30))
    hours = [0, 1, 2, 3, 24, 25]
    made = [payload.snapshot(phase, created_at=noon + timedelta(hours=hour)) for hour in hours]
    young = [payload.snapshot(phase) for _ in range(2)]
    assert janitor.tidy()[1].count == 3
    left = set(Snapshot.objects.values_list("pk", flat=True))
    # 13:00 was the last before the freeze, 15:00 the last of the day, 13:00 the last of the next.
    assert left == {made[1].pk, made[3].pk, made[5].pk, *(one.pk for one in young)}


def test_tables_sessions_and_letters_go_and_the_audit_log_stays(settings: Settings) -> None:
    phase = make.phase()
    shown = payload.snapshot(phase, content_hash="a" * 64)
    tables = Path(settings.MEDIA_ROOT) / "tables"
    for name in (shown.content_hash, "b" * 64, "c" * 64):
        (tables / f"{name}.npz").write_bytes(b"table")
        if name[0] != "c":
            os.utime(tables / f"{name}.npz", (OLD.timestamp(), OLD.timestamp()))
    Session.objects.create(session_key="old", session_data="", expire_date=OLD)
    Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    for at in (OLD, timezone.now()):
        Letter.objects.create(to="a@example.org", subject="s", text="t", at=at)
    audit.record(phase.challenge, None, "something")
    AuditEvent.objects.update(at=OLD)
    janitor.tidy()
    assert {one.stem[0] for one in tables.iterdir()} == {"a", "c"}
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
    assert Letter.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_what_ended_imports_left_goes_and_what_waits_stays(settings: Settings) -> None:
    asked = {"challenge": make.challenge(), "by": make.user(), "facts": {}, "configs": [], "rules": "lumir25"}
    ended = DatasetImport.objects.create(**asked, slug="ended", state="failed")
    waits = DatasetImport.objects.create(**asked, slug="waits")
    folder = Path(settings.UPLOADS_ROOT) / "imports"
    for name in (f"{ended.pk}-abc", f"{waits.pk}-abc", "tmpabc"):
        (folder / name / "labelsTs").mkdir(parents=True)
        (folder / name / "labelsTs" / "hidden.nii.gz").write_bytes(b"x" * 7)
    for name in (f"{ended.pk}.zip", f"{waits.pk}.zip", "999999.zip"):
        (folder / name).write_bytes(b"x")
    for path in folder.iterdir():
        if path.name != "999999.zip":  # its import is about to be committed
            os.utime(path, (OLD.timestamp(), OLD.timestamp()))
    found = janitor.tidy()[-1]
    assert (found.count, found.bytes) == (3, 15)
    assert {path.name for path in folder.iterdir()} == {f"{waits.pk}-abc", f"{waits.pk}.zip", "999999.zip"}


def test_a_kind_that_stumbles_is_told_after_all_others(settings: Settings) -> None:
    settings.KEEP_SNAPSHOTS = timedelta(days=999_999_999)
    Session.objects.create(session_key="old", session_data="", expire_date=OLD)
    with pytest.raises(ExceptionGroup) as told:
        janitor.tidy()
    assert [type(fault) for fault in told.value.exceptions] == [OverflowError]
    assert not Session.objects.exists()


def test_the_command_only_looks_when_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=OLD)
    call_command("janitor", "--dry-run")
    told = capsys.readouterr().out
    assert "     1 log-ins that have expired" in told
    assert "Nothing was removed." in told
    assert Session.objects.count() == 1
