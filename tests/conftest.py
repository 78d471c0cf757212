"""The tests run against real servers: those named in the environment, or embedded ones of their own."""

import atexit
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import django
import pytest

from leaderboard import embedded

_FOLDER = Path(__file__).resolve().parent.parent / "var" / f"tests-{os.getpid()}"
_STACK = ExitStack()


# At import: pytest-django reads the settings before any hook of ours.
os.environ["DATA_DIR"] = str(_FOLDER)
for _name in ("GROUND_TRUTH_ROOT", "UPLOADS_ROOT", "MEDIA_ROOT", "STATIC_ROOT"):
    os.environ.pop(_name, None)
os.environ |= {"EMAIL_URL": f"filemail:///{_FOLDER}/mail", "LEASE_SECONDS": "2", "SWEEP_SECONDS": "1"}
_STACK.enter_context(embedded.serving_this_process())
# The conftests of folders named on the command line are read before pytest-django sets Django up.
django.setup()


@atexit.register
def pytest_unconfigure() -> None:
    _STACK.close()
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def _static_files() -> None:
    """Pages name their static files by the manifest, as in production."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
