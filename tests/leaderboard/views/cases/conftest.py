"""A site with cases drawn on it, and a place for its pictures."""

from pathlib import Path

import pytest
from pytest_django import Settings

from leaderboard.models import Dataset
from tests.leaderboard import shown
from tests.leaderboard.shown import Place
from tests.leaderboard.views.cases.drawn import draw, evaluations


@pytest.fixture(autouse=True)
def _store(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def place() -> Place:
    """The ranked board of three teams; the first dataset is public, and its first case is drawn."""
    made = shown.place()
    Dataset.objects.filter(pk=made.datasets[0].pk).update(public=True)
    for evaluation in (None, *evaluations(made)):
        draw(made.datasets[0].cases.all()[0], evaluation)
    return made
