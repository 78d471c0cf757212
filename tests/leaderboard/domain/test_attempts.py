"""Budgets, grants and the ledger; what a received file costs is tested with the receiving."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.domain import attempts
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import AttemptGrant, AuditEvent, CaseResult, Entry, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard import make

S = SubmissionState
pytestmark = pytest.mark.django_db


@pytest.fixture
def phase() -> Phase:
    phase = make.phase(attempts_per_window=2, attempts_total=3)
    phase.datasets.add(make.dataset(phase.challenge))
    return phase


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge))


def used(entry: Entry, phase: Phase) -> int:
    return attempts.attempts(entry.team, phase, timezone.now()).used


def test_an_upload_that_is_not_complete_costs_nothing(entry: Entry, phase: Phase) -> None:
    make.submission(phase=phase, entry=entry, state=S.UPLOADING)
    assert used(entry, phase) == 0


def test_a_cancelled_submission_costs_from_its_first_scored_case_on(entry: Entry, phase: Phase) -> None:
    evaluation = make.evaluation(make.submission(phase=phase, entry=entry, state=S.CANCELLED))
    case = phase.datasets.get().cases.all()[0]
    result = CaseResult.objects.create(evaluation=evaluation, case=case)
    assert used(entry, phase) == 0
    CaseResult.objects.filter(pk=result.pk).update(
        state=CaseState.DONE, seconds=0.1, finished_at=timezone.now()
    )
    assert used(entry, phase) == 1


def test_a_grant_opens_the_window_and_the_total_and_is_logged(entry: Entry, phase: Phase) -> None:
    organizer = make.user()
    for _ in range(3):
        made = make.submission(phase=phase, entry=entry, state=S.SCORED)
        Submission.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(Refused):
        attempts.require_attempt(entry.team, phase, timezone.now())
    attempts.grant(entry.team, phase, organizer, "Power cut at our side.", valid=2)
    now = timezone.now()
    assert attempts.attempts(entry.team, phase, now).left == 1
    whole = attempts.total(entry.team, phase)
    assert whole is not None
    assert (whole.used, whole.allowed) == (3, 5)
    attempts.require_attempt(entry.team, phase, now)
    assert AuditEvent.objects.get(reason="Power cut at our side.").by == organizer


def test_a_grant_of_the_window_ends_with_a_window(entry: Entry, phase: Phase) -> None:
    given = attempts.grant(entry.team, phase, make.user(), "why", valid=5)
    AttemptGrant.objects.filter(pk=given.pk).update(at=timezone.now() - phase.window - timedelta(minutes=1))
    assert attempts.attempts(entry.team, phase, timezone.now()).allowed == 2
    whole = attempts.total(entry.team, phase)
    assert whole is not None
    assert whole.allowed == 8


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"reason": " ", "valid": 1}, "reason_missing"), ({"reason": "x"}, "grant_of_nothing")],
)
def test_a_grant_needs_a_reason_and_a_number(
    entry: Entry, phase: Phase, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        attempts.grant(entry.team, phase, make.user(), **changes)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_the_ledger_tells_every_attempt_with_its_cost_and_reason(entry: Entry, phase: Phase) -> None:
    for state in (S.SCORED, S.INVALID, S.FAILED):
        make.submission(phase=phase, entry=entry, state=state, problems=[{"message": "x"}])
    attempts.grant(entry.team, phase, make.user(), "A broken disk.", valid=1)
    rows = ledger.ledger(entry.team, phase)
    assert [(row.valid, row.invalid) for row in rows] == [(-1, 0), (0, 0), (0, 1), (1, 0)]
    assert "A broken disk." in rows[0].words
    assert "given back" in rows[1].words
    assert sum(row.valid for row in rows) == used(entry, phase) - 1


@pytest.mark.parametrize(
    ("begun_before", "after_close", "allowed"),
    [
        (True, timedelta(minutes=30), True),
        (True, timedelta(hours=1), False),
        (False, timedelta(minutes=1), False),
    ],
)
def test_an_upload_begun_in_time_may_end_within_the_grace(
    entry: Entry, phase: Phase, begun_before: bool, after_close: timedelta, allowed: bool
) -> None:
    phase.closes_at = timezone.now()
    phase.grace = timedelta(hours=1)
    begun = phase.closes_at - timedelta(minutes=1) if begun_before else phase.closes_at
    if allowed:
        attempts.require_attempt(entry.team, phase, phase.closes_at + after_close, begun=begun)
        return
    with pytest.raises(Refused) as refused:
        attempts.require_attempt(entry.team, phase, phase.closes_at + after_close, begun=begun)
    assert refused.value.code == "phase_closed"
