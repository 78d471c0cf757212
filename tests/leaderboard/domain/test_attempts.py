"""Budgets, grants and the ledger; what a received file costs is tested with the receiving."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from leaderboard.domain import attempts, invitations, mergers, teams, uploads
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


def captain(entry: Entry) -> User:
    return entry.team.memberships.get(role="captain").user


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
        Submission.objects.filter(pk=made.pk).update(received_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(Refused):
        attempts.require_attempt(entry.team, phase, timezone.now(), sender=captain(entry))
    attempts.grant(entry.team, phase, organizer, "Power cut at our side.", valid=2)
    now = timezone.now()
    assert attempts.attempts(entry.team, phase, now).left == 1
    whole = attempts.total(entry.team, phase)
    assert whole is not None
    assert (whole.used, whole.allowed) == (3, 5)
    attempts.require_attempt(entry.team, phase, now, sender=captain(entry))
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
    rows = ledger.ledger(phase, entry.team)
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
    at, sender = phase.closes_at + after_close, captain(entry)
    if allowed:
        attempts.require_attempt(entry.team, phase, at, sender=sender, begun=begun)
        return
    with pytest.raises(Refused) as refused:
        attempts.require_attempt(entry.team, phase, at, sender=sender, begun=begun)
    assert refused.value.code == "phase_closed"


def test_who_leaves_and_founds_another_team_takes_the_attempts_along(entry: Entry, phase: Phase) -> None:
    ada, grace = captain(entry), make.user()
    invitations.accept(invitations.make_link(entry.team, ada), grace)
    for _ in range(2):
        make.submission(phase=phase, entry=entry, state=S.SCORED)  # sent by the captain
    make.submission(phase=phase, entry=entry, state=S.INVALID, problems=[{"message": "x"}])
    make.submission(phase=phase, entry=entry, state=S.FAILED)
    teams.hand_over(entry.team, grace, ada)
    teams.leave(entry.team, ada)
    fresh = make.entry(make.team(phase.challenge, ada))
    assert used(fresh, phase) == used(entry, phase) == 2
    with pytest.raises(Refused) as refused:
        attempts.require_attempt(fresh.team, phase, timezone.now(), sender=ada)
    assert refused.value.code == "attempts_used"
    rows = ledger.ledger(phase, fresh.team)
    assert sorted((row.valid, row.invalid) for row in rows) == [(0, 1), (1, 0), (1, 0)]
    words = f"Sent by {ada.username} for another team before: an attempt follows whoever sent it."
    assert {(row.words, row.submission) for row in rows} == {(words, None)}


def test_attempts_count_for_the_team_one_is_in_and_in_their_own_phase(entry: Entry, phase: Phase) -> None:
    mover, other = captain(entry), make.entry(make.team(phase.challenge))
    make.submission(phase=phase, entry=entry, state=S.SCORED)
    make.submission(phase=phase, entry=other, state=S.SCORED)
    test_phase = make.phase(challenge=phase.challenge, slug="test")
    mergers.move_member(mover, other.team, make.user(), "They asked for it.")
    assert (used(entry, phase), used(other, phase), used(other, test_phase)) == (1, 2, 0)
    teams.leave(other.team, mover)
    assert (used(entry, phase), used(other, phase)) == (1, 1)


def test_what_two_teams_would_have_used_together_counts_each_attempt_once(entry: Entry, phase: Phase) -> None:
    other = make.entry(make.team(phase.challenge))
    make.submission(phase=phase, entry=entry, state=S.SCORED)
    make.submission(phase=phase, entry=other, state=S.SCORED)
    mergers.move_member(captain(entry), other.team, make.user(), "They asked for it.")
    now = timezone.now()
    assert [used(one, phase) for one in (entry, other)] == [1, 2]
    assert attempts.united(phase, now, entry.team, other.team).used == 2


def test_an_upload_that_ends_after_its_sender_has_left_is_not_taken(entry: Entry, phase: Phase) -> None:
    ada = captain(entry)
    upload = uploads.begin(phase, entry, ada, "fields.zip", 4)
    uploads.append(upload.pk, 0, io.BytesIO(b"PK34"))
    mergers.move_member(ada, make.team(phase.challenge), make.user(), "They asked for it.")
    with pytest.raises(Refused) as refused:
        uploads.finish(upload.pk)
    assert refused.value.code == "not_in_team"
    submission = Submission.objects.get(pk=upload.pk)
    assert submission.state == S.CANCELLED
    assert str(refused.value) in submission.events.last().message  # type: ignore[union-attr]


def test_a_declared_upload_that_ends_in_the_grace_counts_from_its_end(entry: Entry, phase: Phase) -> None:
    now = timezone.now()
    begun = now - timedelta(hours=23)
    upload = uploads.begin(phase, entry, captain(entry), "fields.zip", 4, "ab" * 32)
    uploads.append(upload.pk, 0, io.BytesIO(b"PK34"))
    Submission.objects.filter(pk=upload.pk).update(created_at=begun)
    Phase.objects.filter(pk=phase.pk).update(closes_at=now - timedelta(minutes=10))
    uploads.finish(upload.pk)
    submission = Submission.objects.get(pk=upload.pk)
    (row,) = ledger.ledger(phase, entry.team)
    assert submission.created_at == begun
    assert row.at == submission.received_at
    assert row.at >= now
    # A day after it began it still counts: what begins in one window must not end free in the next.
    assert attempts.attempts(entry.team, phase, now + timedelta(hours=2)).used == 1
