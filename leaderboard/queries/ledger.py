"""The ledger of a team's attempts: what each cost and why, what was given, what is left."""

import operator
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from leaderboard.enums import CaseState, SubmissionState
from leaderboard.messages import LEDGER
from leaderboard.models import AttemptGrant, CaseResult, Membership, Phase, Submission, Team
from leaderboard.words import person

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

    submission: of this team; None for a grant and for what a member brought along from another team.
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
    rows = _rows([team], phases)
    return [_ledger_of(phase, rows[phase.pk], at) for phase in phases]


def ledger_of(team: Team, phase: Phase, at: datetime) -> PhaseLedger:
    """A team's ledger of one phase."""
    return _ledger_of(phase, ledger(phase, team), at)


def _ledger_of(phase: Phase, rows: list[LedgerRow], at: datetime) -> PhaseLedger:
    valid, invalid = (in_window(rows, phase, at, invalid=kind) for kind in (False, True))
    return PhaseLedger(phase, rows, valid, invalid, in_total(rows, phase))


def ledger(phase: Phase, *teams: Team) -> list[LedgerRow]:
    """Everything that used or gave attempts of one phase, newest first, with the reason in words.

    Of several teams: as if they were one.
    """
    return _rows(teams, [phase])[phase.pk]


def in_window(rows: Iterable[LedgerRow], phase: Phase, at: datetime, *, invalid: bool = False) -> Attempts:
    """The valid (or the invalid) attempts in the phase's rolling window that ends at `at`."""
    costs = [(row.at + phase.window, row.invalid if invalid else row.valid) for row in rows]
    own = phase.invalid_per_window if invalid else phase.attempts_per_window
    used, allowed = _balance(costs, own, at)
    if used < allowed:
        return Attempts(used, allowed, None)
    # A grant leaves the window like what was sent: that a row leaves need not free an attempt.
    leaving = (until for until, _ in sorted(costs) if until > at)
    free = (moment for moment in leaving if operator.lt(*_balance(costs, own, moment)))
    return Attempts(used, allowed, next(free, None))


def _balance(costs: Iterable[tuple[datetime, int]], own: int, at: datetime) -> tuple[int, int]:
    """How many attempts are used and allowed at a moment; `costs` are (until when it counts, cost)."""
    counting = [cost for until, cost in costs if until > at]
    return sum(cost > 0 for cost in counting), own - sum(cost for cost in counting if cost < 0)


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


def _rows(teams: Collection[Team], phases: Sequence[Phase]) -> dict[int, list[LedgerRow]]:
    by_phase: dict[int, list[LedgerRow]] = defaultdict(list)
    # An attempt is of the team it was sent for, and follows whoever sent it into another one:
    # who leaves a team and founds the next must not begin with a full budget.
    people = Membership.objects.filter(team__in=teams).values("user")
    sent = Submission.objects.filter(Q(entry__team__in=teams) | Q(submitted_by__in=people), phase__in=phases)
    costing = set(sent.filter(counted()).values_list("pk", flat=True))
    own = {team.pk for team in teams}
    related = sent.defer("problems", "same_as__problems").select_related(
        "entry", "phase__challenge", "submitted_by__profile", "same_as"
    )
    for submission in related:
        costs = submission.pk in costing
        if submission.entry.team_id in own:
            by_phase[submission.phase_id].append(_submission_row(submission, costs))
        elif costs or submission.state == _S.INVALID:
            by_phase[submission.phase_id].append(_brought_row(submission, costs))
    for given in AttemptGrant.objects.filter(team__in=teams, phase__in=phases).select_related("phase"):
        by_phase[given.phase_id].append(_grant_row(given))
    for rows in by_phase.values():
        rows.sort(key=lambda row: row.at, reverse=True)
    return by_phase


def _submission_row(submission: Submission, costs: bool) -> LedgerRow:  # noqa: FBT001
    state = _S(submission.state)
    words = LEDGER[state]
    if state is _S.CANCELLED and (costs or submission.is_same_file):
        words = LEDGER["cancelled_late" if costs else "same_file"]
    return LedgerRow(_counted_at(submission), words, int(costs), int(state is _S.INVALID), submission)


def _brought_row(submission: Submission, costs: bool) -> LedgerRow:  # noqa: FBT001
    # Neither the other team nor its method is named: its members may not want them to be.
    words = LEDGER["brought"].format(who=person(submission.submitted_by))
    return LedgerRow(_counted_at(submission), words, int(costs), int(not costs))


def _counted_at(submission: Submission) -> datetime:
    """From when the file was whole: uploads begun in one window must not all end at once in the next."""
    return submission.received_at or submission.created_at


def _grant_row(given: AttemptGrant) -> LedgerRow:
    words = LEDGER["grant"].format(reason=given.reason)
    return LedgerRow(
        given.at, words, -given.valid, -given.invalid, grant=given, until=given.at + given.phase.window
    )
