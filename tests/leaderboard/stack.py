"""Real worker processes beside the tests, on the tests' database and broker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from leaderboard.demo.stage import QUEUES, site_commands

Process = subprocess.Popen[bytes]


class Stack:
    """Starts the site's processes as its users do; ends what is left of them."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.processes: list[Process] = []
        self._kept: list[socket.socket] = []
        name = connection.settings_dict["NAME"]
        address = os.environ["DATABASE_URL"].rpartition("/")[0]
        self.environment = os.environ | {"DATABASE_URL": f"{address}/{name}"}
        redis.Redis.from_url(settings.REDIS_URL).flushdb()

    def worker(self, concurrency: int = 1) -> Process:
        return self.start(
            "worker",
            "-Q",
            QUEUES,
            "--concurrency",
            str(concurrency),
            "--loglevel",
            "INFO",
            "-n",
            f"w{len(self.processes)}@t",
        )

    def beat(self) -> Process:
        return self.start("beat", "--schedule", str(self.logs / "schedule"), "--loglevel", "INFO")

    def web(self, port: int) -> Process:
        return self.run("web", site_commands(port)["web"])

    def start(self, *arguments: str) -> Process:
        celery = [sys.executable, "-m", "celery", "--quiet", "-A", "leaderboard"]
        return self.run(arguments[0], [*celery, *arguments])

    def run(self, name: str, command: list[str]) -> Process:
        with (self.logs / f"{len(self.processes)}-{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=self.environment, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        """kill -9 a process and all its children at once."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def keep_free(self, port: int) -> None:
        """See to it that nobody else comes to listen on the port of a server that was stopped."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        self._kept.append(holder)

    def end(self) -> None:
        for holder in self._kept:
            holder.close()
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill(process)

    def log(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text()[-4000:]}" for path in sorted(self.logs.glob("*.log"))
        )

    def wait(self, what: Callable[[], object], every: float = 0.05) -> None:
        """Wait until `what` is true; tells the processes' logs where it never is."""
        wait(what, every=every, tell=self.log)


def wait(
    what: Callable[[], Any], seconds: float = 120, every: float = 0.05, tell: Callable[[], str] | str = ""
) -> Any:
    """What `what` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {tell() if callable(tell) else tell}")
        time.sleep(every)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
