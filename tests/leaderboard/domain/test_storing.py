"""Whole uploads on their way into a bucket: nothing is lost, whoever is killed and whatever is away."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import (
    attempts,
    backups,
    doctor,
    janitor,
    stewardship,
    storing,
    submissions,
    sweeper,
    uploads,
)
from leaderboard.domain.evaluation import checking
from leaderboard.domain.evaluation.plan import upload_name, upload_path
from leaderboard.enums import SubmissionState
from leaderboard.folder import store
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Phase, Submission
from leaderboard.queries import health
from leaderboard.storage import backends
from tests.leaderboard import buckets, make
from tests.leaderboard.domain.conftest import score_all

pytestmark = pytest.mark.parametrize("storage", ["bucket"], indirect=True)


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, storage: str, tmp_path: Path) -> None:
    settings.UPLOADS_ROOT = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads" / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True)


@pytest.fixture
def received(phantom_phase: Phase, phantom_folder: Path) -> Submission:
    """A submission whose file has come whole and is not in the bucket."""
    zipped = phantom_folder / "submission.zip"
    entry = make.entry(make.team(phantom_phase.challenge))
    sent = TemporaryUploadedFile("fields.zip", "application/zip", zipped.stat().st_size, None)
    shutil.copyfile(zipped, sent.temporary_file_path())
    made = submissions.receive(phantom_phase, entry, entry.team.memberships.get().user, sent)
    sent.close()
    return made


def facts(submission: Submission) -> tuple[str, bool, int]:
    submission.refresh_from_db()
    return submission.state, submission.stored, submission.tries


def test_a_file_that_is_scored_again_is_copied_by_the_queue_and_not_while_somebody_waits(
    received: Submission, settings: Settings
) -> None:
    storing.store(str(received.pk))
    scored = make.submission(phase=received.phase, entry=received.entry, state=SubmissionState.SCORED)
    cancelled = {"state": SubmissionState.CANCELLED, "same_as": scored}
    Submission.objects.filter(pk=received.pk).update(**cancelled)
    by = received.submitted_by
    made = submissions.score_again(Submission.objects.get(pk=received.pk), by)
    assert facts(made) == (SubmissionState.RECEIVED, False, 0)
    assert not store("uploads").exists(upload_name(made))
    assert storing.waiting() == [str(made.pk)]
    storing.store(str(made.pk))
    assert facts(made) == (SubmissionState.RECEIVED, True, 0)
    with store("uploads").at_hand(upload_name(made)) as path:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256 != ""
    submissions.cancel(made, by)
    # Removed from the bucket before the copy: no end of tries would bring it back.
    lost = submissions.score_again(Submission.objects.get(pk=received.pk), by)
    store("uploads").delete(upload_name(received))
    for _ in range(settings.MAX_TRIES):
        at_once(lost)
    assert facts(lost)[0] == SubmissionState.FAILED
    Submission.objects.filter(pk=lost.pk).update(state=SubmissionState.CANCELLED)
    with pytest.raises(Refused) as refused:
        submissions.score_again(Submission.objects.get(pk=received.pk), by)
    assert refused.value.code == "file_gone"


def test_a_received_file_is_stored_checked_and_scored_and_leaves_nothing_behind(
    received: Submission, phantom_folder: Path, settings: Settings
) -> None:
    content = (phantom_folder / "submission.zip").read_bytes()
    assert facts(received) == (SubmissionState.RECEIVED, False, 0)
    assert storing.waiting() == [str(received.pk)]
    assert sweeper._waiting_checks() == []
    checking.check_submission(str(received.pk))
    assert received.events.filter(message="Checking the file.").count() == 0
    whole = upload_path(received)
    assert whole.read_bytes() == content

    storing.store(str(received.pk))
    storing.store(str(received.pk))  # a doubled message
    assert facts(received) == (SubmissionState.RECEIVED, True, 0)
    assert received.sha256 == hashlib.sha256(content).hexdigest()
    assert not whole.exists()
    assert [(kept.name, kept.size) for kept in store("uploads").walk()] == [
        (upload_name(received), len(content))
    ]

    checking.check_submission(str(received.pk))
    score_all(received)
    assert facts(received)[0] == SubmissionState.SCORED
    # On this machine: the zip by its hash, ground truth below its version, and no writing that broke off.
    scratch = {
        path.relative_to(settings.SCRATCH_ROOT) for path in settings.SCRATCH_ROOT.rglob("*") if path.is_file()
    }
    assert Path("uploads") / f"{received.sha256}.zip" in scratch
    dataset = received.phase.datasets.get()
    assert {str(path) for path in scratch if path.parts[0] == "ground-truth"} == {
        f"ground-truth/{kept.name}" for kept in store("ground-truth").walk(dataset.ground_truth)
    }
    assert not [path for path in scratch if path.suffix == ".part"]


def test_a_storage_that_is_away_costs_no_try_and_everything_goes_on_when_it_is_back(
    received: Submission, settings: Settings
) -> None:
    there = settings.STORAGES
    settings.STORAGES = buckets.away()
    for _ in range(2):
        storing.store(str(received.pk))
    assert facts(received) == (SubmissionState.RECEIVED, False, 0)
    assert upload_path(received).exists()
    assert received.events.filter(message__startswith="The storage of files does not answer").count() == 1
    assert not next(part for part in health.parts() if part.name == "storage").ok
    found = {one.name: one for one in doctor.examine(with_cage=False)}
    assert (found["storage"].words, "STORAGE_URL" in found["storage"].mend) == (
        "the bucket cannot be reached",
        True,
    )

    settings.STORAGES = there
    assert doctor._looked("files", doctor._written).words == "each kind can be written"
    storing.store(str(received.pk))
    settings.STORAGES = buckets.away()
    checking.check_submission(str(received.pk))
    assert facts(received) == (SubmissionState.CHECKING, True, 0)
    settings.STORAGES = there
    checking.check_submission(str(received.pk))
    settings.STORAGES = buckets.away()
    shutil.rmtree(settings.SCRATCH_ROOT)
    score_all(received)
    cases = CaseResult.objects.filter(evaluation__submission=received)
    assert set(cases.values_list("state", "tries")) == {("pending", 0)}
    settings.STORAGES = there
    score_all(received)
    assert facts(received)[0] == SubmissionState.SCORED


def test_a_file_that_was_called_off_or_is_in_the_bucket_is_left_nowhere(
    received: Submission, phantom_folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    whole = upload_path(received)
    uploads.sweep()
    assert whole.exists()
    # Killed behind the bucket's yes: the file is there twice, and stored once more.
    store("uploads").take(whole, upload_name(received))
    storing.store(str(received.pk))
    assert facts(received)[1]
    # Killed behind the row's: what is beside the web server is left over.
    shutil.copyfile(phantom_folder / "submission.zip", whole)
    monkeypatch.setattr(storing, "LEFT_SECONDS", -1)
    uploads.sweep()
    assert not whole.exists()

    submissions.cancel(received, received.submitted_by)
    Submission.objects.update(finished_at=timezone.now() - timedelta(days=400))
    (files, *_) = janitor.tidy()
    assert files.count == 1
    assert list(store("uploads").walk()) == []


def test_a_worker_without_the_file_leaves_it(
    received: Submission, tmp_path: Path, settings: Settings
) -> None:
    beside, settings.UPLOADS_ROOT = settings.UPLOADS_ROOT, tmp_path / "elsewhere"
    storing.store(str(received.pk))
    assert facts(received) == (SubmissionState.RECEIVED, False, 1)
    settings.UPLOADS_ROOT = beside
    storing.store(str(received.pk))  # not before a while is over
    assert facts(received) == (SubmissionState.RECEIVED, False, 1)
    at_once(received)
    assert facts(received) == (SubmissionState.RECEIVED, True, 0)


def at_once(submission: Submission) -> None:
    """The next try, without the while before it."""
    Submission.objects.filter(pk=submission.pk).update(lease_until=None)
    storing.store(str(submission.pk))


def test_a_file_that_is_lost_fails_after_some_tries_and_is_tried_again_when_it_is_back(
    received: Submission, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    whole = upload_path(received)
    hidden = whole.rename(whole.with_suffix(".hidden"))
    for tries in range(1, settings.MAX_TRIES):
        at_once(received)
        assert facts(received) == (SubmissionState.RECEIVED, False, tries)
    at_once(received)
    assert facts(received)[:2] == (SubmissionState.FAILED, False)
    assert attempts.attempts(received.entry.team, received.phase, timezone.now()).used == 0
    told = received.events.filter(message__startswith="The file is not where it was left")
    assert told.count() == settings.MAX_TRIES
    assert str(whole) in told[0].detail

    hidden.rename(whole)
    monkeypatch.setattr(storing, "LEFT_SECONDS", -1)
    uploads.sweep()
    stewardship.retry(Submission.objects.get(pk=received.pk), received.submitted_by)
    assert storing.waiting() == [str(received.pk)]
    storing.store(str(received.pk))
    assert facts(received) == (SubmissionState.RECEIVED, True, 0)


def test_a_file_of_another_hash_is_not_scored(received: Submission, tmp_path: Path) -> None:
    storing.store(str(received.pk))
    (tmp_path / "other").write_bytes(b"another file")
    store("uploads").take(tmp_path / "other", upload_name(received))
    checking.check_submission(str(received.pk))
    assert facts(received)[0] == SubmissionState.CHECKING
    assert received.events.filter(message__startswith="The storage of files does not answer").exists()


def test_a_backup_holds_what_the_bucket_has_and_what_is_on_its_way(
    received: Submission,
    phantom_phase: Phase,
    phantom_folder: Path,
    tmp_path: Path,
    s3_server: str,
    settings: Settings,
) -> None:
    stored = make.submission(phase=received.phase, entry=received.entry, state=SubmissionState.SCORED)
    store("uploads").take(phantom_folder / "submission.zip", upload_name(stored))
    with pytest.raises(backups.Unusable, match="cannot be linked"):
        backups.backup(tmp_path / "linked", link=True)
    manifest = backups.backup(tmp_path / "backup")
    assert manifest.missing == []
    truth = {f"ground-truth/{kept.name}" for kept in store("ground-truth").walk()}
    assert set(manifest.files) == truth | {f"uploads/{stored.pk}.zip", f"uploads/{received.pk}.whole"}

    address = buckets.made(s3_server)
    settings.STORAGES = settings.STORAGES | backends(address, *buckets.KEYS)
    settings.UPLOADS_ROOT = tmp_path / "other"
    for kept in manifest.files:
        backups._bring_back(tmp_path / "backup" / "files" / kept, kept)
    assert {f"ground-truth/{kept.name}" for kept in store("ground-truth").walk()} == truth
    assert [kept.name for kept in store("uploads").walk()] == [f"{stored.pk}.zip"]
    assert [path.name for path in settings.UPLOADS_ROOT.iterdir()] == [f"{received.pk}.whole"]
