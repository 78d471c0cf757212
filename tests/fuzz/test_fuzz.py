"""A slice of `make fuzz`, and that the fuzzer sees what it is there to see."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz import run
from tests.fuzz.targets import TARGETS

# The watched process is forked; newer versions of Python warn of threads, of which it uses none.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def test_five_seconds_end_in_codes_alone(tmp_path: Path) -> None:
    report = run.fuzz(5, 20_240_601, tmp_path)
    assert report.faults == []
    assert report.executions >= run.BATCH
    assert len(report.codes) >= 10
    assert report.grown_bytes < run.ROOM


def raising(data: bytes) -> str:
    raise IndexError("list index out of range")


def dying(data: bytes) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def hanging(data: bytes) -> str:
    time.sleep(60)
    return "never"


def hoarding(data: bytes) -> str:
    return str(len(bytearray(2 * run.ROOM)))


@pytest.mark.parametrize(
    ("fault", "words"),
    [(raising, "IndexError"), (dying, "ended with -9"), (hanging, "nothing for"), (hoarding, "MemoryError")],
)
def test_each_kind_of_fault_is_seen_and_its_file_kept(
    fault: Callable[[bytes], str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = iter([TARGETS["header"].read])  # the first call is the warming up

    def read(data: bytes) -> str:
        return next(readers, fault)(data)

    monkeypatch.setattr(run, "NAMES", ["header"])
    monkeypatch.setattr(run, "TARGETS", {"header": replace(TARGETS["header"], read=read)})
    monkeypatch.setattr(run, "HANG_SECONDS", 1)
    monkeypatch.setattr(run, "STARTING_SECONDS", 5)
    report = run.fuzz(2, 1, tmp_path)
    assert words in report.faults[0]
    kept = next(tmp_path.iterdir())
    assert kept.name.startswith("header-")
