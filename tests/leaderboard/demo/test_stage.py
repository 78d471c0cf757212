"""The stage: what lasts is started again, and nothing outlives the end."""

import os
import signal
import sys
import threading
from pathlib import Path

import psutil
from pytest_django import Settings

from leaderboard.demo.stage import Stage
from leaderboard.management.commands.demo import collect_static
from tests.leaderboard.stack import wait

# A process with a child of its own, as a worker has.
PARENT = (
    "import subprocess, sys, time, pathlib;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "open(sys.argv[1], 'a').write(f'{child.pid}\\n'); time.sleep(60)"
)


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def alive(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def wait_for(count: int, path: Path) -> None:
    wait(lambda: len(pids(path)) >= count)


def test_what_dies_is_started_again_and_all_ends_together(tmp_path: Path) -> None:
    notes = {name: tmp_path / name for name in ("worker", "feed")}
    said: list[str] = []
    stage = Stage(
        {name: [sys.executable, "-c", PARENT, str(path)] for name, path in notes.items()},
        ["worker"],
        said.append,
    )
    for name in notes:
        stage.start(name)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def disturb() -> None:
        for path in notes.values():
            wait_for(1, path)
        for process in list(stage.running.values()):
            process.kill()
        wait_for(2, notes["worker"])
        os.kill(os.getpid(), signal.SIGTERM)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        stage.watch()
    finally:
        disturber.join()
        stage.end()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert said == ["the worker ended with -9; starting another"]
    assert len(pids(notes["feed"])) == 1
    newest = pids(notes["worker"])[-1]
    wait(lambda: not alive(newest))
    for path in notes.values():
        for pid in filter(alive, pids(path)):
            os.kill(pid, signal.SIGKILL)


def test_static_files_are_collected_anew_whatever_their_times_say(tmp_path: Path, settings: Settings) -> None:
    source, collected = tmp_path / "package", tmp_path / "static"
    source.mkdir()
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [("vendor", source)], collected
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}

    def release(content: str, name: str = "plot.js") -> set[str]:
        (source / name).write_text(content)
        # As npm unpacks them: older than any collection.
        os.utime(source / name, (500_000_000, 500_000_000))
        collect_static()
        return {path.read_text() for path in collected.rglob("*.js")}

    assert release("first") == {"first"}
    made = (collected / "staticfiles.json").stat().st_mtime_ns
    assert release("first") == {"first"}
    assert (collected / "staticfiles.json").stat().st_mtime_ns == made
    assert release("second") == {"second"}
    assert release("other", "other.js") == {"second", "other"}
    (collected / "staticfiles.json").unlink()
    assert release("second") == {"second", "other"}
    assert (collected / "staticfiles.json").exists()
