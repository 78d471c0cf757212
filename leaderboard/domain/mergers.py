"""What organizers do with teams: merge two, move a member. Submissions keep who sent them and when."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from leaderboard.domain import audit, notifications, teams
from leaderboard.enums import Role
from leaderboard.messages import Refused
from leaderboard.models import AttemptGrant, Entry, Invitation, Membership, Team
from leaderboard.words import person


def merge(into: Team, merged: Team, by: User, reason: str) -> None:
    """Make the members, entries, submissions and grants of `merged` those of `into`.

    From then on attempts count over both. The merged team stays as an empty row that leads to the other.
    Raises Refused.
    """
    _require_reason(reason)
    with transaction.atomic():
        kept, emptied = _both_locked(into, merged)
        teams.require_room(kept, emptied.memberships.count())
        before = f"{_in_words(kept)}; {_in_words(emptied)}"
        people = [*notifications.members(kept), *notifications.members(emptied)]
        Membership.objects.filter(team=emptied).update(team=kept, role=Role.MEMBER)
        Entry.objects.filter(team=emptied).update(team=kept)
        AttemptGrant.objects.filter(team=emptied).update(team=kept)
        Invitation.objects.filter(team=emptied, accepted_at=None, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        Team.objects.filter(pk=emptied.pk).update(merged_into=kept)
        require_captain(kept)
        what = f"Team {emptied.name} merged into {kept.name}"
        audit.record(kept.challenge, by, what, before=before, after=_in_words(kept), reason=reason)
        teams.mark_boards_stale(kept)
        notifications.team_changed(people, kept, "merged", merged=emptied.name, reason=reason)


def move_member(user: User, to: Team, by: User, reason: str) -> None:
    """Put a member of another team of the challenge into this one; what they sent stays where it is.

    A captain's team goes to its longest-standing other member. Raises Refused.
    """
    _require_reason(reason)
    current = teams.team_of(user, to.challenge)
    if current is None:
        raise Refused("not_in_team", who=user.get_username(), team=f"a team of {to.challenge.name}")
    with transaction.atomic():
        source, target = _both_locked(current, to)
        membership = source.memberships.filter(user=user).first()
        if membership is None:
            raise Refused("not_in_team", who=user.get_username(), team=source.name)
        teams.require_room(target)
        told = [user, *notifications.members(source).exclude(pk=user.pk), *notifications.members(target)]
        Membership.objects.filter(pk=membership.pk).update(
            team=target, role=Role.MEMBER, joined_at=timezone.now()
        )
        for team in (source, target):
            require_captain(team)
        what = f"{user.get_username()} moved to the team {target.name}"
        audit.record(to.challenge, by, what, before=source.name, after=target.name, reason=reason)
        notifications.team_changed(told, target, "moved", who=person(user), reason=reason)
        teams.dissolve_if_empty(source)


def require_captain(team: Team) -> None:
    """See to it that a team with members has a captain: the longest-standing one where it has none."""
    if team.memberships.filter(role=Role.CAPTAIN).exists():
        return
    eldest = team.memberships.select_related("team").order_by("joined_at", "pk").first()
    if eldest is not None:
        teams.make_captain(eldest)


def _both_locked(one: Team, other: Team) -> Sequence[Team]:
    """Two teams of one challenge, locked in the order of their keys so that two calls cannot block."""
    if one.pk == other.pk:
        raise Refused("same_team")
    rows = {team.pk: teams.locked(team) for team in sorted((one, other), key=lambda team: team.pk)}
    pair = [rows[one.pk], rows[other.pk]]
    if pair[0].challenge_id != pair[1].challenge_id:
        raise Refused("other_challenge", team=other.name)
    for team in pair:
        if team.merged_into is not None:
            raise Refused("team_is_merged", team=team.name, into=team.merged_into.name)
    return pair


def _in_words(team: Team) -> str:
    members = ", ".join(team.memberships.order_by("joined_at").values_list("user__username", flat=True))
    entries = ", ".join(team.entries.values_list("name", flat=True))
    return f"{team.name} with {members or 'nobody'} and {entries or 'no entry'}"


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason_missing")
