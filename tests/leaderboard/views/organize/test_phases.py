"""Phases through their pages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from leaderboard.enums import Aspect
from leaderboard.models import AuditEvent, Notification, Phase
from tests.leaderboard import make
from tests.leaderboard.views.organize.conftest import Place

PHASE = "/organize/lumir/phases/validation/"


def fields(phase: Phase, **changes: object) -> dict[str, object]:
    """What the browser sends of the form where nothing was touched but `changes`."""
    sent: dict[str, object] = {
        "name": phase.name,
        "kind": phase.kind,
        "description": phase.description,
        "opens_at": f"{phase.opens_at:%Y-%m-%dT%H:%M}",
        "grace": "1",
        "rules": phase.rules,
        "scheme": phase.scheme_id,
        "board_rule": phase.board_rule,
        "window": "24",
        "attempts_per_window": phase.attempts_per_window,
        "invalid_per_window": phase.invalid_per_window,
        "concurrent_submissions": phase.concurrent_submissions,
        "datasets": [dataset.pk for dataset in phase.datasets.all()],
    }
    shown = {f"see_{aspect}": phase.visibility.get(aspect, []) for aspect in Aspect}
    return sent | shown | changes


def logged() -> list[tuple[str, str, str, str]]:
    """The public log, newest first."""
    public = AuditEvent.objects.filter(public=True)
    return list(public.values_list("what", "before", "after", "reason"))


def test_saving_what_was_not_touched_changes_nothing(organizer: Client, place: Place) -> None:
    before = Phase.objects.values().get()
    assert before["opens_at"].microsecond, "the form has minutes only"
    answer = organizer.post(f"{PHASE}edit/", fields(place.phase), follow=True)
    assert "Nothing was changed." in answer.content.decode()
    assert Phase.objects.values().get() == before
    assert logged() == []


def test_each_change_is_logged_with_its_reason(organizer: Client, place: Place) -> None:
    changes = {"attempts_per_window": 7, "grace": "0.5", "closes_at": "2030-03-01T13:00", "reason": "Asked."}
    organizer.post(f"{PHASE}edit/", fields(place.phase, **changes))
    assert set(logged()) == {
        ("Validation phase: attempts per window", "5", "7", "Asked."),
        ("Validation phase: grace", "1 h", "30 min", "Asked."),
        ("Validation phase: closes at", "", "2030-03-01 13:00 UTC", "Asked."),
    }
    page = Client().get("/challenges/lumir/changes/").content.decode()
    assert "Asked." in page
    assert "olga" in page


def test_times_are_typed_in_the_viewer_s_zone(organizer: Client, place: Place) -> None:
    organizer.cookies["tz"] = "Asia/Tokyo"
    page = organizer.get(f"{PHASE}edit/").content.decode()
    assert "Opens (Asia/Tokyo)" in page
    opens = place.phase.opens_at + timedelta(hours=9)
    assert f'value="{opens:%Y-%m-%dT%H:%M}"' in page
    sent = fields(place.phase, opens_at=f"{opens:%Y-%m-%dT%H:%M}", closes_at="2030-03-01T09:00")
    organizer.post(f"{PHASE}edit/", sent)
    phase = Phase.objects.get()
    assert phase.closes_at == datetime(2030, 3, 1, 0, 0, tzinfo=UTC)
    assert phase.opens_at == place.phase.opens_at
    assert logged() == [("Validation phase: closes at", "", "2030-03-01 00:00 UTC", "")]
    assert "1 Mar 2030, 09:00 JST" in organizer.get(PHASE).content.decode()


def test_a_phase_that_closes_before_it_opens_is_not_saved(organizer: Client, place: Place) -> None:
    answer = organizer.post(f"{PHASE}edit/", fields(place.phase, closes_at="2001-01-01T00:00"))
    page = answer.content.decode()
    assert page.count("would close before it opens") == 1
    assert Phase.objects.get().closes_at is None


def test_the_matrix_is_set_by_its_boxes(organizer: Client, place: Place) -> None:
    changes = {"see_per-case": ["own-team"], "see_names": []}
    organizer.post(f"{PHASE}edit/", fields(place.phase, **changes))
    visibility = Phase.objects.get().visibility
    assert (visibility["per-case"], visibility["names"]) == (["own-team"], [])
    assert visibility["aggregates"] == ["public", "participants", "own-team"]
    ((what, before, after, _),) = logged()
    assert what == "Validation phase: visibility"
    everyone = "public, participants, own team"
    assert before == f"Per case: {everyone}; Names: {everyone}"
    assert after == "Per case: own team; Names: organizers only"
    assert organizer.post(f"{PHASE}edit/", fields(place.phase, see_names=["everyone"])).status_code == 200


def test_a_phase_is_made_with_its_datasets(organizer: Client, place: Place) -> None:
    sent = fields(place.phase, name="Test phase", kind="test", see_names=[])
    answer = organizer.post("/organize/lumir/new-phase/", sent)
    assert answer["Location"] == "/organize/lumir/phases/test-phase/"
    made = Phase.objects.get(slug="test-phase")
    assert list(made.datasets.all()) == [place.dataset]
    assert (made.kind, made.position, made.visibility["names"]) == ("test", 1, [])
    assert [what for what, *_ in logged()] == ["Phase Test phase created"]
    assert not Notification.objects.exists(), "no rule has changed for anybody"


@pytest.mark.parametrize("field", ["window", "grace"])
@pytest.mark.parametrize("hours", ["1e300", "nan", "-1"])
def test_hours_that_no_clock_can_count_are_no_hours(
    organizer: Client, place: Place, field: str, hours: str
) -> None:
    answer = organizer.post(f"{PHASE}edit/", fields(place.phase, **{field: hours}))
    assert answer.status_code == 200
    assert logged() == []


def test_datasets_of_another_challenge_cannot_be_chosen(organizer: Client, place: Place) -> None:
    foreign = make.dataset(make.challenge())
    answer = organizer.post(f"{PHASE}edit/", fields(place.phase, datasets=[foreign.pk]))
    assert answer.status_code == 200
    assert list(place.phase.datasets.all()) == [place.dataset]


def test_clone_and_order(organizer: Client, place: Place) -> None:
    organizer.post(f"{PHASE}clone/", {"name": "Second round"})
    made = Phase.objects.get(slug="second-round")
    assert made.paused
    organizer.post("/organize/lumir/phases/second-round/up/")
    assert [phase.slug for phase in place.challenge.phases.all()] == ["second-round", "validation"]
    organizer.post("/organize/lumir/phases/second-round/up/")
    assert [phase.slug for phase in place.challenge.phases.all()] == ["second-round", "validation"]


def test_pause_resume_freeze_publish(organizer: Client, place: Place) -> None:
    for verb in ("pause", "resume", "freeze", "publish"):
        assert "Leave it as it is" in organizer.get(f"{PHASE}{verb}/").content.decode()
    assert logged() == [], "asking changes nothing"
    organizer.post(f"{PHASE}pause/", {"reason": "A disk is full."})
    assert Phase.objects.get().paused
    organizer.post(f"{PHASE}resume/", {"reason": ""})
    assert not Phase.objects.get().paused
    organizer.post(f"{PHASE}freeze/", {})
    assert Phase.objects.get().freeze_at is not None
    answer = organizer.post(f"{PHASE}publish/", {"reason": "Agreed."}, follow=True)
    phase = Phase.objects.get()
    assert phase.freeze_at is None
    assert phase.publish_at is not None
    assert "Validation phase is published." in answer.content.decode()
    assert logged()[-1] == ("Validation phase: paused", "no", "yes", "A disk is full.")


def test_a_board_is_computed_anew(organizer: Client, place: Place) -> None:
    organizer.post(f"{PHASE}recompute/", {"next": "/organize/lumir/"})
    assert Phase.objects.get().board_stale_since is not None


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "nowhere"]
)
def test_nobody_is_led_off_the_site(organizer: Client, place: Place, wanted: str) -> None:
    assert organizer.post(f"{PHASE}recompute/", {"next": wanted})["Location"] == PHASE


def test_the_public_log_has_nothing_but_rules(organizer: Client, place: Place) -> None:
    organizer.post(f"{PHASE}edit/", fields(place.phase, description="Secret words.", attempts_per_window=6))
    page = Client().get("/challenges/lumir/changes/").content.decode()
    assert "attempts per window" in page
    assert "Secret words." not in page
    assert "Secret words." in organizer.get("/organize/lumir/log/").content.decode()
