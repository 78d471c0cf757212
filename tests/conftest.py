"""Fixtures of all tests."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _static_files() -> None:
    """Pages name their static files by the manifest, as in production."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
