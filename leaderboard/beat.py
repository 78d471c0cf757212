"""Celery's scheduler, for clocks that are set back."""

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Celery's would wait until the clock has come again to where it was, with the sweeper for hours."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            # What is due next was put in order by the old time.
            self._heap = None
        return super().tick(*args, **kwargs)
