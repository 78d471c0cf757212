"""Fixtures of the site's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.leaderboard.stack import Stack
from tests.scoring.phantom import write_phantom


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    # Or every client of a test would look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path) -> Iterator[Stack]:
    """Worker processes on the tests' database; ended before the database is emptied."""
    logs = tmp_path / "logs"
    logs.mkdir()
    processes = Stack(logs)
    yield processes
    processes.end()


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small challenge in the Learn2Reg layout with a correct submission and its zip."""
    folder = tmp_path_factory.mktemp("phantom") / "phantom"
    write_phantom(folder)
    shutil.make_archive(str(folder / "submission"), "zip", folder / "submission")
    return folder
