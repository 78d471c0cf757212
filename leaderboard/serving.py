"""gunicorn's settings: `gunicorn --config python:leaderboard.serving leaderboard.wsgi`."""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from leaderboard import logs
from leaderboard.environment import one_of, positive

# Before prometheus_client is imported: it chooses then to keep counts where all processes find them.
_COUNTS = tempfile.mkdtemp(prefix="leaderboard-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _COUNTS

workers = positive("WEB_WORKERS", 2)
# Each upload on its way holds a thread: sixteen may land in one process, and pages are still answered.
threads = positive("WEB_THREADS", 20)
# As long as a request may take; an upload's pieces take as long as their sender needs.
timeout = 600
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 no file of a known name
_handed_up: dict[str, Any] = {"handlers": [], "propagate": True}
logconfig_dict = logs.config(one_of("LOG_FORMAT", "json", "plain"), "INFO")
# The site writes a line for each request itself, without addresses: they hold keys of invitations.
_silent: dict[str, Any] = {"handlers": [], "propagate": False}
logconfig_dict["loggers"] |= {"gunicorn.error": _handed_up, "gunicorn.access": _silent}


def on_starting(server: Any) -> None:  # noqa: ARG001 the signature is gunicorn's
    """Refuse once, with words, what each worker process would refuse for ever; load once what all share."""
    from django.urls import get_resolver

    import leaderboard.wsgi  # noqa: F401
    from leaderboard.views import fragments

    _ = get_resolver().url_patterns
    fragments.prepare()
    # What is loaded by now stays: that no process looks through all of it for garbage, half a second long.
    gc.collect()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 the signature is gunicorn's
    """Drop what a process that ended knew of itself; its counts stay."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ARG001 the signature is gunicorn's
    shutil.rmtree(_COUNTS, ignore_errors=True)
