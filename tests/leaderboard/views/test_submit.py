"""The page where files are handed in says at once whether one would be taken."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from leaderboard.domain import uploads
from leaderboard.enums import SubmissionState
from leaderboard.models import Phase
from tests.leaderboard import make

FORM = "data-upload="


@pytest.fixture
def phase(db: None) -> Phase:
    return make.phase(challenge=make.challenge(slug="lumir"), attempts_per_window=2, attempts_total=9)


@pytest.fixture
def captain(phase: Phase) -> User:
    user = make.user()
    make.entry(make.team(phase.challenge, user))
    return user


def page(phase: Phase, user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get(f"{phase.get_absolute_url()}submit/").content.decode()


def test_an_open_phase_shows_the_form_and_every_budget(phase: Phase, captain: User) -> None:
    entry = captain.teams.get().entries.get()
    make.submission(phase=phase, entry=entry, state=SubmissionState.SCORED)
    make.submission(phase=phase, entry=entry, state=SubmissionState.INVALID, problems=[{"file": "a"}])
    html = page(phase, captain)
    assert FORM in html
    budgets = re.findall(r"\d+ of \d+[^<]*", html)
    assert budgets == ["1 of 2 used in 1 day", "1 of 9 used", f"1 of {phase.invalid_per_window} in 1 day"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"paused": True}, "is paused by the organizers"),
        ({"opens_at": timezone.now() + timedelta(days=1)}, "Come back then."),
        ({"closes_at": timezone.now() - timedelta(hours=1)}, "Its board stays readable."),
    ],
    ids=["paused", "not open yet", "closed"],
)
def test_a_phase_that_takes_nothing_says_so_before_a_file_is_chosen(
    phase: Phase, captain: User, changes: dict[str, object], words: str
) -> None:
    Phase.objects.update(opens_at=timezone.now() - timedelta(days=9))
    Phase.objects.update(**changes)
    html = page(phase, captain)
    assert words in html
    assert FORM not in html


def test_used_up_attempts_say_when_the_next_is_free(phase: Phase, captain: User) -> None:
    entry = captain.teams.get().entries.get()
    for _ in range(2):
        make.submission(phase=phase, entry=entry, state=SubmissionState.SCORED)
    html = page(phase, captain)
    assert "Your team has used its 2 attempts within 1 day" in html
    assert FORM not in html


def test_what_has_begun_can_be_gone_on_with_after_the_phase_closed(phase: Phase, captain: User) -> None:
    entry = captain.teams.get().entries.get()
    uploads.begin(phase, entry, captain, "fields.zip", 10_000, "ab" * 32)
    Phase.objects.update(
        opens_at=timezone.now() - timedelta(days=9), closes_at=timezone.now() - timedelta(minutes=1)
    )
    html = page(phase, captain)
    assert "Its board stays readable." in html
    assert FORM in html
