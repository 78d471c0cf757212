"""Fixtures of all tests."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True, scope="session")
def _static_files() -> None:
    """Pages name their static files by the manifest, as in production."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """What a task called here bound for its lines stands in no other test's."""
    yield
    structlog.contextvars.clear_contextvars()
