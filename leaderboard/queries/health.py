"""Whether the parts that the site stands on do their work; no word of it names an address or a secret."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from celery import current_app
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat
from kombu.exceptions import OperationalError

from leaderboard.broker import AWAY, Cache
from leaderboard.folder import store
from leaderboard.models import Worker
from leaderboard.queries import queues

LOST_AFTER = timedelta(minutes=1)
LOW_SHARE = 0.1
SWEPT = "swept-at"
"""In the cache: when the sweeper last came to its end, in seconds since 1970."""


class Unwell(Exception):
    """What is wrong with a part, in words that anybody may read."""


@dataclass(frozen=True)
class Part:
    """One part of the site: whether it does its work, and how or why not."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True)
class Disk:
    """Room of the file system that a folder lies on, in bytes."""

    name: str
    free: int
    total: int

    @property
    def is_low(self) -> bool:
        return self.free < LOW_SHARE * self.total


def parts() -> list[Part]:
    """Every part, looked at now; a part that hangs behind another is not asked."""
    database = _looked_at("database", _database)
    found = [database, _looked_at("broker", _broker), _looked_at("storage", _storage)]
    for name, look in (("workers", _workers), ("queue", _queue)):
        unknown = Part(name, ok=False, words="not known while the database does not answer")
        found.append(_looked_at(name, look) if database.ok else unknown)
    return found


def disks() -> list[Disk]:
    roots = {"Uploads": settings.UPLOADS_ROOT}
    if settings.STORAGE_URL:
        roots |= {"Scratch": settings.SCRATCH_ROOT}
    else:
        roots |= {"Pictures": settings.MEDIA_ROOT, "Ground truth": settings.GROUND_TRUTH_ROOT}
    return [_disk(name, Path(root)) for name, root in roots.items()]


def cache() -> str:
    """That the cache answers. Raises Unwell; the site goes on without it."""
    try:
        cast(Cache, caches["default"]).require()
    except AWAY as error:
        raise Unwell(f"does not answer ({type(error).__name__})") from error
    return "answers"


def workers_alive() -> int:
    return Worker.objects.filter(seen_at__gt=Now() - LOST_AFTER).count()


def unread() -> list[str]:
    """The queues that no living worker reads."""
    alive = Worker.objects.filter(seen_at__gt=Now() - LOST_AFTER).values_list("queues", flat=True)
    every = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    read = {name for queues in alive for name in (queues.split(",") if queues else every)}
    return [name for name in every if name not in read]


def _looked_at(name: str, look: Callable[[], str]) -> Part:
    try:
        return Part(name, ok=True, words=look())
    except Unwell as unwell:
        return Part(name, ok=False, words=str(unwell))
    # Their texts name hosts and users: only the kind of the fault is told.
    except (Error, OperationalError, OSError) as error:
        return Part(name, ok=False, words=f"does not answer ({type(error).__name__})")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def _broker() -> str:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
    return "answers"


def _storage() -> str:
    root = Path(settings.UPLOADS_ROOT)
    try:
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"written")
            file.flush()
    except OSError as error:
        raise Unwell(f"uploads cannot be written ({os.strerror(error.errno or 0).lower()})") from error
    try:
        store("uploads").look()
    except (ImproperlyConfigured, OSError) as error:
        # Where the bucket is and what it is called is nobody's business.
        raise Unwell("the bucket cannot be reached") from error
    free = shutil.disk_usage(root).free
    if free < settings.MIN_FREE_BYTES:
        raise Unwell(f"only {_size(free)} free; uploads are refused below {_size(settings.MIN_FREE_BYTES)}")
    return f"{_size(free)} free"


def _workers() -> str:
    alive = workers_alive()
    if not alive:
        raise Unwell(f"no worker was heard of in the last {LOST_AFTER.total_seconds():.0f} s")
    if missing := unread():
        raise Unwell(f"{alive} alive, but none reads {', '.join(missing)}")
    return f"{alive} alive"


def _queue() -> str:
    still, limit = queues.standing_still(), settings.QUEUE_LIMIT.total_seconds()
    if still > limit:
        raise Unwell(
            f"work waits and nothing was finished for {still:.0f} s; at most {limit:.0f} s are usual"
        )
    if late := [f"{each.rows} of {each.queue}" for each in queues.overdue(settings.QUEUE_LIMIT)]:
        raise Unwell(f"due for more than {limit:.0f} s, or stumbling again and again: {', '.join(late)}")
    return f"last moved {still:.0f} s ago" if still else "nothing waits"


def _size(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")


def _disk(name: str, root: Path) -> Disk:
    # A folder that is made with its first file lies where its parent lies.
    there = next(path for path in (root, *root.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return Disk(name, usage.free, usage.total)
