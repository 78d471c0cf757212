"""A challenge with one of everything that organizers look at, and the people around it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from leaderboard.enums import CaseState, ImportState, SubmissionState
from leaderboard.models import (
    CaseResult,
    Challenge,
    Dataset,
    DatasetImport,
    Entry,
    Evaluation,
    Phase,
    Rescoring,
    Submission,
    Team,
)
from tests.leaderboard import make, payload


@dataclass
class Place:
    """One challenge."""

    challenge: Challenge
    phase: Phase
    dataset: Dataset
    team: Team
    entry: Entry
    submission: Submission
    evaluation: Evaluation
    rescoring: Rescoring
    asked: DatasetImport
    organizer: User


@pytest.fixture
def place(db: None) -> Place:
    challenge = make.challenge(slug="lumir", terms="Be fair.")
    organizer = make.user(username="olga")
    challenge.organizers.add(organizer)
    phase = make.phase(challenge=challenge)
    dataset = make.dataset(challenge, slug="in-domain")
    phase.datasets.add(dataset)
    team = make.team(challenge, make.user(username="ada"), name="Analytical Engines")
    entry = make.entry(team, name="Difference Engine")
    submission = make.submission(phase=phase, entry=entry, state=SubmissionState.SCORED, sha256="ab" * 32)
    evaluation = make.evaluation(submission)
    for number, case in enumerate(dataset.cases.all()):
        done(evaluation, case.pk, {"DSC": 0.5 + number, "Non-diffeomorphic Volumes": float("nan")})
    decided = {"applied": False, "decided_at": timezone.now(), "decided_by": organizer}
    rescoring = Rescoring.objects.create(phase=phase, by=organizer, reason="New scorer.", **decided)
    make.evaluation(submission, rescoring=rescoring, current=False)
    asked = DatasetImport.objects.create(
        challenge=challenge,
        by=organizer,
        slug="in-domain",
        facts={"name": "In-domain"},
        configs=[{"name": "a.json", "content": {}}],
        rules="lumir25",
        state=ImportState.REFUSED,
        problems=[{"file": "labelsVal/a.nii.gz", "found": "the file is missing", "expected": "a file"}],
    )
    payload.snapshot(phase, 1, created_at=timezone.now() - timedelta(hours=1))
    return Place(challenge, phase, dataset, team, entry, submission, evaluation, rescoring, asked, organizer)


def done(evaluation: Evaluation, case: int, values: dict[str, float]) -> CaseResult:
    return CaseResult.objects.create(
        evaluation=evaluation,
        case_id=case,
        state=CaseState.DONE,
        values=values,
        seconds=1.5,
        finished_at=timezone.now(),
    )


@pytest.fixture
def organizer(place: Place) -> Client:
    """The browser of an organizer."""
    client = Client()
    client.force_login(place.organizer)
    return client


@pytest.fixture
def member(place: Place) -> Client:
    """The browser of the team's captain."""
    client = Client()
    client.force_login(place.team.members.get())
    return client
