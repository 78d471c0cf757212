"""What organizers do with a challenge itself: what it says, by which terms, who runs it."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from leaderboard.domain import audit, notifications, teams
from leaderboard.messages import Refused
from leaderboard.models import AuditEvent, Challenge
from leaderboard.words import person

# What participants play by: a change of one of these stands in the public log.
RULES = ("terms", "team_size_limit")


def create(by: User, name: str, **facts: Any) -> Challenge:
    """A new challenge, run by whoever makes it."""
    with transaction.atomic():
        made = Challenge.objects.create(
            slug=teams.free_slug(Challenge.objects.all(), name), name=name, **facts
        )
        made.organizers.add(by)
        audit.record(made, by, f"Challenge {name} created", public=True)
    return made


def edit(challenge: Challenge, by: User, changes: Mapping[str, Any], reason: str = "") -> list[str]:
    """Change fields, each change logged; returns the changed fields' names.

    Changed terms are a new version: every participant is asked to accept them before the next submission.
    """
    with transaction.atomic():
        locked = Challenge.objects.select_for_update().get(pk=challenge.pk)
        changed = [name for name, value in changes.items() if getattr(locked, name) != value]
        notifications.rules_changed([_change(locked, by, name, changes[name], reason) for name in changed])
        locked.save()
    challenge.refresh_from_db()
    return changed


def _change(challenge: Challenge, by: User, name: str, value: Any, reason: str) -> AuditEvent:
    before, after = str(getattr(challenge, name)), str(value)
    if name == "terms":
        version = challenge.terms_version
        before, after = f"version {version}", f"version {version + 1}"
        challenge.terms_version = version + 1
    setattr(challenge, name, value)
    what = f"{challenge.name}: {name.replace('_', ' ')}"
    return audit.record(challenge, by, what, before=before, after=after, reason=reason, public=name in RULES)


def add_organizer(challenge: Challenge, by: User, who: str) -> User:
    """Let a person with an account, told by user name or confirmed address, run the challenge, too."""
    confirmed = Q(emailaddress__email__iexact=who, emailaddress__verified=True)
    found = User.objects.filter(Q(username__iexact=who) | confirmed, is_active=True).distinct().first()
    if found is None:
        raise Refused("no_such_person", who=who)
    with transaction.atomic():
        challenge.organizers.add(found)
        teams.mark_boards_of(found, challenge)
        audit.record(challenge, by, f"{found.get_username()} is an organizer")
        notifications.made_organizer(found, challenge, person(by))
    return found


def remove_organizer(challenge: Challenge, by: User, organizer: User) -> None:
    """Take a person out of the organizers. Raises Refused for the last one."""
    with transaction.atomic():
        locked = Challenge.objects.select_for_update().get(pk=challenge.pk)
        if not locked.organizers.exclude(pk=organizer.pk).exists():
            raise Refused("last_organizer", challenge=challenge.name)
        locked.organizers.remove(organizer)
        teams.mark_boards_of(organizer, challenge)
        audit.record(challenge, by, f"{organizer.get_username()} is no organizer any more")
