"""A plugin that is loaded before Django's: the tests run against real servers.

Those that the environment names, or embedded ones of their own; each process of `pytest -n` has its own.
"""

import atexit
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from leaderboard import embedded

_BEFORE = dict(os.environ)
_FOLDER = Path(__file__).resolve().parent.parent / "var" / f"tests-{os.getpid()}"
_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
_STACK = ExitStack()


def _forget_power_cuts(address: str) -> None:
    """Tests kill processes, never the machine: what the kernel has is kept, and disks are not waited for."""
    parts = urlsplit(address)
    host, _, name = parts.path[1:].rpartition("/")
    connection = psycopg2.connect(host=host, user=parts.username, dbname=name)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for setting in ("fsync", "full_page_writes"):
            cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()


os.environ["DATA_DIR"] = str(_FOLDER)
for _name in ("GROUND_TRUTH_ROOT", "UPLOADS_ROOT", "MEDIA_ROOT", "STATIC_ROOT"):
    os.environ.pop(_name, None)
os.environ["PRODUCTION"] = "false"
# What is harmed is to be seen at once.
os.environ["READY_KEPT_SECONDS"] = "0"
os.environ |= {"EMAIL_URL": f"filemail:///{_FOLDER}/mail", "LEASE_SECONDS": "2", "SWEEP_SECONDS": "1"}
_STACK.enter_context(embedded.serving_this_process())
if "DATABASE_URL" not in _BEFORE:
    _forget_power_cuts(os.environ["DATABASE_URL"])
# Messages of its own on a broker that the environment names for all.
if _NUMBER and "REDIS_URL" in _BEFORE:
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{_NUMBER}").geturl()


def pytest_configure(config: pytest.Config) -> None:
    """A database of a server of its own goes with that server: nobody waits until it can be dropped."""
    if "DATABASE_URL" not in _BEFORE:
        config.option.reuse_db = True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """The processes to come start as if nothing had been set up here."""
    os.environ.clear()
    os.environ.update(_BEFORE)


@atexit.register
def pytest_unconfigure() -> None:
    _STACK.close()
    shutil.rmtree(_FOLDER, ignore_errors=True)
