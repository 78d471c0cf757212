"""Predicates: who may do and see what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.utils import timezone

from leaderboard.enums import Aspect, Audience, BoardRule, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from leaderboard.models import Challenge, Phase, Team

    Viewer = User | AnonymousUser


def organizes(viewer: Viewer, challenge: Challenge) -> bool:
    """Whether this person is one of the organizers, be it without their rights yet."""
    if not viewer.is_authenticated:
        return False
    return viewer.is_superuser or challenge.organizers.filter(pk=viewer.pk).exists()


def is_organizer(viewer: Viewer, challenge: Challenge) -> bool:
    """Whether this person has an organizer's rights; nobody has without the second factor required."""
    return organizes(viewer, challenge) and not _has_too_few_factors(viewer)


def organizes_anything(viewer: Viewer) -> bool:
    """Whether this person organizes a challenge, or the site."""
    if not viewer.is_authenticated:
        return False
    return viewer.is_superuser or viewer.is_staff or viewer.organized_challenges.exists()


def lacks_second_factor(viewer: Viewer) -> bool:
    """Whether this person organizes and has to set up a second factor before doing so."""
    if not settings.REQUIRE_ORGANIZER_MFA or not organizes_anything(viewer):
        return False
    return _has_too_few_factors(viewer)


def _has_too_few_factors(viewer: Viewer) -> bool:
    return bool(settings.REQUIRE_ORGANIZER_MFA and not is_mfa_enabled(viewer))


def is_captain(viewer: Viewer, team: Team) -> bool:
    return viewer.is_authenticated and team.memberships.filter(user_id=viewer.pk, role=Role.CAPTAIN).exists()


def is_member(viewer: Viewer, team: Team) -> bool:
    return viewer.is_authenticated and team.memberships.filter(user_id=viewer.pk).exists()


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


def may_choose(phase: Phase, at: datetime) -> bool:
    """Whether teams choose at `at` which of their scored submissions stands on the board."""
    is_over = phase.closes_at is not None and at >= phase.closes_at
    return phase.board_rule == BoardRule.CHOSEN and not is_over


@dataclass(frozen=True)
class Sight:
    """What one viewer sees of a phase's results; what the matrix does not show is hidden.

    audiences: what the viewer is to the phase. Who is of a narrower one is of the wider ones too.
    visibility: the phase's matrix, aspect -> audiences.
    published: until then results are for organizers, and for their own team where the matrix says so.
    team: the viewer's team (its slug); None with OWN_TEAM in `audiences`: whichever is looked at.
    """

    audiences: frozenset[Audience]
    visibility: Mapping[str, Collection[str]]
    published: bool = True
    team: str | None = None

    @property
    def is_organizer(self) -> bool:
        return Audience.ORGANIZERS in self.audiences

    @property
    def is_blind(self) -> bool:
        """Whether no result of any team is shown."""
        return not any(self.shows_some(aspect) for aspect in RESULTS)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for viewers who see the same results: what is kept for one may be shown to the other."""
        everyones = tuple(aspect.value for aspect in RESULTS if self.shows(aspect))
        own = tuple(aspect.value for aspect in RESULTS if self.shows_some(aspect))
        return (everyones,) if own == everyones else (everyones, own, self.team)

    def shows(self, aspect: Aspect, team: str | None = None) -> bool:
        """Whether an aspect may be shown; `team`: whose results they are (default: of several teams)."""
        if self.is_organizer:
            return True
        return not self._audiences_to(team).isdisjoint(self.visibility.get(aspect, ()))

    def shows_some(self, aspect: Aspect) -> bool:
        """Whether an aspect is shown of all teams or of the viewer's own."""
        return self.shows(aspect, self.team or "")

    def of(self, team: str) -> Sight:
        """Through the eyes of this team, where they are those of whichever team is looked at."""
        return replace(self, team=team) if self.team is None and Audience.OWN_TEAM in self.audiences else self

    def _audiences_to(self, team: str | None) -> frozenset[Audience]:
        own = team is not None and self.team in (None, team)
        wider = self.audiences - {Audience.OWN_TEAM} if self.published else frozenset()
        return wider | (self.audiences & {Audience.OWN_TEAM} if own else frozenset())


# What organizers can look through: as anybody, as the team whose results are looked at, as another team.
LOOKS: Mapping[str, frozenset[Audience]] = {
    "public": frozenset({Audience.PUBLIC}),
    "participants": frozenset({Audience.PUBLIC, Audience.PARTICIPANTS, Audience.OWN_TEAM}),
    "other-team": frozenset({Audience.PUBLIC, Audience.PARTICIPANTS}),
}
# All that boards and the pages around them are made of; logs stand on a submission's page alone.
RESULTS = tuple(aspect for aspect in Aspect if aspect is not Aspect.LOGS)


@dataclass(frozen=True)
class Standing:
    """What a viewer is to a challenge: its organizer, or of a team (its slug) in it."""

    is_organizer: bool = False
    team: str | None = None


def standing(viewer: Viewer, challenge: Challenge) -> Standing:
    if is_organizer(viewer, challenge):
        return Standing(is_organizer=True)
    return Standing(team=_team_of(viewer, challenge))


def sight(viewer: Viewer, phase: Phase, as_audience: str | None = None) -> Sight:
    """What a viewer sees of a phase's results at this moment.

    as_audience: public, participants or other-team; honoured for organizers only, who see by it what
    those see. A word that is none of these shows what the public sees.
    """
    return sight_of(standing(viewer, phase.challenge), phase, as_audience)


def sight_of(viewer: Standing, phase: Phase, as_audience: str | None = None) -> Sight:
    """The same for a viewer whose standing in the phase's challenge is known."""
    if viewer.is_organizer:
        organizers = frozenset({Audience.ORGANIZERS})
        seen_as = LOOKS.get(as_audience, LOOKS["public"]) if as_audience else organizers
        return Sight(seen_as, phase.visibility, is_published(phase))
    audiences = LOOKS["public"] if viewer.team is None else LOOKS["participants"]
    return Sight(audiences, phase.visibility, is_published(phase), viewer.team)


def is_published(phase: Phase) -> bool:
    """Whether results are shown beyond the organizers and the own team.

    A frozen board stands in for what is not published yet.
    """
    if phase.freeze_at is not None or phase.publish_at is None:
        return True
    return phase.publish_at <= timezone.now()


def _team_of(viewer: Viewer, challenge: Challenge) -> str | None:
    if not viewer.is_authenticated:
        return None
    return challenge.teams.filter(memberships__user_id=viewer.pk).values_list("slug", flat=True).first()
