"""Runs the site's processes for the demo, starts again what dies, and ends them all together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from django.conf import settings

QUEUES = "sweeping,mailing,boards,storing,checking,scoring,pictures"


def site_commands(port: int) -> dict[str, list[str]]:
    """The site's three processes, as the compose file runs them too."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "leaderboard"]
    schedule = str(Path(settings.DATA_DIR) / "celerybeat-schedule")
    return {
        "web": [
            *python,
            *("gunicorn", "--config", "python:leaderboard.serving", "leaderboard.wsgi"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
        ],
        "worker": [*celery, "worker", "-Q", QUEUES, "--concurrency", "2", "--loglevel", "WARNING"],
        "beat": [*celery, "beat", "--schedule", schedule, "--loglevel", "WARNING"],
    }


class Stage:
    """Child processes, each in a session of its own so that Ctrl-C reaches only us."""

    def __init__(
        self, commands: Mapping[str, Sequence[str]], lasting: Collection[str], say: Callable[[str], None]
    ) -> None:
        self.commands = dict(commands)
        self.lasting = lasting
        self.say = say
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def start(self, name: str) -> None:
        # In a container the demo may well run as root; celery's warning of that helps nobody here.
        quiet = "ignore:You're running the worker with superuser"
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": quiet}
        self.running[name] = subprocess.Popen(  # noqa: S603 our own commands
            self.commands[name], start_new_session=True, env=environment, cwd=settings.BASE_DIR
        )

    def watch(self) -> None:
        """Watch until told to stop: what is `lasting` is started again, the rest may end."""
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._stop)
        while not self.stopping:
            for name, process in list(self.running.items()):
                if process.poll() is None:
                    continue
                del self.running[name]
                if name in self.lasting and not self.stopping:
                    self.say(f"the {name} ended with {process.returncode}; starting another")
                    self.start(name)
            time.sleep(0.3)

    def end(self) -> None:
        """End every process with its children: what lasts politely at first, the rest at once."""
        for name, process in self.running.items():
            if name in self.lasting:
                process.terminate()
            else:
                _kill_session(process.pid)
        deadline = time.monotonic() + 8
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
            _kill_session(process.pid)
            process.wait()

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 the signal's signature
        self.stopping = True


def _kill_session(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
