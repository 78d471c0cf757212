"""Runs a benchmark in a process of its own, with settings, servers and a folder of its own."""

import os
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command

from leaderboard import embedded

WORDS = "page of words (log-in)"
"""With which pages are compared."""
ROOT = Path(__file__).resolve().parents[2] / "var"


def in_a_site(what: str, **environment: str) -> Any:
    """What `tests.benchmarks.inside.MODULE:FUNCTION` returns: modules there need settings to be imported."""
    ROOT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ROOT) as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_run, what, environment | {"DATA_DIR": folder}).result()


def _run(what: str, environment: dict[str, str]) -> Any:
    os.environ |= {"EMAIL_URL": "dummymail://", "LOG_LEVEL": "WARNING"} | environment
    with embedded.serving_this_process():
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        module, _, name = what.partition(":")
        return getattr(import_module(f"tests.benchmarks.inside.{module}"), name)()
