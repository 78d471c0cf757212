"""Teams: founding, entries, who is captain, who leaves; each verb locks the team's row and is logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from leaderboard.domain import audit, notifications, people, ranking
from leaderboard.enums import Role
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Entry, Membership, Phase, Submission, Team
from leaderboard.words import person

SLUGS = 1
"""The database's advisory lock under which slugs are taken."""


def team_of(user: User, challenge: Challenge) -> Team | None:
    """The one team of a person in a challenge."""
    return Team.objects.filter(memberships__user=user, challenge=challenge).first()


def found_team(
    user: User, challenge: Challenge, name: str, affiliation: str = "", terms_version: int | None = None
) -> Team:
    """Found a team with `user` as its captain, who thereby accepts the challenge's terms.

    terms_version: what was read. Raises Refused where the terms have changed since, where the name is
    taken, or where the person is in a team of the challenge already.
    """
    present = team_of(user, challenge)
    if present is not None:
        raise Refused("already_in_a_team", team=present.name)
    with _names_once(name, challenge), transaction.atomic():
        slug = free_slug(Team.objects.all(), name)
        team = Team.objects.create(challenge=challenge, slug=slug, name=name, affiliation=affiliation)
        enter(team, user, Role.CAPTAIN, terms_version)
        audit.record(challenge, user, f"Team {name} founded")
    return team


def enter(team: Team, user: User, role: Role = Role.MEMBER, terms_version: int | None = None) -> Membership:
    """Make a person a member, who thereby accepts the terms; the caller holds the team's lock.

    terms_version: what was read. Raises Refused where the terms have changed since.
    """
    accepted = people.accept_terms(user, team.challenge, terms_version)
    made = Membership.objects.create(
        team=team, challenge=team.challenge, user=user, role=role, terms_version=accepted
    )
    _boards_follow(team, user)
    return made


@contextmanager
def _names_once(name: str, challenge: Challenge) -> Iterator[None]:
    """Turn what the database's constraints say about teams and entries into words."""
    try:
        yield
    except IntegrityError as error:
        if "one_team_a_person" in str(error):
            raise Refused("already_in_a_team", team="your other one") from error
        if "team_name_once" in str(error):
            raise Refused("team_name_taken", name=name, challenge=challenge.name) from error
        if "entry_name_once" in str(error):
            raise Refused("entry_name_taken", name=name, challenge=challenge.name) from error
        raise


def locked(team: Team) -> Team:
    """The team's row, read anew and locked until the transaction ends."""
    return Team.objects.select_for_update(of=("self",)).select_related("challenge").get(pk=team.pk)


def locked_with(entry: Entry) -> Team:
    """The team of an entry, locked; asked again where a merger gave the entry away while we waited."""
    team = Team.objects.select_for_update().get(pk=entry.team_id)
    entry.refresh_from_db(fields=["team"])
    return team if entry.team_id == team.pk else locked_with(entry)


def require_room(team: Team, newcomers: int = 1) -> None:
    """Raise Refused where the team would get larger than the challenge allows; hold its lock."""
    limit = team.challenge.team_size_limit
    if team.memberships.count() + newcomers > limit:
        raise Refused("team_full", team=team.name, limit=limit, challenge=team.challenge.name)


def describe(team: Team, by: User, name: str, affiliation: str) -> None:
    """Rename a team, or change its affiliation; its address stays. Raises Refused for a taken name."""
    with _names_once(name, team.challenge), transaction.atomic():
        current = locked(team)
        before = current.name
        Team.objects.filter(pk=team.pk).update(name=name, affiliation=affiliation)
        if name != before:
            audit.record(team.challenge, by, "Team renamed", before=before, after=name)
            mark_boards_stale(team)
    team.name, team.affiliation = name, affiliation


def hand_over(team: Team, to: User, by: User) -> None:
    """Make another member the captain. Raises Refused."""
    with transaction.atomic():
        current = locked(team)
        chosen = _membership(current, to)
        if chosen.role == Role.CAPTAIN:
            raise Refused("already_captain", who=to.get_username())
        make_captain(chosen)
        audit.record(team.challenge, by, f"Captain of {team.name}: {to.get_username()}")
        notifications.team_changed([to], team, "captain", who=person(by))


def make_captain(chosen: Membership) -> None:
    """Give the captaincy to a membership; the caller holds the team's lock."""
    # First down, then up: the database allows one captain at any moment.
    chosen.team.memberships.filter(role=Role.CAPTAIN).update(role=Role.MEMBER)
    Membership.objects.filter(pk=chosen.pk).update(role=Role.CAPTAIN)


def leave(team: Team, user: User) -> bool:
    """Leave a team; returns whether it was dissolved, since nobody and no submission is left in it.

    Raises Refused for the captain of others, and for the last one where there are submissions.
    """
    with transaction.atomic():
        current = locked(team)
        membership = _membership(current, user)
        others = current.memberships.exclude(pk=membership.pk)
        if others.exists() and membership.role == Role.CAPTAIN:
            raise Refused("captain_must_hand_over")
        if not others.exists() and Submission.objects.filter(entry__team=current).exists():
            raise Refused("last_member", team=team.name)
        membership.delete()
        _boards_follow(team, user)
        audit.record(team.challenge, user, f"{user.get_username()} left the team {team.name}")
        notifications.team_changed(notifications.members(team), team, "left", who=person(user))
        return dissolve_if_empty(current)


def remove(team: Team, user: User, by: User) -> None:
    """Take a member out of a team. Raises Refused for its captain."""
    with transaction.atomic():
        membership = _membership(locked(team), user)
        if membership.role == Role.CAPTAIN:
            raise Refused("captain_must_hand_over")
        membership.delete()
        _boards_follow(team, user)
        audit.record(team.challenge, by, f"{user.get_username()} removed from the team {team.name}")
        notifications.team_changed([user], team, "removed")


def dissolve_if_empty(team: Team) -> bool:
    """Delete a team that nobody is in and nothing was submitted by; the caller holds its lock."""
    if team.memberships.exists() or Submission.objects.filter(entry__team=team).exists():
        return False
    audit.record(team.challenge, None, f"Team {team.name} dissolved")
    team.delete()
    return True


def mark_boards_stale(team: Team) -> None:
    """Have the boards made anew on which an entry of this team may stand."""
    phases = Phase.objects.filter(submissions__entry__team=team).distinct()
    for pk in phases.values_list("pk", flat=True):
        ranking.mark_stale(pk)


def _boards_follow(team: Team, user: User) -> None:
    """Boards say which teams have an organizer in them."""
    if team.challenge.organizers.filter(pk=user.pk).exists():
        mark_boards_stale(team)


def mark_boards_of(user: User, challenge: Challenge) -> None:
    """Have the boards made anew that say whether an organizer is in this person's team."""
    team = team_of(user, challenge)
    if team is not None:
        mark_boards_stale(team)


def _membership(team: Team, user: User) -> Membership:
    found = team.memberships.select_related("team").filter(user=user).first()
    if found is None:
        raise Refused("not_in_team", who=user.get_username(), team=team.name)
    return found


def add_entry(team: Team, name: str, **facts: Any) -> Entry:
    """Enter a method of a team; `facts` are the fields of its card. Raises Refused for a taken name."""
    entries = Entry.objects.filter(challenge=team.challenge)
    with _names_once(name, team.challenge), transaction.atomic():
        return Entry.objects.create(
            challenge=team.challenge, team=team, name=name, slug=free_slug(entries, name), **facts
        )


def chosen_entry(team: Team, entry: Entry | None, name: str, **card: Any) -> Entry:
    """The entry that was chosen, or the team's one of that name, made where it is new. Raises Refused."""
    present = entry or team.entries.filter(name__iexact=name).first()
    return present or add_entry(team, name, **card)


def describe_entry(entry: Entry, by: User, name: str, **card: Any) -> None:
    """Change an entry's card; its address stays. Raises Refused for a taken name."""
    with _names_once(name, entry.challenge), transaction.atomic():
        before = Entry.objects.select_for_update().get(pk=entry.pk).name
        Entry.objects.filter(pk=entry.pk).update(name=name, **card)
        if name != before:
            audit.record(entry.challenge, by, "Entry renamed", before=before, after=name)
        mark_boards_stale(entry.team)


def free_slug(taken: Any, name: str) -> str:
    """A readable slug for `name` that no row of `taken` has, for the transaction that takes it."""
    with connection.cursor() as cursor:
        # One at a time: two that look at once would take the same.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SLUGS])
    base = slugify(name)[:40] or "unnamed"
    slugs = set(taken.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(slugs) + 3))
    return next(slug for slug in (base, *numbered) if slug not in slugs)
