"""What the cockpit finds that needs a hand, and what it leaves in peace."""

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from pytest_django import Settings

from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import (
    CaseResult,
    Challenge,
    Evaluation,
    Notification,
    Phase,
    Rescoring,
    Submission,
    SubmissionEvent,
    Worker,
)
from leaderboard.queries import broker
from leaderboard.queries.cockpit import cockpit
from tests.leaderboard import make, payload

S = SubmissionState
pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


@pytest.fixture
def challenge() -> Challenge:
    return make.challenge()


@pytest.fixture
def phase(challenge: Challenge) -> Phase:
    phase = make.phase(challenge=challenge)
    phase.datasets.add(make.dataset(challenge))
    return phase


def case(evaluation: Evaluation, phase: Phase, **fields: Any) -> CaseResult:
    left = phase.datasets.get().cases.exclude(results__evaluation=evaluation)
    return CaseResult.objects.create(evaluation=evaluation, case=left[0], **fields)


def finished(at: Any) -> dict[str, Any]:
    return {"state": CaseState.DONE, "seconds": 1.0, "finished_at": at}


def test_states_and_boards_of_each_phase(challenge: Challenge, phase: Phase) -> None:
    for state in (S.SCORED, S.SCORED, S.FAILED):
        make.submission(phase=phase, state=state)
    make.submission(state=S.SCORED)
    older, newer = ago(hours=2), ago(hours=1)
    for at in (newer, older):
        payload.snapshot(phase, 1, created_at=at)
    (found,) = cockpit(challenge).phases
    assert found.states == [(S.SCORED, 2), (S.FAILED, 1)]
    assert (found.submissions, found.board_at, found.board_late) == (3, newer, False)


def test_a_failure_that_the_team_has_replaced_needs_no_hand(challenge: Challenge, phase: Phase) -> None:
    replaced = make.submission(phase=phase, state=S.FAILED)
    left = make.submission(phase=phase, state=S.FAILED)
    assert set(cockpit(challenge).failed) == {replaced, left}
    make.submission(phase=phase, entry=replaced.entry, state=S.SCORED)
    assert cockpit(challenge).failed == [left]


def test_what_waits_and_since_when(challenge: Challenge, phase: Phase) -> None:
    oldest = ago(minutes=9)
    make.submission(phase=phase, state=S.RECEIVED, received_at=oldest)
    make.submission(phase=phase, state=S.CHECKING, received_at=ago(minutes=1))
    at_work = make.evaluation(make.submission(phase=phase, state=S.SCORING))
    case(at_work, phase)
    case(at_work, phase, **finished(ago(seconds=1)))
    ended = make.evaluation(make.submission(phase=phase, state=S.CANCELLED))
    case(ended, phase)
    shadow = Rescoring.objects.create(phase=phase, by=make.user(), reason="x")
    case(
        make.evaluation(make.submission(phase=phase, state=S.SCORED), rescoring=shadow, current=False), phase
    )
    queues = {queue.name: queue for queue in cockpit(challenge).queues}
    assert (queues["Checks"].rows, queues["Checks"].oldest) == (2, oldest)
    assert queues["Cases"].rows == 2, "one of a submission at work, one of a rescoring"
    assert (queues["Boards"].rows, queues["Boards"].oldest) == (0, None)


@pytest.mark.parametrize("state", [S.CHECKING, S.SCORING])
def test_work_without_a_sign_of_life_is_stuck(challenge: Challenge, phase: Phase, state: S) -> None:
    silent = make.submission(phase=phase, state=state, received_at=ago(minutes=11))
    lately = make.submission(phase=phase, state=state, received_at=ago(minutes=30))
    SubmissionEvent.objects.create(submission=lately, message="x", at=ago(minutes=2))
    scoring = make.submission(phase=phase, state=state, received_at=ago(minutes=30))
    case(make.evaluation(scoring), phase, **finished(ago(minutes=1)))
    assert cockpit(challenge).stuck == [silent]


@pytest.mark.parametrize("state", [S.RECEIVED, S.QUEUED])
def test_what_waits_its_turn_is_stuck_only_where_nobody_works(
    challenge: Challenge, phase: Phase, state: S
) -> None:
    waiting = make.submission(phase=phase, state=state, received_at=ago(hours=1))
    assert cockpit(challenge).stuck == [waiting]
    elsewhere = make.phase()
    elsewhere.datasets.add(make.dataset(elsewhere.challenge))
    other = make.submission(phase=elsewhere, state=S.SCORING)
    case(make.evaluation(other), elsewhere, **finished(ago(minutes=1)))
    assert cockpit(challenge).stuck == []


def test_failed_ones_and_late_boards_need_a_hand(challenge: Challenge, phase: Phase) -> None:
    assert cockpit(challenge).troubles == 0
    failed = make.submission(phase=phase, state=S.FAILED)
    make.submission(state=S.FAILED)
    Phase.objects.filter(pk=phase.pk).update(board_stale_since=ago(minutes=3))
    found = cockpit(challenge)
    assert found.failed == [failed]
    assert found.phases[0].board_late
    assert found.troubles == 2
    Phase.objects.filter(pk=phase.pk).update(board_stale_since=ago(seconds=30))
    assert not cockpit(challenge).phases[0].board_late


def test_a_rescoring_whose_cases_nobody_tries_any_more(
    challenge: Challenge, phase: Phase, settings: Settings
) -> None:
    shadow = Rescoring.objects.create(phase=phase, by=make.user(), reason="x")
    submission = make.submission(phase=phase, state=S.SCORED)
    result = case(make.evaluation(submission, rescoring=shadow, current=False), phase)
    assert cockpit(challenge).rescorings == []
    CaseResult.objects.filter(pk=result.pk).update(tries=settings.MAX_TRIES)
    assert cockpit(challenge).rescorings == [shadow]


def test_a_worker_silent_for_a_minute_is_lost(challenge: Challenge) -> None:
    assert not cockpit(challenge).is_anybody_there
    for name, silent in (("a", 59), ("b", 61)):
        Worker.objects.create(name=name, pid=1, started_at=NOW, seen_at=ago(seconds=silent))
    found = cockpit(challenge)
    assert [row.lost for row in found.workers] == [False, True]
    assert found.is_anybody_there


def test_mail_that_did_not_go_out_to_this_challenges_people(challenge: Challenge, phase: Phase) -> None:
    member = make.team(challenge).members.get()
    organizer, stranger = make.user(), make.user()
    challenge.organizers.add(organizer)
    for user in (member, organizer, stranger):
        Notification.objects.create(user=user, kind="scored", title="x", key="x", mail_error="no such box")
    sent = {"kind": "scored", "title": "x", "mailed_at": NOW}
    Notification.objects.create(user=member, key="y", mail_error="at first", **sent)
    assert {mail.user for mail in cockpit(challenge).mails} == {member, organizer}


def test_room_is_told_for_folders_that_are_not_made_yet(challenge: Challenge, settings: Settings) -> None:
    settings.MEDIA_ROOT = settings.DATA_DIR / "not" / "there" / "yet"
    disks = cockpit(challenge).disks
    assert [disk.name for disk in disks] == ["Uploads", "Pictures", "Ground truth"]
    assert len({disk.total for disk in disks}) == 1
    assert all(0 < disk.free < disk.total for disk in disks)


def test_a_broker_that_is_away_is_told(challenge: Challenge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cockpit(challenge).broker_answers
    assert broker.messages_or_none(["no-such-queue"]) == {"no-such-queue": 0}
    # In this order: the second is read from the first where it is not set.
    for name in ("broker_write_url", "broker_url"):
        monkeypatch.setattr(current_app.conf, name, "redis://127.0.0.1:9/0")
    found = cockpit(challenge)
    assert not found.broker_answers
    assert {queue.messages for queue in found.queues} == {None}


def test_only_this_challenges_submissions(challenge: Challenge) -> None:
    make.submission(state=S.FAILED)
    assert Submission.objects.count() == 1
    found = cockpit(challenge)
    assert (found.failed, found.phases) == ([], [])
