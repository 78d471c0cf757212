"""Profiles, ORCID iDs and terms."""

import pytest

from leaderboard.domain import people
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Membership, TermsAcceptance
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "orcid",
    [
        # The examples of ORCID's own documentation of the structure of its identifier, and its test person.
        "0000-0002-1825-0097",
        "0000-0001-5109-3700",
        "0000-0002-1694-233X",
    ],
)
def test_a_true_orcid_is_taken_however_it_is_typed(orcid: str) -> None:
    bare = orcid.replace("-", "")
    for typed in (orcid, bare, bare.lower(), f"https://orcid.org/{orcid}", f" orcid.org/{orcid} "):
        assert people.normal_orcid(typed) == orcid


def test_every_single_wrong_digit_and_neighbour_swap_of_an_orcid_is_found() -> None:
    """ISO 7064 MOD 11-2 finds all single substitutions and all swaps of two unlike neighbours."""
    true = "000000021825009"
    wrong = {true[:at] + digit + true[at + 1 :] + "7" for at in range(15) for digit in "0123456789"}
    wrong |= {true[:at] + true[at + 1] + true[at] + true[at + 2 :] + "7" for at in range(14)}
    wrong |= {true + last for last in "012345689X"}
    wrong.discard(true + "7")
    for text in wrong:
        with pytest.raises(Refused):
            people.normal_orcid(text)
    assert len(wrong) == 15 * 9 + 7 + 10


@pytest.mark.parametrize("text", ["", "0000-0002-1825-009", "0000-0002-1825-00977", "X000-0002-1825-0097"])
def test_what_has_not_the_shape_of_an_orcid_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="0000-0002-1825-0097"):
        people.normal_orcid(text)


def test_a_profile_is_made_when_it_is_first_changed() -> None:
    user = make.user()
    assert people.profile_of(user).pk == user.pk
    people.change_profile(user, name="Ada Lovelace")
    people.change_profile(user, affiliation="Analytical Society")
    profile = people.profile_of(user)
    assert (profile.name, profile.affiliation) == ("Ada Lovelace", "Analytical Society")


def risen(challenge: Challenge) -> None:
    challenge.terms_version += 1
    challenge.save()


def test_founding_a_team_accepts_the_terms_and_new_terms_are_asked_for_again() -> None:
    challenge, user = make.challenge(terms="Be fair."), make.user()
    assert people.must_accept_terms(user, challenge)
    team = make.team(challenge, user)
    assert not people.must_accept_terms(user, challenge)

    risen(challenge)
    assert people.must_accept_terms(user, challenge)
    with pytest.raises(Refused, match=r"The terms of LUMIR have changed"):
        people.require_terms(user, challenge)
    people.accept_terms(user, challenge, 2)
    people.require_terms(user, challenge)
    accepted = TermsAcceptance.objects.filter(user=user, challenge=challenge)
    assert list(accepted.values_list("version", flat=True)) == [1, 2]
    assert all(each.at is not None for each in accepted)
    assert Membership.objects.get(team=team).terms_version == 2


def test_terms_that_changed_while_they_were_read_are_not_accepted() -> None:
    challenge, user = make.challenge(terms="Be fair."), make.user()
    risen(challenge)
    with pytest.raises(Refused) as refused:
        people.accept_terms(user, challenge, 1)
    assert refused.value.code == "terms_changed"
    assert not TermsAcceptance.objects.exists()


def test_accepting_twice_is_recorded_once() -> None:
    challenge, user = make.challenge(terms="Be fair."), make.user()
    for _ in range(2):
        people.accept_terms(user, challenge)
    assert TermsAcceptance.objects.count() == 1


def test_a_challenge_without_terms_asks_for_nothing() -> None:
    assert not people.must_accept_terms(make.user(), make.challenge())
