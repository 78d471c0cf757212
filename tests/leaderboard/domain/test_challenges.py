"""Challenges are made, described and run from pages; changed terms are asked for again."""

import pytest
from allauth.account.models import EmailAddress

from leaderboard.domain import challenges, people
from leaderboard.messages import Refused
from leaderboard.models import AuditEvent, Notification
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


def test_whoever_makes_a_challenge_runs_it() -> None:
    user = make.user()
    make.challenge(slug="oasis", name="OASIS")
    made = challenges.create(user, "OASIS", title="Brains", terms="Be fair.")
    assert (made.slug, made.terms_version, list(made.organizers.all())) == ("oasis-2", 1, [user])


def test_changed_terms_are_a_new_version_told_to_all_and_to_be_accepted() -> None:
    challenge, organizer, member = make.challenge(terms="Be fair."), make.user(), make.user()
    make.team(challenge, member)
    assert not people.must_accept_terms(member, challenge)
    changed = challenges.edit(
        challenge, organizer, {"terms": "Be fair and quick.", "title": challenge.title}, "Of late."
    )
    assert (changed, challenge.terms_version) == (["terms"], 2)
    assert people.must_accept_terms(member, challenge)
    event = AuditEvent.objects.get(what=f"{challenge.name}: terms")
    assert (event.before, event.after, event.reason, event.public) == (
        "version 1",
        "version 2",
        "Of late.",
        True,
    )
    assert "from version 1 to version 2" in Notification.objects.get(user=member).text


def test_what_is_no_rule_is_logged_for_organizers_alone() -> None:
    challenge, organizer = make.challenge(), make.user()
    before = challenge.terms_version
    assert challenges.edit(challenge, organizer, {"notice": "Simulated subjects."}) == ["notice"]
    event = AuditEvent.objects.get(what=f"{challenge.name}: notice")
    assert (event.after, event.public, challenge.terms_version) == ("Simulated subjects.", False, before)


def test_organizers_are_added_by_name_or_confirmed_address_and_told() -> None:
    challenge, first = make.challenge(), make.user()
    challenge.organizers.add(first)
    second, third = make.user(), make.user()
    EmailAddress.objects.create(user=third, email="lucy@example.org", verified=True)
    assert challenges.add_organizer(challenge, first, second.username.upper()) == second
    assert challenges.add_organizer(challenge, first, "Lucy@example.org") == third
    assert set(challenge.organizers.all()) == {first, second, third}
    told = Notification.objects.get(user=second)
    assert told.title == f"You organize {challenge.name} now"


def test_an_address_that_nobody_has_confirmed_names_nobody() -> None:
    challenge, first, other = make.challenge(), make.user(), make.user()
    EmailAddress.objects.create(user=other, email="mallory@example.org", verified=False)
    with pytest.raises(Refused, match=r"mallory@example\.org"):
        challenges.add_organizer(challenge, first, "mallory@example.org")


def test_the_last_organizer_stays() -> None:
    challenge, first, second = make.challenge(), make.user(), make.user()
    challenge.organizers.add(first, second)
    challenges.remove_organizer(challenge, second, first)
    with pytest.raises(Refused, match="no other organizer"):
        challenges.remove_organizer(challenge, second, second)
    assert list(challenge.organizers.all()) == [second]
