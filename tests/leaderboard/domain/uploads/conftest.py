"""Fixtures of the tests of uploads."""

import pytest

from leaderboard.models import Entry, Phase
from tests.leaderboard import make


@pytest.fixture
def entry(db: None) -> Entry:
    return make.entry(make.team(make.phase().challenge))


@pytest.fixture
def phase(entry: Entry) -> Phase:
    return Phase.objects.get(challenge=entry.challenge)
