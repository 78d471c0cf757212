"""Fixtures of the tests of what is deployed."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.shipped import GIVEN, SECRETS, beside
from tests.leaderboard.conftest import stack

__all__ = ["stack"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return beside("../docker-compose.yml")


@pytest.fixture
def production(compose: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """The environment of the web service, with its secrets in files."""

    def filled(found: re.Match[str]) -> str:
        return GIVEN.get(found["name"], found["default"] or "")

    pattern = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::-(?P<default>[^}]*)|:\?[^}]*)\}")
    environment = compose["services"]["web"]["environment"]
    found = {name: pattern.sub(filled, str(value)) for name, value in environment.items()}
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text)
    return {name: value.replace("/run/secrets", str(tmp_path)) for name, value in found.items()} | {
        "DATA_DIR": str(tmp_path / "data"),
        "PATH": os.environ["PATH"],
    }
