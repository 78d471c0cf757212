"""Founding teams and naming entries."""

from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from leaderboard.enums import Role
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Entry, Membership, Team


def team_of(user: User, challenge: Challenge) -> Team | None:
    """The one team of a person in a challenge."""
    return Team.objects.filter(memberships__user=user, challenge=challenge).first()


def found_team(user: User, challenge: Challenge, name: str, affiliation: str = "") -> Team:
    """Found a team with `user` as its captain, who thereby accepts the challenge's terms.

    Raises Refused where the name is taken or the person is in a team of the challenge already.
    """
    present = team_of(user, challenge)
    if present is not None:
        raise Refused("already_in_a_team", team=present.name)
    try:
        with transaction.atomic():
            team = Team.objects.create(
                challenge=challenge,
                slug=free_slug(Team.objects.all(), name),
                name=name,
                affiliation=affiliation,
            )
            Membership.objects.create(
                team=team,
                challenge=challenge,
                user=user,
                role=Role.CAPTAIN,
                terms_version=challenge.terms_version,
            )
    except IntegrityError as error:
        if "one_team_a_person" in str(error):
            raise Refused("already_in_a_team", team="your other one") from error
        raise Refused("team_name_taken", name=name, challenge=challenge.name) from error
    return team


def add_entry(team: Team, name: str, **facts: Any) -> Entry:
    """Enter a method of a team; `facts` are the fields of its card. Raises Refused for a taken name."""
    entries = Entry.objects.filter(challenge=team.challenge)
    try:
        with transaction.atomic():
            return Entry.objects.create(
                challenge=team.challenge, team=team, name=name, slug=free_slug(entries, name), **facts
            )
    except IntegrityError as error:
        raise Refused("entry_name_taken", name=name, challenge=team.challenge.name) from error


def free_slug(taken: Any, name: str) -> str:
    """A readable slug for `name` that no row of `taken` has."""
    base = slugify(name)[:40] or "unnamed"
    slugs = set(taken.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(slugs) + 3))
    return next(slug for slug in (base, *numbered) if slug not in slugs)
