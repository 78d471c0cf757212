"""What the sweeper finds, and that one bad row does not keep it from the rest."""

import io
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import attempts, stewardship, sweeper, uploads
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Entry, Notification, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard import make

S = SubmissionState
# A value that no mean can be made of.
POISON = "no number"


@pytest.fixture
def phase(transactional_db: None) -> Phase:
    phase = make.phase()
    phase.datasets.add(make.dataset(phase.challenge))
    return phase


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge))


def all_cases_done(phase: Phase, entry: Entry, dice: object) -> Submission:
    """A submission whose last case is stored and whose worker was lost before its end."""
    submission = make.submission(phase=phase, entry=entry, state=S.SCORING)
    evaluation = make.evaluation(submission)
    done = {"state": CaseState.DONE, "seconds": 0.1, "finished_at": timezone.now(), "values": {"DSC": dice}}
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
    poison = all_cases_done(phase, entry, POISON)
    healthy = all_cases_done(phase, entry, 0.5)
    upload = uploads.begin(phase, entry, entry.team.members.get(), "fields.zip", 2)
    uploads.append(upload.pk, 0, io.BytesIO(b"PK"))
    sweeper.sweep()
    states = {one.pk: one.state for one in Submission.objects.all()}
    assert states == {poison.pk: S.SCORING, healthy.pk: S.SCORED, upload.pk: S.RECEIVED}


def sweep_when_it_is_time(submission: Submission) -> None:
    """Sweep now, as long before the next try as it is, and then."""
    sweeper.sweep()
    Submission.objects.filter(pk=submission.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweeper.sweep()


def test_an_end_that_always_goes_wrong_is_a_failure_of_ours_and_can_be_mended(
    phase: Phase, entry: Entry, settings: Settings
) -> None:
    settings.MAX_TRIES = 3
    organizer = make.user()
    phase.challenge.organizers.add(organizer)
    poison = all_cases_done(phase, entry, POISON)
    sweep_when_it_is_time(poison)
    poison.refresh_from_db()
    assert (poison.state, poison.tries) == (S.SCORING, 2)
    sweep_when_it_is_time(poison)
    sweeper.sweep()
    poison.refresh_from_db()
    assert (poison.state, poison.tries) == (S.FAILED, 3)
    assert attempts.attempts(entry.team, phase, timezone.now()).used == 0
    (row,) = ledger.ledger(phase, entry.team)
    assert (row.valid, row.words) == (0, "Failed for a reason of ours: given back.")
    told = Notification.objects.filter(kind="failed").values_list("user", flat=True)
    assert sorted(told) == sorted([organizer.pk, poison.submitted_by_id])
    words = [event.message for event in poison.events.all()]
    assert (
        words[-1]
        == "Scoring failed for a reason of ours. The attempt is given back and the organizers are told."
    )
    assert len(words) == 4
    assert "TypeError" in poison.events.all()[0].detail

    CaseResult.objects.filter(evaluation__submission=poison).update(values={"DSC": 0.5})
    stewardship.retry(poison, organizer)
    sweeper.sweep()
    poison.refresh_from_db()
    assert (poison.state, poison.lease_until) == (S.SCORED, None)


def test_an_end_of_which_nobody_can_be_told_comes_all_the_same(
    phase: Phase, entry: Entry, settings: Settings
) -> None:
    settings.MAX_TRIES = 1
    poison = all_cases_done(phase, entry, 0.5)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'nobody is told'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER test_refuse BEFORE INSERT ON leaderboard_notification "
            "FOR EACH ROW EXECUTE FUNCTION test_refuse()"
        )
        try:
            sweeper.sweep()
        finally:
            cursor.execute("DROP FUNCTION test_refuse CASCADE")
    poison.refresh_from_db()
    assert poison.state == S.FAILED
