"""The challenge through its pages."""

from django.contrib.auth.models import User
from django.test import Client

from leaderboard.models import AuditEvent, Challenge
from tests.leaderboard import make
from tests.leaderboard.views.organize.conftest import Place

PAGE = "/organize/lumir/challenge/"
NEW = "/organize/challenges/new/"


def fields(challenge: Challenge, **changes: object) -> dict[str, object]:
    """What the browser sends of the form where nothing was touched but `changes`."""
    names = ("name", "title", "summary", "description", "notice", "team_size_limit", "terms")
    sent = {name: getattr(challenge, name) for name in names} | changes
    return {name: str(value).replace("\n", "\r\n") for name, value in sent.items()}


def test_saving_what_was_not_touched_asks_nobody_to_accept_anything(organizer: Client, place: Place) -> None:
    Challenge.objects.update(terms="Be fair.\n\nBe quick.")
    place.challenge.refresh_from_db()
    answer = organizer.post(PAGE, fields(place.challenge), follow=True)
    assert "Nothing was changed." in answer.content.decode()
    assert Challenge.objects.get().terms_version == place.challenge.terms_version
    assert not AuditEvent.objects.filter(what__startswith="LUMIR:").exists()


def test_terms_and_texts_are_changed_on_one_page(organizer: Client, place: Place) -> None:
    changes = {"terms": "Be fair and quick.", "title": "Registration", "reason": "Of late."}
    answer = organizer.post(PAGE, fields(place.challenge, **changes), follow=True)
    assert "Changed: title, terms." in answer.content.decode()
    changed = Challenge.objects.get()
    assert (changed.title, changed.terms, changed.terms_version) == ("Registration", "Be fair and quick.", 2)
    assert "Of late." in Client().get("/challenges/lumir/changes/").content.decode()


def test_organizers_are_named_and_taken_out_there(organizer: Client, place: Place) -> None:
    other = make.user(username="emmy")
    answer = organizer.post("/organize/lumir/organizers/", {"who": "nobody"})
    assert "Nobody here has the user name or confirmed address nobody." in answer.content.decode()
    answer = organizer.post("/organize/lumir/organizers/", {"who": "emmy"}, follow=True)
    assert "emmy" in answer.content.decode()
    remove = f"/organize/lumir/organizers/{other.pk}/remove/"
    assert "Take out" in organizer.get(remove).content.decode()
    assert set(place.challenge.organizers.all()) == {place.organizer, other}
    organizer.post(remove)
    assert set(place.challenge.organizers.all()) == {place.organizer}
    last = organizer.post(f"/organize/lumir/organizers/{place.organizer.pk}/remove/")
    assert "has no other organizer" in last.content.decode()


def test_who_runs_the_site_makes_a_challenge_from_a_page(db: None) -> None:
    root = User.objects.create_superuser("root")
    client = Client()
    client.force_login(root)
    assert NEW in client.get("/").content.decode()
    sent = {"name": "OASIS", "title": "Brains", "team_size_limit": 5, "terms": "Be fair."}
    answer = client.post(NEW, sent, follow=True)
    assert answer.redirect_chain == [("/organize/oasis/", 302)]
    assert list(Challenge.objects.get().organizers.all()) == [root]
