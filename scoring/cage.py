"""The inside of the cage: a process that opens files which nobody vouches for, and can do little else.

``python -m scoring.cage FD LIMITS`` serves the jobs of ``scoring.jobs`` on a socket that its parent handed
down.  It has no network where the system allows to leave it, dies with its parent, and is bound in memory,
CPU time, size of files and number of open files.  What comes out of it is data (``scoring.frames``).
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from scoring import frames
from scoring.errors import ScoringError
from scoring.jobs import JOBS
from scoring.warmup import warm_up_to_score

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG

Answer = dict[str, Any]


def main() -> None:
    """Shut the door, warm up, and serve until the parent hangs up."""
    line = socket.socket(fileno=int(sys.argv[1]))
    limits: Mapping[str, int] = json.loads(sys.argv[2])
    faulthandler.enable()
    network = "open" if not leave_network() else "none"
    die_with_parent(limits["parent"])
    warm_up_to_score()
    for name, limit in (
        (resource.RLIMIT_DATA, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (limit, limit))
    frames.send(line, {"ready": {"network": network}})
    serve(line)


def leave_network() -> bool:
    """Move into a network of one's own without a way out; whether the system allowed it."""
    if sys.platform != "linux":
        return False
    unshare = ctypes.CDLL(None).unshare
    # The second way needs no privilege; what it costs a privileged process is its rights over others' files.
    return any(unshare(way) == 0 for way in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))


def die_with_parent(parent: int) -> None:
    """Be killed when the parent dies, however it dies: at work nobody looks whether the line is open."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was dead before
        sys.exit(1)


def serve(line: socket.socket) -> None:
    """Do what is asked, one job after the other."""
    while True:
        try:
            asked = frames.receive(line)
        except EOFError:
            return
        frames.send(line, answer(line, **asked))


def answer(line: socket.socket, job: str, arguments: Mapping[str, Any], seconds: int) -> Answer:
    """The result of a job, its coded fault, or how it broke."""

    def tell(news: Any) -> None:
        allow_cpu(seconds)
        frames.send(line, {"news": news})

    allow_cpu(seconds)
    try:
        return {"result": JOBS[job](tell, **arguments)}
    except ScoringError as error:
        return {"fault": [type(error).__name__, error.code, error.file, error.facts]}
    except MemoryError:
        return {"broken": "cage_memory", "detail": traceback.format_exc()}
    except Exception:  # noqa: BLE001 the parent tells of it
        return {"broken": "cage_error", "detail": traceback.format_exc()}


def allow_cpu(seconds: int) -> None:
    """From now on so many seconds of computing; beyond them the kernel ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
