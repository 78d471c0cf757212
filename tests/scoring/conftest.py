"""The phantom challenge, written once per test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scoring.phantom import write_phantom


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the phantom challenge; tests must not change it."""
    folder = tmp_path_factory.mktemp("phantom") / "phantom"
    write_phantom(folder)
    return folder
