"""What a team has used of its attempts, why, and when the next one frees up."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from leaderboard.domain import audit
from leaderboard.enums import WORKING_STATES
from leaderboard.messages import Refused
from leaderboard.models import AttemptGrant, Phase, Team
from leaderboard.queries.ledger import Attempts, in_total, in_window, ledger
from leaderboard.rules import refusal_to_submit


def attempts(team: Team, phase: Phase, at: datetime, *, invalid: bool = False) -> Attempts:
    """The valid (or the invalid) attempts of a team in the phase's rolling window that ends at `at`."""
    return in_window(ledger(phase, team), phase, at, invalid=invalid)


def united(phase: Phase, at: datetime, *teams: Team) -> Attempts:
    """The valid attempts in the window as they would be if these teams were one."""
    return in_window(ledger(phase, *teams), phase, at)


def total(team: Team, phase: Phase) -> Attempts | None:
    """The valid attempts of the whole phase, or None where they are not limited."""
    return in_total(ledger(phase, team), phase)


def require_attempt(
    team: Team, phase: Phase, at: datetime, *, sender: User, begun: datetime | None = None
) -> None:
    """Raise Refused with the reason why `sender` may not submit to `phase` for `team` at `at`.

    The caller holds the team's lock. What members have sent for other teams of the challenge counts, too.

    begun: when an upload began that has declared its hash; it may end within the phase's grace period.
    """
    # Of an upload that ends after its sender has left, the attempt would count for nobody who is here.
    if not team.memberships.filter(user=sender).exists():
        raise Refused("not_in_team", who=sender.get_username(), team=team.name)
    code = refusal_to_submit(phase, at, begun)
    if code is not None:
        raise Refused(code, phase=phase.name, opens=shown(phase.opens_at), closes=shown(phase.closes_at))
    window, rows = duration(phase.window), ledger(phase, team)
    valid = in_window(rows, phase, at)
    if valid.left == 0:
        raise Refused("attempts_used", allowed=valid.allowed, window=window, next=shown(valid.next_at))
    invalid = in_window(rows, phase, at, invalid=True)
    if invalid.left == 0:
        raise Refused("invalid_used", allowed=invalid.allowed, window=window, next=shown(invalid.next_at))
    whole = in_total(rows, phase)
    if whole is not None and whole.left == 0:
        raise Refused("attempts_used_up", allowed=whole.allowed, phase=phase.name)
    running = sum(row.submission is not None and row.submission.state in WORKING_STATES for row in rows)
    if running >= phase.concurrent_submissions:
        raise Refused("too_many_running", running=running)


def refusal(team: Team, phase: Phase, at: datetime, *, sender: User) -> str:
    """In words why `sender` could not submit at `at`; empty where they could."""
    try:
        require_attempt(team, phase, at, sender=sender)
    except Refused as refused:
        return str(refused)
    return ""


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
    if hours == 1:
        return "1 hour"
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"
