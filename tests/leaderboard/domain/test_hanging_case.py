"""A case whose scoring never ends: a store that does not answer, made of a pipe that nobody writes to."""

import os
import shutil
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import attempts
from leaderboard.domain.evaluation import cage, checking, scoring
from leaderboard.domain.evaluation.plan import ground_truth_folder, upload_path
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Dataset, Notification, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard import make

S = SubmissionState
KEY = "3455_3454"


@pytest.fixture
def hanging(phantom_phase: Phase, settings: Settings) -> Phase:
    """The phantom phase, with the labels of one subject on a store that hangs."""
    dataset = Dataset.objects.get()
    target = Path(settings.GROUND_TRUTH_ROOT) / "hanging"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ground_truth_folder(dataset), target)
    # Of all pairs only this one looks at it.
    (labels,) = target.glob("labels*/*_3454_*")
    labels.unlink()
    os.mkfifo(labels)
    Dataset.objects.update(ground_truth="hanging")
    phantom_phase.challenge.organizers.add(make.user(username="olga"))
    return phantom_phase


def queued(phase: Phase, zipped: Path) -> Submission:
    """A submission in order; the trial of conventions would hang on the store, too, so it is left out."""
    entry = make.entry(make.team(phase.challenge))
    sent = make.submission(phase=phase, entry=entry, state=S.RECEIVED)
    shutil.copyfile(zipped, upload_path(sent))
    Dataset.objects.update(has_labels=False)
    checking.check_submission(str(sent.pk))
    Dataset.objects.update(has_labels=True)
    sent.refresh_from_db()
    assert sent.state == S.QUEUED
    return sent


def test_it_fails_after_a_bounded_time_gives_the_attempt_back_and_holds_up_nobody(
    hanging: Phase, phantom_folder: Path, settings: Settings
) -> None:
    sent = queued(hanging, phantom_folder / "submission.zip")
    results = CaseResult.objects.filter(evaluation__submission=sent)
    good, bad = results.exclude(case__key=KEY), results.get(case__key=KEY)
    first = good.first()
    assert first is not None
    scoring.score_case(first.pk)
    cage.close()
    settings.CAGE_SECONDS = 2
    for _ in range(settings.MAX_TRIES):
        scoring.score_case(bad.pk)
    sent.refresh_from_db()
    assert sent.state == S.FAILED
    assert set(Notification.objects.filter(kind="failed").values_list("user__username", flat=True)) == {
        "olga",
        sent.submitted_by.username,
    }
    (row,) = ledger.ledger(hanging, sent.entry.team)
    assert (row.valid, row.words) == (0, "Failed for a reason of ours: given back.")
    assert attempts.attempts(sent.entry.team, hanging, timezone.now()).used == 0
    first.refresh_from_db()
    assert first.state == CaseState.DONE
