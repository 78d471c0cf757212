"""Predicates: who may do and see what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from leaderboard.models import Challenge, Phase, Submission, Team

    Viewer = User | AnonymousUser


def is_organizer(viewer: Viewer, challenge: Challenge) -> bool:
    if not viewer.is_authenticated:
        return False
    return viewer.is_superuser or challenge.organizers.filter(pk=viewer.pk).exists()


def is_member(viewer: Viewer, team: Team) -> bool:
    return viewer.is_authenticated and team.memberships.filter(user_id=viewer.pk).exists()


def may_see_team(viewer: Viewer, team: Team) -> bool:
    return is_member(viewer, team) or is_organizer(viewer, team.challenge)


def may_see_submission(viewer: Viewer, submission: Submission) -> bool:
    return may_see_team(viewer, submission.entry.team)


def refusal_to_submit(phase: Phase, at: datetime, begun: datetime | None = None) -> str | None:
    """The code of the reason why the phase takes no submission at `at`, or None where it does.

    begun: when an upload began that has declared its hash; it may end within the grace period.
    """
    if at < phase.opens_at:
        return "phase_not_open"
    if phase.closes_at is not None and at >= phase.closes_at:
        in_time = begun is not None and begun < phase.closes_at
        if not in_time or at >= phase.closes_at + phase.grace:
            return "phase_closed"
    return "phase_paused" if phase.paused else None
