"""What the site's check adds to the engine's."""

from pathlib import Path

from leaderboard.domain.evaluation import checking, handouts
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Phase
from tests.leaderboard import make


def test_zero_fields_are_scored_but_told_of(phantom_phase: Phase) -> None:
    submission = make.submission(phase=phantom_phase, state=SubmissionState.RECEIVED)
    sample = handouts.sample_zip(phantom_phase)
    upload_path(submission).parent.mkdir(parents=True, exist_ok=True)
    assert upload_path(submission).write_bytes(b"".join(sample)) == len(sample)
    checking.check_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == SubmissionState.QUEUED
    assert {(one["code"], one["severity"]) for one in submission.problems} == {("suspect_zeros", "warning")}


def test_an_honest_file_raises_no_suspicion(phantom_phase: Phase, phantom_folder: Path) -> None:
    submission = make.submission(phase=phantom_phase, state=SubmissionState.RECEIVED)
    upload_path(submission).write_bytes((phantom_folder / "submission.zip").read_bytes())
    assert checking.problems_of(submission, upload_path(submission)) == []
