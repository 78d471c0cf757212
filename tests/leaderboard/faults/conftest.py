"""The site that runs for all tests of a file; each test sends two files to a phase of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from leaderboard.models import Phase, Worker
from tests.leaderboard.faults.site import Site, is_over, new_phase, outcome
from tests.leaderboard.stack import wait


@pytest.fixture
def _django_db_helper() -> None:
    """In place of pytest-django's, which would empty the database between tests, under the running site."""


@pytest.fixture(scope="module")
def site(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    phantom_folder: Path,
) -> Iterator[Site]:
    with django_db_blocker.unblock():
        made = Site(tmp_path_factory.mktemp("site"), phantom_folder)
        try:
            wait(made.rig.answers)
            wait(lambda: Worker.objects.count() == 2)
            yield made
        finally:
            made.end()
            connection.close()
            call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=False)


@pytest.fixture(scope="module")
def undisturbed(site: Site) -> dict[str, Any]:
    phase = new_phase(site, "undisturbed")
    for entry in site.files:
        site.upload(phase, entry)
    wait(lambda: is_over(phase), tell=site.rig.log)
    found = outcome(phase)
    assert len(found["cases"]) == 16
    assert (found["used"], found["told"]) == (2, ["scored", "scored"])
    return found


@pytest.fixture
def phase(site: Site, undisturbed: dict[str, Any]) -> Iterator[Phase]:
    """A phase for one test; what becomes of it is held against the undisturbed one."""
    phase = new_phase(site, f"phase-{Phase.objects.count()}")
    yield phase
    if site.gate.table:
        site.gate.open()
