"""The pages of teams and invitations: what they do, and that strangers find nothing there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import invitations, people, teams
from leaderboard.models import Challenge, Invitation, Letter, Team, TermsAcceptance
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make.team(make.challenge(terms="Be *fair*."), make.user(username="ada"), name="Engines")


@pytest.fixture
def ada(team: Team) -> Client:
    return as_user(User.objects.get(username="ada"))


@pytest.fixture
def grace(team: Team) -> User:
    user = make.user(username="grace")
    teams.enter(team, user)
    return user


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def organizer_of(challenge: Challenge) -> User:
    user = make.user()
    challenge.organizers.add(user)
    return user


def addresses(team: Team, member: User, invitation: Invitation) -> list[str]:
    """Everything about a team that is private."""
    return [
        reverse("team", args=[team.slug]),
        reverse("team_edit", args=[team.slug]),
        reverse("team_leave", args=[team.slug]),
        reverse("team_remove", args=[team.slug, member.pk]),
        reverse("team_captain", args=[team.slug, member.pk]),
        reverse("team_invite", args=[team.slug]),
        reverse("team_link", args=[team.slug]),
        reverse("team_revoke", args=[team.slug, invitation.pk]),
        reverse("teams_merge", args=[team.challenge.slug]),
        reverse("teams_move", args=[team.challenge.slug]),
    ]


def statuses(client: Client, paths: list[str]) -> list[int]:
    return [
        client.post(path).status_code if "/invitations/" in path else client.get(path).status_code
        for path in paths
    ]


def test_strangers_find_nothing_of_a_team(team: Team, grace: User) -> None:
    invitation = invitations.make_link(team, grace)
    paths = addresses(team, grace, invitation)
    elsewhere = make.team(make.challenge()).members.get()
    rival = make.team(team.challenge, name="Rivals").members.get()
    for stranger in (make.user(), elsewhere, rival, organizer_of(make.challenge())):
        assert statuses(as_user(stranger), paths) == [404] * len(paths)
    public = statuses(Client(), paths)
    assert public == [404, *[302] * (len(paths) - 1)], "the public is led to log in"
    assert team.members.count() == 2
    assert Invitation.objects.get().revoked_at is None


def test_members_see_the_team_and_only_the_captain_manages_it(team: Team, grace: User, ada: Client) -> None:
    invitation = invitations.make_link(team, grace)
    paths = addresses(team, grace, invitation)[:-2]
    assert statuses(as_user(grace), paths) == [200, 404, 200, 404, 404, 404, 404, 404]
    assert statuses(ada, paths) == [200] * 5 + [302] * 3
    organizer = as_user(organizer_of(team.challenge))
    assert statuses(organizer, [paths[0], *addresses(team, grace, invitation)[-2:]]) == [200, 200, 200]


def test_the_address_of_a_mailed_invitation_stands_on_no_page(team: Team, ada: Client) -> None:
    ada.post(reverse("team_invite", args=[team.slug]), {"email": "grace@example.org"})
    ada.post(reverse("team_link", args=[team.slug]))
    mailed, link = Invitation.objects.get(email="grace@example.org"), Invitation.objects.get(email="")
    page = ada.get(team.get_absolute_url()).content.decode()
    assert "grace@example.org" in page
    assert mailed.token not in page
    assert f"http://testserver/invitations/{link.token}/" in page
    assert mailed.token in Letter.objects.get().text
    ada.post(reverse("team_revoke", args=[team.slug, link.pk]))
    assert link.token not in ada.get(team.get_absolute_url()).content.decode()


def test_an_invitation_of_another_team_cannot_be_revoked(team: Team, ada: Client) -> None:
    other = make.team(team.challenge, name="Other")
    link = invitations.make_link(other, other.members.get())
    assert ada.post(reverse("team_revoke", args=[team.slug, link.pk])).status_code == 404


def test_joining_shows_the_terms_and_records_their_acceptance(team: Team) -> None:
    link = invitations.make_link(team, team.members.get())
    path, user = reverse("invitation", args=[link.token]), make.user()
    client = as_user(user)
    page = client.get(path)
    assert "Be <em>fair</em>." in page.content.decode()
    assert client.post(path, {"version": 1}).status_code == 200
    assert not team.members.filter(pk=user.pk).exists(), "the box was not ticked"
    answer = client.post(path, {"version": 1, "terms": "on"})
    assert (answer.status_code, answer["Location"]) == (302, team.get_absolute_url())
    assert TermsAcceptance.objects.get(user=user).version == 1
    assert client.get(path)["Location"] == team.get_absolute_url()


def test_terms_that_changed_meanwhile_are_shown_anew(team: Team) -> None:
    link = invitations.make_link(team, team.members.get())
    path, client = reverse("invitation", args=[link.token]), as_user(make.user())
    Challenge.objects.update(terms_version=2)
    answer = client.post(path, {"version": 1, "terms": "on"}, follow=True)
    assert "The terms changed while you were reading" in answer.content.decode()
    assert team.members.count() == 1


def test_a_founder_accepts_the_terms_that_were_read() -> None:
    challenge = make.challenge(slug="lumir", terms="Be fair.")
    client, sent = as_user(make.user()), {"name": "Warp", "affiliation": "Lab", "terms": "on", "version": 1}
    Challenge.objects.update(terms_version=2)
    answer = client.post("/challenges/lumir/teams/new/", sent)
    page = answer.content.decode()
    assert "The terms changed while you were reading" in page
    assert 'name="version" value="2"' in page
    assert 'value="Warp"' in page
    assert not challenge.teams.exists()
    assert client.post("/challenges/lumir/teams/new/", sent | {"version": 2}).status_code == 302
    assert TermsAcceptance.objects.get().version == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revoked_at": timedelta(0)}, "was taken back"),
        ({"expires_at": timedelta(0)}, "has expired"),
        ({"accepted_at": timedelta(0)}, "was used already"),
    ],
)
def test_a_closed_invitation_says_why(team: Team, changes: dict[str, timedelta], words: str) -> None:
    link = invitations.make_link(team, team.members.get())
    now = timezone.now()
    Invitation.objects.update(**{name: now + value for name, value in changes.items()})
    for client in (Client(), as_user(make.user())):
        answer = client.get(reverse("invitation", args=[link.token]))
        assert answer.status_code == 410
        assert words in answer.content.decode()
    assert Client().get(reverse("invitation", args=["guessed"])).status_code == 404


def test_leaving_removing_and_handing_over_are_asked_for_first(team: Team, grace: User, ada: Client) -> None:
    for name, arguments in (("team_captain", [grace.pk]), ("team_remove", [grace.pk]), ("team_leave", [])):
        assert ada.get(reverse(name, args=[team.slug, *arguments])).status_code == 200
    assert team.members.count() == 2
    ada.post(reverse("team_captain", args=[team.slug, grace.pk]))
    assert team.memberships.get(role="captain").user == grace
    ada.post(reverse("team_leave", args=[team.slug]))
    assert list(team.members.all()) == [grace]
    refused = as_user(grace).post(reverse("team_remove", args=[team.slug, grace.pk]), follow=True)
    assert "You are the captain" in refused.content.decode()


def test_a_taken_name_is_said_beside_the_field(team: Team, ada: Client) -> None:
    make.team(team.challenge, name="Taken")
    answer = ada.post(reverse("team_edit", args=[team.slug]), {"name": "taken", "affiliation": ""})
    assert "is called “taken” already" in answer.content.decode()


def test_merging_is_shown_first_and_done_when_confirmed(team: Team) -> None:
    other = make.team(team.challenge, name="Others")
    make.phase(challenge=team.challenge)
    organizer = as_user(organizer_of(team.challenge))
    path = reverse("teams_merge", args=[team.challenge.slug])
    wanted = {"into": team.pk, "merged": other.pk, "reason": "one lab"}
    shown = organizer.post(path, wanted)
    assert "Others becomes part of Engines" in shown.content.decode()
    assert team.members.count() == 1
    answer = organizer.post(path, wanted | {"confirmed": "1"})
    assert answer["Location"] == team.get_absolute_url()
    assert team.members.count() == 2
    member = as_user(User.objects.get(username="ada"))
    assert member.get(reverse("team", args=[other.slug])).status_code == 404
    assert organizer.get(reverse("team", args=[other.slug]))["Location"] == team.get_absolute_url()
    again = organizer.post(path, wanted | {"confirmed": "1"})
    assert "Select a valid choice" in again.content.decode()


def test_teams_of_another_challenge_are_no_choice(team: Team) -> None:
    elsewhere = make.team(make.challenge())
    organizer = as_user(organizer_of(team.challenge))
    path = reverse("teams_merge", args=[team.challenge.slug])
    answer = organizer.post(path, {"into": team.pk, "merged": elsewhere.pk, "reason": "x", "confirmed": "1"})
    assert answer.status_code == 200
    assert elsewhere.members.count() == 1


def test_moving_is_shown_first_and_done_when_confirmed(team: Team, grace: User) -> None:
    target = make.team(team.challenge, name="Target")
    organizer = as_user(organizer_of(team.challenge))
    path = reverse("teams_move", args=[team.challenge.slug])
    wanted = {"member": team.memberships.get(user=grace).pk, "to": target.pk, "reason": "new lab"}
    assert "grace goes from Engines to Target" in organizer.post(path, wanted).content.decode()
    organizer.post(path, wanted | {"confirmed": "1"})
    assert teams.team_of(grace, team.challenge) == target


def test_names_of_members_are_those_of_their_profiles(team: Team, ada: Client) -> None:
    facts = {"name": "Ada <b>Lovelace", "orcid": "0000-0002-1825-0097", "affiliation": "Society"}
    people.change_profile(User.objects.get(username="ada"), **facts)
    page = ada.get(team.get_absolute_url()).content.decode()
    assert "Ada &lt;b&gt;Lovelace (ada)" in page
    assert 'href="https://orcid.org/0000-0002-1825-0097"' in page


def test_the_team_page_costs_the_same_for_one_of_everything_and_for_three(team: Team, ada: Client) -> None:
    counts, phase = [], make.phase(challenge=team.challenge)
    make.submission(phase=phase, entry=make.entry(team), state="failed")
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            ada.get(team.get_absolute_url())
        counts.append(len(captured))
        for _ in range(2):
            teams.enter(team, make.user())
            make.submission(phase=phase, entry=make.entry(team), state="failed")
            invitations.make_link(team, team.memberships.get(role="captain").user)
    assert counts[0] == counts[1]


def test_the_team_page_tells_what_each_attempt_cost(team: Team, ada: Client) -> None:
    phase = make.phase(challenge=team.challenge)
    sent = make.submission(phase=phase, entry=make.entry(team), state="failed")
    html = ada.get(team.get_absolute_url()).content.decode()
    assert f"Attempts: {phase.name}" in html
    assert "Failed for a reason of ours: given back." in html
    assert html.count(sent.get_absolute_url()) == 2
