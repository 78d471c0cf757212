"""The Celery application: `celery -A leaderboard worker` and `celery -A leaderboard beat`."""

import gc
import os
from functools import partial
from typing import Any

from celery import Celery, Task, bootsteps
from celery.app.amqp import AMQP
from celery.signals import beat_init, celeryd_init, worker_init
from kombu import pools

from leaderboard.broker import LINE, PATIENCE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")


class Hint(Task):  # type: ignore[type-arg]  # it takes none while it runs
    """A message that there is work: while the broker is away it is not sent, for the row says so too."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        send = partial(super().apply_async, *args, **options)
        # Beat brings a line of its own, and is to hear what became of it.
        return send() if options.get("producer") else LINE.asked(send, lambda: None)


class Impatient(AMQP):
    """Messages are sent with little patience; workers, who wait for them, have theirs of the settings."""

    _producer_pool: Any

    @property
    def producer_pool(self) -> Any:
        pool: Any = self._producer_pool
        if pool is None:
            pool = pools.producers[self.app.connection_for_write(transport_options=PATIENCE)]
            pool.limit = self.app.pool.limit
            self._producer_pool = pool
        return pool


app = Celery("leaderboard", amqp=Impatient, task_cls=Hint)
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
    """Load what the worker's children share, and compile what their cages would compile at once."""
    from leaderboard.domain import ranking, sweeper  # noqa: F401 it imports every domain

    ranking.warm_up()
    gc.freeze()


class Heart(bootsteps.StartStopStep):
    """The heartbeat of a worker's main process."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.beating: Any = None

    def start(self, worker: Any) -> None:
        from leaderboard.domain.workers import Heartbeat

        self.beating = Heartbeat(worker.hostname, queues=worker.app.amqp.queues.consume_from)
        self.beating.start()

    def stop(self, worker: Any) -> None:  # noqa: ARG002 the signature is Celery's
        if self.beating is not None:
            self.beating.stop()


app.steps["worker"].add(Heart)
