"""What the site's check adds to the engine's."""

import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np

from leaderboard.domain.evaluation import checking
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Phase
from tests.leaderboard import make


def test_zero_fields_are_scored_but_told_of(phantom_phase: Phase, phantom_folder: Path) -> None:
    submission = make.submission(phase=phantom_phase, state=SubmissionState.RECEIVED)
    zero = nib.Nifti1Image(np.zeros((18, 22, 20, 3), np.float32), np.eye(4))
    nib.save(zero, phantom_folder / "zero.nii.gz")
    upload_path(submission).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(upload_path(submission), "w") as archive:
        for field in sorted((phantom_folder / "submission").iterdir()):
            archive.write(phantom_folder / "zero.nii.gz", field.name)
    checking.check_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == SubmissionState.QUEUED
    assert {(one["code"], one["severity"]) for one in submission.problems} == {("suspect_zeros", "warning")}


def test_an_honest_file_raises_no_suspicion(phantom_phase: Phase, phantom_folder: Path) -> None:
    submission = make.submission(phase=phantom_phase, state=SubmissionState.RECEIVED)
    upload_path(submission).write_bytes((phantom_folder / "submission.zip").read_bytes())
    assert checking.problems_of(submission, upload_path(submission)) == []
