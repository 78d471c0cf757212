"""A challenge, its phase and an entry, for pages that read the snapshots of `tests.leaderboard.payload`."""

import pytest
from django.core.cache import cache
from django.test import Client

from leaderboard.models import Challenge, Entry, Phase
from tests.leaderboard import make, payload


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def challenge(db: None) -> Challenge:
    return make.challenge(slug="lumir", notice="Simulated subjects.", terms="Be **kind**.")


@pytest.fixture
def phase(challenge: Challenge) -> Phase:
    return payload.phase(challenge)


@pytest.fixture
def entry(challenge: Challenge) -> Entry:
    return payload.entry(challenge)


def page(client: Client, address: str) -> str:
    """The text of a page that is there."""
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()
