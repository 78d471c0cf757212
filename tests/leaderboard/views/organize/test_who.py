"""Every organizers' address, for everybody: there for organizers of its challenge, not there for others."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django import Settings

from leaderboard.models import AuditEvent, Submission
from leaderboard.views.organize.urls import urlpatterns
from tests.leaderboard import make
from tests.leaderboard.views.organize.conftest import Place

ONLY_POST = {"organize_phase_up"}
VERBS = {
    "organize_phase_act": ["pause", "resume", "freeze", "publish", "recompute"],
    "organize_submission_act": ["retry", "release", "cancel", "disqualify", "reinstate"],
    "organize_download": ["submissions", "results", "participants"],
}
OTHERS = ["anonymous", "stranger", "participant", "organizer of another challenge"]
NAMES = [str(pattern.name) for pattern in urlpatterns if isinstance(pattern, URLPattern)]


def addresses(place: Place, name: str) -> list[str]:
    """All addresses of a name, for the objects of the place."""
    (pattern,) = [one for one in urlpatterns if one.name == name]
    known = {
        "phase": place.phase.slug,
        "dataset": place.dataset.slug,
        "submission": place.submission.pk,
        "entry": place.entry.slug,
        "team": place.team.slug,
        "pk": place.asked.pk if name == "organize_import" else place.rescoring.pk,
    }
    wanted = pattern.pattern.converters
    given = {key: known[key] for key in wanted if key in known} | {"challenge": place.challenge.slug}
    verbs = set(wanted) - set(known)
    if not verbs:
        return [reverse(name, kwargs=given)]
    (verb,) = verbs
    return [reverse(name, kwargs=given | {verb: word}) for word in VERBS[name]]


def browser(place: Place, role: str) -> Client:
    client = Client()
    people: dict[str, Callable[[], User]] = {
        "stranger": make.user,
        "participant": place.team.members.get,
        "organizer of another challenge": _organizer_elsewhere,
        "organizer": lambda: place.organizer,
        "superuser": lambda: make.user(is_superuser=True),
    }
    if role in people:
        client.force_login(people[role]())
    return client


def _organizer_elsewhere() -> User:
    user = make.user()
    make.challenge().organizers.add(user)
    return user


@pytest.mark.parametrize("role", OTHERS)
def test_nothing_is_there_for_others_and_nothing_is_done(place: Place, role: str) -> None:
    client = browser(place, role)
    before = (AuditEvent.objects.count(), Submission.objects.get().state)
    for name in NAMES:
        for address in addresses(place, name):
            for answer in (client.get(address), client.post(address, {"reason": "x", "name": "x"})):
                assert answer.status_code in ({404, 405} if name in ONLY_POST else {404}), address
    assert (AuditEvent.objects.count(), Submission.objects.get().state) == before


@pytest.mark.parametrize("role", ["organizer", "superuser"])
def test_every_page_is_there_for_organizers(place: Place, role: str) -> None:
    client = browser(place, role)
    for name in NAMES:
        for address in addresses(place, name):
            answer = client.get(address)
            assert answer.status_code == (405 if name in ONLY_POST else 200), address
            assert "style=" not in answer.getvalue().decode(), address


@pytest.mark.parametrize("name", NAMES)
def test_another_challenge_has_none_of_these_objects(place: Place, name: str) -> None:
    """An organizer of two challenges does not reach the objects of one by the other's address."""
    other = make.challenge(slug="other")
    other.organizers.add(place.organizer)
    client = browser(place, "organizer")
    there = {
        "organize",
        "organize_live",
        "organize_phases",
        "organize_phase_new",
        "organize_datasets",
        "organize_dataset_new",
        "organize_submissions",
        "organize_participants",
        "organize_rescorings",
        "organize_log",
        "organize_downloads",
        "organize_download",
    }
    for address in addresses(place, name):
        moved = address.replace("/organize/lumir/", "/organize/other/")
        answer = client.post(moved) if name in ONLY_POST else client.get(moved)
        assert answer.status_code == (200 if name in there else 404), address


@pytest.mark.parametrize("role", [*OTHERS, "organizer"])
def test_the_public_log_of_changes_is_for_all(place: Place, role: str) -> None:
    assert browser(place, role).get("/challenges/lumir/changes/").status_code == 200


@pytest.mark.parametrize("role", [*OTHERS, "organizer"])
@pytest.mark.parametrize("what", ["withdraw", "choose", "cancel"])
def test_only_its_team_leaves_with_a_submission(place: Place, role: str, what: str) -> None:
    answer = browser(place, role).get(f"/submissions/{place.submission.pk}/{what}/")
    assert answer.status_code == (200 if role == "participant" else 404)


def test_a_second_factor_is_asked_for_first_where_it_is_required(place: Place, settings: Settings) -> None:
    settings.REQUIRE_ORGANIZER_MFA = True
    client = browser(place, "organizer")
    for name in NAMES:
        for address in addresses(place, name):
            assert client.get(address)["Location"] == reverse("mfa_activate_totp"), address
