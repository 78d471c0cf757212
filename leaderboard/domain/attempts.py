"""What a team has used of its attempts, why, and when the next one frees up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format

from leaderboard.domain import audit
from leaderboard.enums import WORKING_STATES, CaseState, SubmissionState
from leaderboard.messages import LEDGER, Refused
from leaderboard.models import AttemptGrant, CaseResult, Phase, Submission, Team
from leaderboard.rules import refusal_to_submit

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
    """One line of a team's ledger; `valid` and `invalid` are what it cost (negative: what it gave)."""

    at: datetime
    words: str
    valid: int
    invalid: int
    submission: Submission | None = None
    grant: AttemptGrant | None = None


def counted() -> Q:
    """What uses a valid attempt: whatever was taken in and in order, and was not stopped by our fault.

    A submission that was cancelled counts from its first scored case on: by then it has told something.
    """
    seen = CaseResult.objects.filter(evaluation__submission=OuterRef("pk"), state=CaseState.DONE)
    cancelled_early = Q(state=_S.CANCELLED) & ~Q(Exists(seen))
    return ~Q(state__in=[_S.UPLOADING, _S.INVALID, _S.FAILED]) & ~cancelled_early


def attempts(team: Team, phase: Phase, at: datetime, *, invalid: bool = False) -> Attempts:
    """The valid (or the invalid) attempts of a team in the phase's rolling window that ends at `at`."""
    recent = _submissions(team, phase).filter(created_at__gt=at - phase.window)
    used = recent.filter(state=_S.INVALID) if invalid else recent.filter(counted())
    allowed = phase.invalid_per_window if invalid else phase.attempts_per_window
    allowed += _granted(team, phase, "invalid" if invalid else "valid", since=at - phase.window)
    times = list(used.order_by("-created_at").values_list("created_at", flat=True))
    next_at = times[allowed - 1] + phase.window if 0 < allowed <= len(times) else None
    return Attempts(len(times), allowed, next_at)


def total(team: Team, phase: Phase) -> Attempts | None:
    """The valid attempts of the whole phase, or None where they are not limited."""
    if phase.attempts_total is None:
        return None
    used = _submissions(team, phase).filter(counted()).count()
    return Attempts(used, phase.attempts_total + _granted(team, phase, "valid"), None)


def require_attempt(team: Team, phase: Phase, at: datetime, *, begun: datetime | None = None) -> None:
    """Raise Refused with the reason why `team` may not submit to `phase` at `at`.

    begun: when an upload began that has declared its hash; it may end within the phase's grace period.
    """
    code = refusal_to_submit(phase, at, begun)
    if code is not None:
        raise Refused(code, phase=phase.name, opens=shown(phase.opens_at), closes=shown(phase.closes_at))
    window = duration(phase.window)
    valid = attempts(team, phase, at)
    if valid.left == 0:
        raise Refused("attempts_used", allowed=valid.allowed, window=window, next=shown(valid.next_at))
    invalid = attempts(team, phase, at, invalid=True)
    if invalid.left == 0:
        raise Refused("invalid_used", allowed=invalid.allowed, window=window, next=shown(invalid.next_at))
    whole = total(team, phase)
    if whole is not None and whole.left == 0:
        raise Refused("attempts_used_up", allowed=whole.allowed, phase=phase.name)
    running = _submissions(team, phase).filter(state__in=WORKING_STATES).count()
    if running >= phase.concurrent_submissions:
        raise Refused("too_many_running", running=running)


def grant(
    team: Team, phase: Phase, by: User, reason: str, *, valid: int = 0, invalid: int = 0
) -> AttemptGrant:
    """Give a team further attempts: for one window from now on, and of the total. Raises Refused."""
    if not reason.strip():
        raise Refused("reason_missing")
    if valid <= 0 and invalid <= 0:
        raise Refused("grant_of_nothing")
    with transaction.atomic():
        given = AttemptGrant.objects.create(
            team=team, phase=phase, by=by, reason=reason, valid=valid, invalid=invalid
        )
        what = f"{valid} further attempts for {team.name}" + (f", {invalid} invalid ones" if invalid else "")
        audit.record(phase.challenge, by, what, reason=reason, phase=phase)
    return given


def ledger(team: Team, phase: Phase) -> list[LedgerRow]:
    """Everything that used or gave attempts, newest first, with the reason in words."""
    submissions = _submissions(team, phase).select_related("entry", "phase__challenge")
    costing = set(submissions.filter(counted()).values_list("pk", flat=True))
    rows = [_submission_row(submission, submission.pk in costing) for submission in submissions]
    rows += [_grant_row(given) for given in AttemptGrant.objects.filter(team=team, phase=phase)]
    return sorted(rows, key=lambda row: row.at, reverse=True)


def _submission_row(submission: Submission, costs: bool) -> LedgerRow:  # noqa: FBT001
    state = _S(submission.state)
    words = LEDGER["cancelled_late"] if costs and state is _S.CANCELLED else LEDGER[state]
    return LedgerRow(
        submission.created_at, words, int(costs), int(state is _S.INVALID), submission=submission
    )


def _grant_row(given: AttemptGrant) -> LedgerRow:
    words = LEDGER["grant"].format(reason=given.reason, until=shown(given.at + given.phase.window))
    return LedgerRow(given.at, words, -given.valid, -given.invalid, grant=given)


def _granted(team: Team, phase: Phase, what: str, since: datetime | None = None) -> int:
    grants = AttemptGrant.objects.filter(team=team, phase=phase)
    if since is not None:
        grants = grants.filter(at__gt=since)
    given: int | None = grants.aggregate(given=Sum(what))["given"]
    return given or 0


def _submissions(team: Team, phase: Phase) -> QuerySet[Submission]:
    return Submission.objects.filter(entry__team=team, phase=phase)


def shown(at: datetime | None) -> str:
    """A time in words: in the viewer's zone, which is named, and in UTC."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    words = f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"
    return words if local.utcoffset() == timedelta(0) else f"{words} ({at.astimezone(_UTC):%H:%M} UTC)"


_UTC = timezone.get_fixed_timezone(0)


def duration(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"
