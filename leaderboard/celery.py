"""The Celery application: `celery -A leaderboard worker` and `celery -A leaderboard beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
app = Celery("leaderboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["leaderboard"])


@worker_init.connect
def prepare(**_: Any) -> None:
    """Compile the engine's kernels before the worker forks: its children inherit them."""
    from leaderboard.domain.evaluation import warm_up

    warm_up()
