"""The ledger of all phases at once, and what is left of the budgets by it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.domain import attempts
from leaderboard.enums import SubmissionState
from leaderboard.models import Entry, Phase, Submission
from leaderboard.queries import ledger
from tests.leaderboard import make

S = SubmissionState
pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def phase() -> Phase:
    return make.phase(attempts_per_window=2, invalid_per_window=1, attempts_total=4)


@pytest.fixture
def entry(phase: Phase) -> Entry:
    return make.entry(make.team(phase.challenge))


def sent(phase: Phase, entry: Entry, hours_ago: float, state: S = S.SCORED) -> Submission:
    made = make.submission(phase=phase, entry=entry, state=state, problems=[{"message": "x"}])
    Submission.objects.filter(pk=made.pk).update(received_at=NOW - timedelta(hours=hours_ago))
    return made


def test_each_phase_has_its_own_ledger(phase: Phase, entry: Entry) -> None:
    other = make.phase(challenge=phase.challenge, slug="test", name="Test phase", position=1)
    first, second = sent(phase, entry, 2), sent(other, entry, 1)
    found = ledger.ledgers_of(entry.team, NOW)
    assert [[row.submission for row in one.rows] for one in found] == [[first], [second]]
    assert [one.phase for one in found] == [phase, other]


def test_the_next_attempt_frees_up_when_the_oldest_in_the_window_leaves_it(
    phase: Phase, entry: Entry
) -> None:
    for hours in (30, 20, 10):
        sent(phase, entry, hours)
    (found,) = ledger.ledgers_of(entry.team, NOW)
    # Two are in the last 24 hours; that of 20 hours ago leaves in 4.
    assert found.valid == ledger.Attempts(2, 2, NOW + timedelta(hours=4))
    assert found.invalid == ledger.Attempts(0, 1, None)
    assert found.total == ledger.Attempts(3, 4, None)


def test_a_grant_may_leave_the_window_before_what_it_allowed(phase: Phase, entry: Entry) -> None:
    phase.attempts_per_window = 1
    phase.save()
    given = attempts.grant(entry.team, phase, make.user(), "Power cut.", valid=5)
    type(given).objects.update(at=NOW - timedelta(hours=7))
    for hours_ago in range(1, 7):
        sent(phase, entry, hours_ago)
    found = ledger.in_window(ledger.ledger(phase, entry.team), phase, NOW)
    # In 17 hours the grant leaves, in 18 the first of six: five are left where one is allowed. The last
    # leaves 24 hours after it was sent, an hour ago.
    assert found == ledger.Attempts(6, 6, NOW + timedelta(hours=23))
    phase.attempts_per_window = 0
    assert ledger.in_window(ledger.ledger(phase, entry.team), phase, NOW).next_at is None


def test_a_grant_counts_for_a_window_and_says_until_when(phase: Phase, entry: Entry) -> None:
    sent(phase, entry, 3, S.INVALID)
    given = attempts.grant(entry.team, phase, make.user(), "Power cut.", valid=1, invalid=2)
    (found,) = ledger.ledgers_of(entry.team, timezone.now())
    assert (found.valid.allowed, found.invalid.used, found.invalid.allowed) == (3, 1, 3)
    assert found.rows[0].until == given.at + timedelta(days=1)
    assert [(row.valid, row.invalid) for row in found.rows] == [(-1, -2), (0, 1)]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_ledgers_take_four_queries(
    phase: Phase, entry: Entry, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(rows):
        sent(phase, entry, 1)
        attempts.grant(entry.team, phase, make.user(), "Power cut.", valid=1)
        make.phase(challenge=phase.challenge, slug=f"phase-{number}")
    team = type(entry.team).objects.select_related("challenge").get(pk=entry.team_id)
    # Phases, submissions, which of them cost, grants.
    with django_assert_num_queries(4):
        found = ledger.ledgers_of(team, NOW)
        assert [row.submission.phase.challenge for one in found for row in one.rows if row.submission]
