"""Heartbeats: the main process of each worker says every few seconds that it is there."""

import logging
import os
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Value
from django.db.models.functions import Now
from django.utils import timezone

from leaderboard.models import Worker

logger = logging.getLogger(__name__)
EVERY = timedelta(seconds=5)
FORGOTTEN_AFTER = timedelta(days=1)


class Heartbeat:
    """A thread that keeps a worker's row fresh; a process that is killed falls silent."""

    def __init__(self, name: str, every: timedelta = EVERY, queues: Iterable[str] = ()) -> None:
        self.name = name
        self.queues = ",".join(sorted(queues))
        self.every = every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def start(self) -> None:
        forget_the_lost()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and take the row away: whoever leaves in order is not lost."""
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
        Worker.objects.filter(name=self.name, pid=os.getpid()).delete()

    def _beat(self) -> None:
        started_at = timezone.now()
        while True:
            try:
                seen(self.name, started_at, self.queues)
            except Exception:  # a database that is away for a moment must not end the beating
                logger.warning("A heartbeat could not be written", exc_info=True)
            finally:
                # The worker forks at any time: no child may come to hold this connection.
                connection.close()
            if self._done.wait(self.every.total_seconds()):
                return


def seen(name: str, started_at: datetime, queues: str = "") -> None:
    """Note by the database's clock that this process is there, and what it reads."""
    facts = {"pid": os.getpid(), "started_at": started_at, "seen_at": Now(), "queues": queues}
    Worker.objects.update_or_create(name=name, defaults=facts)


def forget_the_lost() -> None:
    """Remove the rows of workers that have been silent for a day."""
    Worker.objects.filter(seen_at__lt=Now() - Value(FORGOTTEN_AFTER)).delete()
