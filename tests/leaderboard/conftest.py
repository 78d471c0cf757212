"""Fixtures of the site's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from leaderboard.storage import backends
from tests.leaderboard import buckets
from tests.leaderboard.stack import Stack
from tests.scoring.phantom import write_phantom


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    # Or every client of a test would look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3."""
    with buckets.serving() as address:
        yield address


@pytest.fixture
def storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> str:
    """Where files are kept: "folders", or the address of a bucket where the test asks for one."""
    if getattr(request, "param", "folders") == "folders":
        return "folders"
    settings.SCRATCH_ROOT = tmp_path / "scratch"
    address = buckets.made(request.getfixturevalue("s3_server"))
    settings.STORAGE_URL = address
    settings.STORAGES = settings.STORAGES | backends(address, *buckets.KEYS)
    return address


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
