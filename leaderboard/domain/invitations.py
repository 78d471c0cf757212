"""Invitations to a team: mailed ones work once, links until they expire or are revoked.

A mailed invitation is good for whoever is logged in with its link, not only for an account of that
address: many have their account under another address than the one their colleagues know, the link
itself proves that its holder was written to (or was passed it by who was), and it works once, so the
captain sees who came. Therefore the team's pages never show the link of a mailed one.
"""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.broker import counted
from leaderboard.domain import audit, mail, notifications, teams
from leaderboard.enums import NotificationKind
from leaderboard.messages import Refused, notice
from leaderboard.models import Invitation, Team
from leaderboard.words import moment, person

LIFETIME = timedelta(days=14)
MAILED_A_DAY = 20
A_DAY = 86_400


def invite(team: Team, by: User, email: str) -> Invitation:
    """Mail an invitation to an address. Raises Refused.

    Nothing tells whether the address has an account; where it has, that one is told in the site too.
    """
    with transaction.atomic():
        current = teams.locked(team)
        teams.require_room(current)
        _require_first(current, by, email)
        made = _create(current, by, email=email)
        _mail(made, by)
    return made


def make_link(team: Team, by: User) -> Invitation:
    """Make a link that anybody who has it can join with, until it expires or is revoked."""
    with transaction.atomic():
        current = teams.locked(team)
        teams.require_room(current)
        return _create(current, by)


def revoke(invitation: Invitation, by: User) -> None:
    """Take an invitation back. Raises Refused where it was used already."""
    with transaction.atomic():
        teams.locked(invitation.team)
        revoked = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if revoked.update(revoked_at=timezone.now()):
            what = f"Invitation to {invitation.team.name} taken back: {invitation.email or 'a link'}"
            audit.record(invitation.team.challenge, by, what)
        elif Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=False).exists():
            raise Refused("invitation_used_up")


def why_closed(invitation: Invitation) -> str | None:
    """The code of the reason why nobody can join with it any more, or None where they can."""
    if invitation.accepted_at is not None:
        return "invitation_used"
    if invitation.revoked_at is not None:
        return "invitation_revoked"
    return "invitation_expired" if invitation.expires_at <= timezone.now() else None


def accept(invitation: Invitation, user: User, terms_version: int | None = None) -> Team:
    """Join the team that an invitation is to, thereby accepting the terms; `terms_version` is what was read.

    Of two people with one mailed invitation, or at the last free place, exactly one gets in: the team's
    row lock lets them in one after the other. Raises Refused.
    """
    with transaction.atomic():
        team = teams.locked(invitation.team)
        fresh = Invitation.objects.get(pk=invitation.pk)
        present = teams.team_of(user, team.challenge)
        if present == team:
            return team
        code = why_closed(fresh)
        if code is not None:
            raise Refused(code)
        if present is not None:
            raise Refused("already_in_a_team", team=present.name)
        teams.require_room(team)
        _join(team, user, terms_version)
        if fresh.email:
            Invitation.objects.filter(pk=fresh.pk).update(accepted_at=timezone.now(), accepted_by=user)
    return team


def verifies(token: str, email: str) -> bool:
    """Whether an open invitation was mailed to this very address: having its link confirms the address."""
    found = Invitation.objects.filter(token=token, email__iexact=email).exclude(email="").first()
    return found is not None and why_closed(found) is None


def _join(team: Team, user: User, terms_version: int | None) -> None:
    others = list(notifications.members(team))
    try:
        with transaction.atomic():
            teams.enter(team, user, terms_version=terms_version)
    except IntegrityError as error:
        raise Refused("already_in_a_team", team="your other one") from error
    audit.record(team.challenge, user, f"{user.get_username()} joined the team {team.name}")
    notifications.team_changed(others, team, "joined", who=person(user))


def _create(team: Team, by: User, email: str = "") -> Invitation:
    expires = timezone.now() + LIFETIME
    made = Invitation.objects.create(
        team=team, email=email, token=secrets.token_urlsafe(32), invited_by=by, expires_at=expires
    )
    audit.record(team.challenge, by, f"Invitation to {team.name}: {email or 'a link'}")
    return made


def _require_first(team: Team, by: User, email: str) -> None:
    now = timezone.now()
    same = team.invitations.filter(email__iexact=email, accepted_at=None, revoked_at=None, expires_at__gt=now)
    earlier = same.first()
    if earlier is not None:
        raise Refused("invited_already", email=email, until=moment(earlier.expires_at))
    # By person, and not by rows: those go with a team, and another one is founded in a minute.
    if counted(f"invitations-mailed/{by.pk}", A_DAY) > MAILED_A_DAY:
        raise Refused("too_many_invitations", limit=MAILED_A_DAY)


def _mail(invitation: Invitation, by: User) -> None:
    team, url = invitation.team, reverse("invitation", args=[invitation.token])
    facts = {"who": person(by), "team": team.name, "challenge": team.challenge.name}
    title, text = notice("invitation", **facts)
    until = f"{invitation.expires_at:%-d %B %Y, %H:%M} UTC"
    mail.write(invitation.email, "invitation", subject=title, url=url, until=until, **facts)
    known = EmailAddress.objects.filter(email__iexact=invitation.email, verified=True)
    invited = User.objects.filter(pk__in=known.values("user"))
    key = f"invitation:{invitation.pk}"
    notifications.tell(invited, NotificationKind.INVITATION, key, title, text, url, by_mail=False)
