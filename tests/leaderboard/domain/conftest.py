"""A phase over the phantom, and submissions scored by the workers' functions, called here."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile

from leaderboard.domain import storing, submissions
from leaderboard.domain.evaluation import checking, scoring
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.models import CaseResult, Entry, Phase, Submission
from tests.leaderboard import make

Score = Callable[[Phase, Entry], Submission]


@pytest.fixture
def phantom_phase(phantom_folder: Path, storage: str, transactional_db: None) -> Phase:
    phase = make.phase(rules="lumir24")
    configs = [phantom_folder / "segmentation.json", phantom_folder / "landmark.json"]
    facts = {"name": "Phantom", "group": "in-domain"}
    imported = import_dataset(phase.challenge, "phantom", configs, phantom_folder, phase.rules, **facts)
    phase.datasets.add(imported.dataset)
    return phase


@pytest.fixture
def scored(phantom_folder: Path) -> Score:
    """Submit the phantom's fields for an entry and score them."""

    def run(phase: Phase, entry: Entry) -> Submission:
        submission = receive(phantom_folder, phase, entry)
        storing.store(str(submission.pk))  # does nothing where files lie in folders
        checking.check_submission(str(submission.pk))
        score_all(submission)
        submission.refresh_from_db()
        return submission

    return run


def receive(phantom_folder: Path, phase: Phase, entry: Entry) -> Submission:
    """Take in the phantom's fields, as yet unchecked."""
    zipped = phantom_folder / "submission.zip"
    sent = TemporaryUploadedFile("fields.zip", "application/zip", zipped.stat().st_size, None)
    shutil.copyfile(zipped, sent.temporary_file_path())
    captain = entry.team.memberships.get(role="captain").user
    submission = submissions.receive(phase, entry, captain, sent)
    sent.close()
    return submission


def score_all(submission: Submission) -> None:
    results = CaseResult.objects.filter(evaluation__submission=submission).exclude(state="done")
    for pk in list(results.values_list("pk", flat=True)):
        scoring.score_case(pk)
