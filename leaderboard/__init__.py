"""The site: one Django application that is also the project package."""

import gc

# Nearly all that a process makes as it starts lasts: looked through at every 700 objects, as Python does by
# itself, that is a fifth of the start.
gc.set_threshold(10_000, 10, 10)

from leaderboard.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
