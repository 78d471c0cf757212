"""What the sweeper finds, and that one bad row does not keep it from the rest."""

import io
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.domain import sweeper, uploads
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Entry, Phase, Submission
from tests.leaderboard import make

S = SubmissionState


@pytest.fixture
def phase(transactional_db: None) -> Phase:
    phase = make.phase()
    phase.datasets.add(make.dataset(phase.challenge))
    return phase


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge))


def all_cases_done(phase: Phase, entry: Entry, metric: str) -> Submission:
    """A submission whose last case is stored and whose worker was lost before its end."""
    submission = make.submission(phase=phase, entry=entry, state=S.SCORING)
    evaluation = make.evaluation(submission)
    done = {"state": CaseState.DONE, "seconds": 0.1, "finished_at": timezone.now(), "values": {metric: 0.5}}
    for case in phase.datasets.get().cases.all():
        CaseResult.objects.create(evaluation=evaluation, case=case, **done)
    return submission


def test_a_lost_check_is_told_once_and_its_holder_can_store_nothing(phase: Phase, entry: Entry) -> None:
    lost = make.submission(
        phase=phase,
        entry=entry,
        state=S.CHECKING,
        lease_token=uuid.uuid4(),
        lease_until=timezone.now() - timedelta(seconds=1),
        tries=1,
    )
    for _ in range(2):
        sweeper.sweep()
    lost.refresh_from_db()
    assert (lost.state, lost.lease_token) == (S.CHECKING, None)
    told = [event.message for event in lost.events.all()]
    assert told == ["A worker was lost while at work on the check; another one takes over."]


def test_a_submission_that_cannot_be_ended_does_not_hold_up_the_others(phase: Phase, entry: Entry) -> None:
    poison = all_cases_done(phase, entry, "a metric that the dataset's config does not know")
    healthy = all_cases_done(phase, entry, "DSC")
    upload = uploads.begin(phase, entry, entry.team.members.get(), "fields.zip", 2)
    uploads.append(upload.pk, 0, io.BytesIO(b"PK"))
    sweeper.sweep()
    states = {one.pk: one.state for one in Submission.objects.all()}
    assert states == {poison.pk: S.SCORING, healthy.pk: S.SCORED, upload.pk: S.RECEIVED}
