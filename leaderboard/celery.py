"""The Celery application: `celery -A leaderboard worker` and `celery -A leaderboard beat`."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.signals import beat_init, celeryd_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
app = Celery("leaderboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["leaderboard"])


@celeryd_init.connect
@beat_init.connect
def refuse_unsafe(**_: Any) -> None:
    """Workers and beat, too, do not start in an unsafe production."""
    from leaderboard.checks import require_safe

    require_safe()


@worker_init.connect
def prepare(**_: Any) -> None:
    """Load what the worker's children share, and see to it that a cage can be started."""
    from leaderboard.domain import sweeper  # noqa: F401 it imports every domain
    from leaderboard.domain.evaluation import cage

    cage.try_out()


class Heart(bootsteps.StartStopStep):
    """The heartbeat of a worker's main process."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.beating: Any = None

    def start(self, worker: Any) -> None:
        from leaderboard.domain.workers import Heartbeat

        self.beating = Heartbeat(worker.hostname)
        self.beating.start()

    def stop(self, worker: Any) -> None:  # noqa: ARG002 the signature is Celery's
        if self.beating is not None:
            self.beating.stop()


app.steps["worker"].add(Heart)
