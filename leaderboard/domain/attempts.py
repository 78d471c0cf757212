"""What a team has used of its attempts, why, and when the next one frees up."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from leaderboard.domain import audit, notifications
from leaderboard.enums import WORKING_STATES
from leaderboard.messages import Refused
from leaderboard.models import AttemptGrant, Phase, Team
from leaderboard.queries.ledger import Attempts, in_total, in_window, ledger
from leaderboard.rules import refusal_to_submit
from leaderboard.words import duration, moment


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
        raise Refused(code, phase=phase.name, opens=moment(phase.opens_at), closes=moment(phase.closes_at))
    window, rows = duration(phase.window), ledger(phase, team)
    valid = in_window(rows, phase, at)
    if valid.left == 0:
        raise Refused("attempts_used", allowed=valid.allowed, window=window, next=moment(valid.next_at))
    invalid = in_window(rows, phase, at, invalid=True)
    if invalid.left == 0:
        raise Refused("invalid_used", allowed=invalid.allowed, window=window, next=moment(invalid.next_at))
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
        given_for = {"phase": phase.name, "valid": valid, "invalid": invalid, "reason": reason}
        notifications.team_changed(notifications.members(team), team, "grant", **given_for)
    return given
