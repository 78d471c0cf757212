"""Phases: every change of a rule is logged for all to read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leaderboard.domain import phases, ranking
from leaderboard.messages import Refused
from leaderboard.models import AuditEvent, Phase
from tests.leaderboard import make

pytestmark = pytest.mark.django_db


def logged() -> list[tuple[str, str, str, bool]]:
    return list(AuditEvent.objects.order_by("pk").values_list("what", "before", "after", "public"))


def test_a_change_is_logged_from_what_to_what() -> None:
    phase, organizer = make.phase(), make.user()
    closes = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
    changes = {"closes_at": closes, "attempts_per_window": 7, "description": "New words.", "name": phase.name}
    assert phases.edit(phase, organizer, changes, "Asked by teams.") == [
        "closes_at",
        "attempts_per_window",
        "description",
    ]
    assert logged() == [
        ("Validation phase: closes at", "", "2027-03-01 12:00 UTC", True),
        ("Validation phase: attempts per window", "5", "7", True),
        ("Validation phase: description", "", "New words.", False),
    ]
    assert set(AuditEvent.objects.values_list("by", "reason")) == {(organizer.pk, "Asked by teams.")}


def test_no_change_logs_nothing() -> None:
    phase = make.phase()
    assert phases.edit(phase, make.user(), {"paused": False}) == []
    assert logged() == []


def test_a_phase_cannot_close_before_it_opens() -> None:
    phase = make.phase()
    with pytest.raises(Refused) as refused:
        phases.edit(phase, make.user(), {"closes_at": phase.opens_at - timedelta(hours=1)})
    assert refused.value.code == "closes_before_it_opens"
    assert Phase.objects.get().closes_at is None
    assert logged() == []


def test_another_scheme_makes_the_board_stale() -> None:
    phase = make.phase()
    phases.edit(phase, make.user(), {"name": "Other words"})
    assert Phase.objects.get().board_stale_since is None
    phases.edit(phase, make.user(), {"scheme": ranking.preset("strict")})
    assert Phase.objects.get().board_stale_since is not None


def test_a_clone_has_the_rules_and_data_and_waits_paused() -> None:
    phase, organizer = make.phase(attempts_per_window=9), make.user()
    phases.set_datasets(phase, organizer, [make.dataset(phase.challenge)])
    made = phases.clone(phase, organizer, "Test phase")
    assert (made.slug, made.attempts_per_window, made.paused) == ("test-phase", 9, True)
    assert list(made.datasets.all()) == list(phase.datasets.all())


def test_fields_and_datasets_changed_together_are_told_in_one_notice() -> None:
    phase = make.phase()
    member = make.team(phase.challenge).members.get()
    changes = {"attempts_per_window": 7}
    dataset = make.dataset(phase.challenge)
    assert phases.edit(phase, make.user(), changes, "Asked.", [dataset]) == [
        "attempts_per_window",
        "datasets",
    ]
    (told,) = member.notifications.all()
    assert told.text == (
        "Validation phase: attempts per window: from 5 to 7. Asked.\n"
        "Validation phase: datasets: from none to In-domain. Asked."
    )
    phase.refresh_from_db()
    assert phase.board_stale_since is not None


def test_freeze_then_publish() -> None:
    phase, organizer = make.phase(), make.user()
    phases.freeze(phase, organizer)
    frozen = Phase.objects.get()
    assert frozen.freeze_at is not None
    phases.publish(phase, organizer)
    published = Phase.objects.get()
    assert published.freeze_at is None
    assert published.publish_at is not None
    assert published.publish_at <= timezone.now()


def test_unknown_aspects_and_audiences_do_not_enter_the_matrix() -> None:
    asked = {"aggregates": ["public", "the world"], "secrets": ["public"]}
    matrix = phases.checked_visibility(asked)
    assert matrix["aggregates"] == ["public"]
    assert matrix["per-case"] == []
    assert "secrets" not in matrix


def test_a_board_can_be_computed_anew() -> None:
    phase = make.phase()
    phases.recompute(phase, make.user())
    phase.refresh_from_db()
    assert phase.board_stale_since is not None
    assert logged() == [("Validation phase: board computed anew", "", "", False)]
