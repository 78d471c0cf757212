"""The ledger of a team's attempts: what each cost and why, what was given, what is left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from leaderboard.enums import CaseState, SubmissionState
from leaderboard.messages import LEDGER
from leaderboard.models import AttemptGrant, CaseResult, Phase, Submission, Team

_S = SubmissionState


@dataclass(frozen=True)
class Attempts:
    """What a team has used of one budget, and when the next attempt frees up (None: one is free now)."""

    used: int
    allowed: int
    next_at: datetime | None

    @property
    def left(self) -> int:
        return max(self.allowed - self.used, 0)


@dataclass(frozen=True)
class LedgerRow:
    """One line of a team's ledger; `valid` and `invalid` are what it cost (negative: what it gave).

    until: of a grant, when it stops to count in the window.
    """

    at: datetime
    words: str
    valid: int
    invalid: int
    submission: Submission | None = None
    grant: AttemptGrant | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class PhaseLedger:
    """A team's ledger of one phase, newest first, with what is left of each budget."""

    phase: Phase
    rows: list[LedgerRow]
    valid: Attempts
    invalid: Attempts
    total: Attempts | None


def ledgers_of(team: Team, at: datetime) -> list[PhaseLedger]:
    """The ledgers of all phases of a team's challenge, in four queries."""
    phases = list(team.challenge.phases.select_related("challenge"))
    rows = _rows(team, phases)
    return [
        PhaseLedger(
            phase,
            rows[phase.pk],
            in_window(rows[phase.pk], phase, at),
            in_window(rows[phase.pk], phase, at, invalid=True),
            in_total(rows[phase.pk], phase),
        )
        for phase in phases
    ]


def ledger(team: Team, phase: Phase) -> list[LedgerRow]:
    """Everything that used or gave attempts of one phase, newest first, with the reason in words."""
    return _rows(team, [phase])[phase.pk]


def in_window(rows: Iterable[LedgerRow], phase: Phase, at: datetime, *, invalid: bool = False) -> Attempts:
    """The valid (or the invalid) attempts in the phase's rolling window that ends at `at`."""
    recent = [row for row in rows if row.at > at - phase.window]
    costs = [(row, row.invalid if invalid else row.valid) for row in recent]
    allowed = phase.invalid_per_window if invalid else phase.attempts_per_window
    allowed -= sum(cost for _, cost in costs if cost < 0)
    times = sorted((row.at for row, cost in costs if cost > 0), reverse=True)
    next_at = times[allowed - 1] + phase.window if 0 < allowed <= len(times) else None
    return Attempts(len(times), allowed, next_at)


def in_total(rows: Iterable[LedgerRow], phase: Phase) -> Attempts | None:
    """The valid attempts of the whole phase, or None where they are not limited."""
    if phase.attempts_total is None:
        return None
    costs = [row.valid for row in rows]
    given = -sum(cost for cost in costs if cost < 0)
    return Attempts(sum(cost for cost in costs if cost > 0), phase.attempts_total + given, None)


def counted() -> Q:
    """What uses a valid attempt: whatever was taken in and in order, and was not stopped by our fault.

    A submission that was cancelled counts from its first scored case on: by then it has told something.
    """
    seen = CaseResult.objects.filter(evaluation__submission=OuterRef("pk"), state=CaseState.DONE)
    cancelled_early = Q(state=_S.CANCELLED) & ~Q(Exists(seen))
    return ~Q(state__in=[_S.UPLOADING, _S.INVALID, _S.FAILED]) & ~cancelled_early


def _rows(team: Team, phases: Sequence[Phase]) -> dict[int, list[LedgerRow]]:
    by_phase: dict[int, list[LedgerRow]] = defaultdict(list)
    sent = Submission.objects.filter(entry__team=team, phase__in=phases).defer("problems")
    costing = set(sent.filter(counted()).values_list("pk", flat=True))
    for submission in sent.select_related("entry", "phase__challenge"):
        by_phase[submission.phase_id].append(_submission_row(submission, submission.pk in costing))
    for given in AttemptGrant.objects.filter(team=team, phase__in=phases).select_related("phase"):
        by_phase[given.phase_id].append(_grant_row(given))
    for rows in by_phase.values():
        rows.sort(key=lambda row: row.at, reverse=True)
    return by_phase


def _submission_row(submission: Submission, costs: bool) -> LedgerRow:  # noqa: FBT001
    state = _S(submission.state)
    words = LEDGER["cancelled_late"] if costs and state is _S.CANCELLED else LEDGER[state]
    return LedgerRow(
        submission.created_at, words, int(costs), int(state is _S.INVALID), submission=submission
    )


def _grant_row(given: AttemptGrant) -> LedgerRow:
    words = LEDGER["grant"].format(reason=given.reason)
    return LedgerRow(
        given.at, words, -given.valid, -given.invalid, grant=given, until=given.at + given.phase.window
    )
