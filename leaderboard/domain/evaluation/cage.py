"""The cage from outside: files that people sent are opened in a process of their own, never in a worker.

Each process of the site that needs one keeps one caged process (`scoring.cage`), started at the first job
and again after a number of jobs or any abnormal end. It gets no secret in its environment and no
connection but one socket; what it sends is read as data and never unpickled. It is bound in memory, CPU
time, size of files and number of open files, has no network where the system allows, and is killed with its
whole group when it falls silent for too long.

    shape = cage.run("check_volume", folder=str(folder), path="imagesVal/LUMIRMRI_3455_0000.nii.gz")

runs a function of `scoring.jobs.JOBS` (add yours there) with arguments that fit into JSON; its result may
hold numpy arrays and bytes too. A coded fault (`ScoringError`) comes out as it was raised inside; anything
else is `Broken`.
"""

import atexit
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings

import scoring
from leaderboard.messages import BROKEN
from scoring import errors, frames

logger = logging.getLogger(__name__)

MIB = 2**20
FILE_BYTES = 16 * MIB
"""Nothing that is asked of the cage writes files, but for numba, which keeps its compiled code."""
OPEN_FILES = 64
STARTING_SECONDS = 300
"""On a machine's first run every kernel is compiled."""
ROOT = Path(scoring.__path__[0]).parent
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "NUMBA_CACHE_DIR",
    "PYTHONDONTWRITEBYTECODE",
)
DETERMINED = frozenset({"cage_time", "cage_memory"})
"""Ends that the next try comes to as well, unless the machine was to blame."""

News = Callable[[Any], object]


class Broken(Exception):
    """A job that came to no answer: our fault, whatever the file.

    `final`: it was tried again already, in a fresh cage. `detail` is for organizers.
    """

    def __init__(self, code: str, detail: str = "", *, signal: str = "", final: bool = False) -> None:
        self.code, self.detail, self.final = code, detail, final
        facts = {"seconds": settings.CAGE_SECONDS, "memory": settings.CAGE_MEMORY_MIB, "signal": signal}
        super().__init__(BROKEN[code].format(**facts))


def words_of(error: Exception) -> str:
    """Why a piece of work came to nothing, for a submission's log."""
    if isinstance(error, Broken):
        return str(error)
    return BROKEN["file_gone" if isinstance(error, FileNotFoundError) else "cage_error"]


def detail_of(error: Exception) -> str:
    """The same for organizers: what the caged process said last, or the traceback."""
    outside = "".join(traceback.format_exception(error))
    return f"{error.detail}\n{outside}" if isinstance(error, Broken) else outside


class Cage:
    """One caged process."""

    def __init__(self) -> None:
        self.jobs = 0
        self.ready: dict[str, Any] | None = None
        self.line, inside = socket.socketpair()
        # A file and no pipe: what is written to it can neither hold the process up nor grow beyond its limit.
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 closed with the cage
        limits = {
            "parent": os.getpid(),
            "memory_bytes": settings.CAGE_MEMORY_MIB * MIB,
            "file_bytes": FILE_BYTES,
            "open_files": OPEN_FILES,
        }
        with inside:
            self.process = subprocess.Popen(  # noqa: S603 our own command
                [sys.executable, "-m", "scoring.cage", str(inside.fileno()), json.dumps(limits)],
                pass_fds=[inside.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self.errors,
                stderr=self.errors,
                env=_environment(),
                cwd=ROOT,
                process_group=0,
            )

    def run(self, job: str, arguments: dict[str, Any], news: News | None = None) -> Any:
        """The result of one job. Raises ScoringError, Broken; after the latter the process is gone."""
        try:
            self.wait_until_ready()
            self.jobs += 1
            self.line.settimeout(settings.CAGE_SECONDS)
            frames.send(self.line, {"job": job, "arguments": arguments, "seconds": settings.CAGE_SECONDS})
            while "news" in (answer := self._receive(settings.CAGE_SECONDS)):
                if news is not None:
                    news(answer["news"])
            return _result(answer)
        except (EOFError, ConnectionError):
            self._raise_end()
        except TimeoutError:
            raise Broken("cage_time", self._last_words()) from None
        except (ValueError, KeyError, TypeError) as error:
            raise Broken("cage_error", f"The cage sent nonsense: {error}") from error

    def wait_until_ready(self) -> None:
        """Return when it has started; raises as `run` does."""
        if self.ready is None:
            self.ready = self._receive(STARTING_SECONDS)["ready"]
            if not self.is_closed:
                logger.warning("The cage cannot leave the network on this system: unshare is not permitted.")

    @property
    def is_closed(self) -> bool:
        """Whether it has no network."""
        return self.ready is not None and self.ready["network"] == "none"

    def _receive(self, seconds: float) -> dict[str, Any]:
        answer = frames.receive(self.line, time.monotonic() + seconds)
        if not isinstance(answer, dict):
            raise TypeError("no answer")
        return answer

    def _raise_end(self) -> NoReturn:
        """Raise what tells of a process that hung up."""
        self.kill()
        status = self.process.wait()
        if status == -signal.SIGXCPU:
            raise Broken("cage_time", self._last_words())
        name = signal.Signals(-status).name if status < 0 else f"exit {status}"
        raise Broken("cage_died", self._last_words(), signal=name)

    def _last_words(self) -> str:
        self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, self.errors.tell() - 4000))
        return self.errors.read().decode(errors="replace")

    def kill(self) -> None:
        """End the process and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and let go of all that belongs to it."""
        self.kill()
        self.process.wait()
        self.line.close()
        self.errors.close()


def _environment() -> dict[str, str]:
    """What the cage needs to find its libraries, and no more; one thread, for workers share the cores."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _result(answer: dict[str, Any]) -> Any:
    if "fault" in answer:
        kind, code, file, facts = answer["fault"]
        known = {fault.__name__: fault for fault in errors.ScoringError.__subclasses__()}
        raise known[kind](str(code), str(file), **{str(name): fact for name, fact in facts.items()})
    if "broken" in answer:
        raise Broken(answer["broken"], str(answer["detail"]))
    return answer["result"]


_kept: list[Cage] = []
_turn = threading.Lock()
# A forked process must not talk into its parent's cage.
os.register_at_fork(after_in_child=_kept.clear)


def run(job: str, *, news: News | None = None, **arguments: Any) -> Any:
    """Run a job of `scoring.jobs` in this process's cage; `news` gets what it tells of its progress.

    A job that hits its limit of time or memory is tried once more at once, in a fresh cage: most often it
    hits it again, and a queue of such jobs must not hold up the others for hours. Raises ScoringError,
    Broken.
    """
    with _turn:
        try:
            return _in_cage(job, arguments, news)
        except Broken as broken:
            if broken.code not in DETERMINED:
                raise
            logger.warning("%s is tried again in a fresh cage: %s", job, broken)
        try:
            return _in_cage(job, arguments, news)
        except Broken as broken:
            broken.final = broken.code in DETERMINED
            raise


def _in_cage(job: str, arguments: dict[str, Any], news: News | None) -> Any:
    if _kept and (_kept[0].jobs >= settings.CAGE_JOBS or _kept[0].process.poll() is not None):
        close()
    if not _kept:
        _kept.append(Cage())
    try:
        return _kept[0].run(job, arguments, news)
    except errors.ScoringError:
        raise
    except BaseException:
        # Whatever came between, a time limit of the task too: an answer may still be on its way.
        close()
        raise


def close() -> None:
    """End this process's cage, if it has one."""
    while _kept:
        _kept.pop().close()


def try_out() -> bool:
    """Start a cage and end it. Returns whether it has no network.

    Raises Broken where no cage can be started at all.
    """
    cage = Cage()
    try:
        cage.wait_until_ready()
    finally:
        cage.close()
    return cage.is_closed


atexit.register(close)
