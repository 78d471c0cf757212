"""Inviting and joining, alone and at once."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from leaderboard.domain import invitations, teams
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Invitation, Letter, Membership, Notification, Team, TermsAcceptance
from tests.leaderboard import make


@pytest.fixture
def team(db: None) -> Team:
    return make.team(make.challenge(terms="Be fair."), name="Warp speed")


def captain(team: Team) -> User:
    return team.memberships.get(role="captain").user


def code(verb: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        verb(*arguments)
    return refused.value.code


def test_a_mailed_invitation_goes_out_with_its_link_and_a_time(team: Team) -> None:
    invitation = invitations.invite(team, captain(team), "grace@example.org")
    letter = Letter.objects.get()
    assert (letter.to, letter.subject) == (
        "grace@example.org",
        f"{captain(team).username} invites you to the team Warp speed",
    )
    for part in (letter.text, letter.html):
        assert f"http://localhost:8000/invitations/{invitation.token}/" in part
        assert f"{invitation.expires_at:%H:%M} UTC" in part
    assert invitation.expires_at - invitation.created_at >= timedelta(days=13)


def test_whoever_has_a_confirmed_account_of_the_address_is_told_in_the_site_too(team: Team) -> None:
    known, unsure = make.user(), make.user()
    EmailAddress.objects.create(user=known, email="grace@example.org", verified=True)
    EmailAddress.objects.create(user=unsure, email="GRACE@example.org", verified=False)
    invitations.invite(team, captain(team), "Grace@Example.org")
    told = Notification.objects.get()
    assert (told.user, told.kind, told.mail_after) == (known, "invitation", None)


def test_it_works_once_and_for_whoever_is_logged_in(team: Team) -> None:
    invitation = invitations.invite(team, captain(team), "grace@example.org")
    user = make.user()
    assert invitations.accept(invitation, user, 1) == team
    invitation.refresh_from_db()
    assert (invitation.accepted_by, invitation.accepted_at is not None) == (user, True)
    assert Membership.objects.get(user=user).role == "member"
    acceptance = TermsAcceptance.objects.get(user=user)
    assert (acceptance.challenge, acceptance.version) == (team.challenge, 1)
    assert Notification.objects.get(user=captain(team)).title == f"{user.username} has joined Warp speed"
    assert code(invitations.accept, invitation, make.user()) == "invitation_used"
    assert invitations.accept(invitation, user) == team, "who is in already is led there"


def test_a_link_works_until_it_is_revoked_or_expires(team: Team) -> None:
    link = invitations.make_link(team, captain(team))
    for _ in range(2):
        invitations.accept(link, make.user())
    invitations.revoke(link, captain(team))
    link.refresh_from_db()
    assert code(invitations.accept, link, make.user()) == "invitation_revoked"
    other = invitations.make_link(team, captain(team))
    Invitation.objects.filter(pk=other.pk).update(expires_at=timezone.now())
    assert code(invitations.accept, other, make.user()) == "invitation_expired"
    assert team.members.count() == 3


def test_a_used_invitation_cannot_be_revoked(team: Team) -> None:
    invitation = invitations.invite(team, captain(team), "grace@example.org")
    invitations.accept(invitation, make.user())
    assert code(invitations.revoke, invitation, captain(team)) == "invitation_used_up"


def test_an_address_is_invited_again_only_after_the_first_is_revoked(team: Team) -> None:
    first = invitations.invite(team, captain(team), "grace@example.org")
    assert code(invitations.invite, team, captain(team), "GRACE@example.org") == "invited_already"
    invitations.revoke(first, captain(team))
    invitations.invite(team, captain(team), "grace@example.org")


def test_the_site_cannot_be_used_to_send_mail_in_bulk(team: Team) -> None:
    founder = captain(team)
    cache.delete(f"invitations-mailed/{founder.pk}")
    for number in range(invitations.MAILED_A_DAY):
        invitations.invite(team, founder, f"person{number}@example.org")
    assert code(invitations.invite, team, founder, "one@example.org") == "too_many_invitations"
    # The rows of a team go with it.
    teams.leave(team, founder)
    another = make.team(team.challenge, founder)
    assert code(invitations.invite, another, founder, "one@example.org") == "too_many_invitations"
    cache.delete(f"invitations-mailed/{founder.pk}")
    invitations.invite(another, founder, "one@example.org")


def test_who_is_in_another_team_or_read_other_terms_stays_out(team: Team) -> None:
    link = invitations.make_link(team, captain(team))
    other = make.team(team.challenge, name="Other")
    with pytest.raises(Refused, match="You are in the team Other already"):
        invitations.accept(link, captain(other))
    Challenge.objects.update(terms_version=2)
    assert code(invitations.accept, link, make.user(), 1) == "terms_changed"
    assert team.members.count() == 1


def test_a_full_team_neither_invites_nor_takes_in(team: Team) -> None:
    link = invitations.make_link(team, captain(team))
    Challenge.objects.update(team_size_limit=1)
    for verb in (invitations.make_link, invitations.invite):
        assert code(
            verb, team, captain(team), *(["a@example.org"] if verb is invitations.invite else [])
        ) == ("team_full")
    with pytest.raises(Refused, match="Warp speed has 1 members, as many as LUMIR allows"):
        invitations.accept(link, make.user())


def test_only_an_open_invitation_to_the_very_address_confirms_it(team: Team) -> None:
    mailed = invitations.invite(team, captain(team), "grace@example.org")
    link = invitations.make_link(team, captain(team))
    assert invitations.verifies(mailed.token, "Grace@example.org")
    assert not invitations.verifies(mailed.token, "ada@example.org")
    assert not invitations.verifies(link.token, "")
    assert not invitations.verifies("", "grace@example.org")
    invitations.revoke(mailed, captain(team))
    assert not invitations.verifies(mailed.token, "grace@example.org")


def at_once(invitation: Invitation, users: list[User]) -> list[str]:
    """What becomes of people who accept in the same moment."""
    barrier, outcomes = threading.Barrier(len(users)), []

    def run(user: User) -> None:
        barrier.wait()
        try:
            invitations.accept(invitation, user)
            outcomes.append("in")
        except Refused as refused:
            outcomes.append(refused.code)
        connection.close()

    threads = [threading.Thread(target=run, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_the_last_free_place_one_gets_in() -> None:
    team = make.team(make.challenge(team_size_limit=2))
    link = invitations.make_link(team, captain(team))
    assert at_once(link, [make.user() for _ in range(8)]) == ["in"] + ["team_full"] * 7
    assert team.members.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_with_one_mailed_invitation_one_gets_in() -> None:
    team = make.team(make.challenge())
    invitation = invitations.invite(team, captain(team), "grace@example.org")
    outcomes = at_once(invitation, [make.user() for _ in range(8)])
    assert sorted(outcomes) == ["in"] + ["invitation_used"] * 7
    assert team.members.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_joins_two_teams_at_once_ends_in_one() -> None:
    challenge, user = make.challenge(), make.user()
    links = [
        invitations.make_link(team, captain(team)) for team in (make.team(challenge), make.team(challenge))
    ]
    barrier, outcomes = threading.Barrier(2), []

    def run(link: Invitation) -> None:
        barrier.wait()
        try:
            invitations.accept(link, user)
            outcomes.append("in")
        except Refused as refused:
            outcomes.append(refused.code)
        connection.close()

    threads = [threading.Thread(target=run, args=[link]) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_in_a_team", "in"]
    assert Membership.objects.filter(user=user).count() == 1
