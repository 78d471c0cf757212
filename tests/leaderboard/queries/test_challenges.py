from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.queries import challenges
from tests.leaderboard import make, payload

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("opens", "closes", "paused", "state"),
    [
        (NOW - HOUR, None, False, "open"),
        (NOW - HOUR, NOW + HOUR, False, "open"),
        (NOW - HOUR, NOW + HOUR, True, "paused"),
        (NOW + HOUR, None, True, "opens soon"),
        (NOW - 2 * HOUR, NOW - HOUR, True, "closed"),
    ],
)
def test_the_state_of_a_phase(opens: object, closes: object, paused: bool, state: str) -> None:
    row = challenges.phase_row(make.phase(opens_at=opens, closes_at=closes, paused=paused))
    assert (row.state, row.is_open) == (state, state == "open")


def test_the_navigation_leads_to_the_last_open_phase_else_to_the_last() -> None:
    owner = make.challenge()
    first = make.phase(challenge=owner, slug="first", position=0)
    make.phase(challenge=owner, slug="later", position=1, opens_at=NOW + HOUR)
    assert challenges.current_phase(challenges.phases_of(owner)) == first
    first.closes_at = NOW - timedelta(minutes=1)
    first.save()
    last = challenges.current_phase(challenges.phases_of(owner))
    assert last is not None
    assert last.slug == "later"
    assert challenges.current_phase([]) is None


def test_boards_with_an_entry_leave_out_the_withheld_ones() -> None:
    owner = make.challenge()
    shown = make.phase(challenge=owner, slug="shown")
    hidden = make.phase(challenge=owner, slug="hidden", publish_at=NOW + HOUR)
    for phase in (shown, hidden):
        payload.snapshot(phase)
    assert [board.phase for board in challenges.boards_with(owner, "entry-0", make.public)] == [shown]
    assert challenges.boards_with(owner, "entry-9", make.public) == []
