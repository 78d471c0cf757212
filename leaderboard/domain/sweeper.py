"""What no message spoke of: lost leases, unheard work, forgotten ends, stale boards.

The database is the queue of record: this finds every row that waits and has nobody at work on it,
whatever happened to workers, broker and messages.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from celery.app.task import Task
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard import tasks
from leaderboard.domain import failures, leases, mail, pictures, ranking, states, storing, uploads
from leaderboard.domain.evaluation import imports, scoring
from leaderboard.domain.evaluation.checking import TO_CHECK
from leaderboard.domain.hints import AT_ONCE
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Evaluation, Phase, Submission
from leaderboard.queries.broker import messages_in
from leaderboard.queries.health import SWEPT
from leaderboard.queries.queues import TO_SCORE

logger = logging.getLogger(__name__)
Work: TypeAlias = "Task[Any, Any]"


def sweep() -> None:
    """Free lost leases, finish what is done, and speak again of all work that waits.

    What stumbles over one row, or because the broker is away, must not keep the rest from being done.
    """
    steps = (
        _free_lost_cases,
        _free_lost_checks,
        _fail_worn_out_checks,
        _finish_what_is_done,
        uploads.sweep,
    )
    for step in steps:
        with _apart(step.__name__):
            step()
    for task, waiting in WAITING.items():
        with _apart(task.name):
            _speak_of(task, waiting())
    with _apart("the note that it came"):
        cache.set(SWEPT, time.time(), None)


@contextmanager
def _apart(what: object) -> Iterator[None]:
    try:
        yield
    except Exception:
        logger.exception("Sweeping stumbled over %s", what)


def _finish_what_is_done() -> None:
    waiting = Submission.objects.filter(leases.free(), scoring.TO_END)
    for pk in waiting.values_list("pk", flat=True):
        with _apart(f"the end of submission {pk}"):
            scoring.finish(pk)
    for shadow in Evaluation.objects.filter(scoring.SHADOW_TO_END):
        with _apart(f"the end of evaluation {shadow.pk}"):
            scoring.finish_shadow(shadow)


def _waiting_checks() -> list[str]:
    waiting_checks = Submission.objects.filter(leases.free(), TO_CHECK).order_by("received_at")
    return [str(pk) for pk in waiting_checks.values_list("pk", flat=True)[:AT_ONCE]]


def _waiting_cases() -> Iterable[int]:
    waiting_cases = CaseResult.objects.filter(
        leases.free(), TO_SCORE, state=CaseState.PENDING, tries__lt=settings.MAX_TRIES
    ).order_by("pk")
    return waiting_cases.values_list("pk", flat=True)[:AT_ONCE]


def _stale_boards() -> Iterable[int]:
    stale = Phase.objects.filter(leases.free(), board_stale_since__lt=Now())
    return stale.values_list("pk", flat=True)


WAITING: Mapping[Work, Callable[[], Iterable[object]]] = {
    tasks.store_upload: storing.waiting,
    tasks.check_submission: _waiting_checks,
    tasks.score_case: _waiting_cases,
    tasks.update_board: _stale_boards,
    tasks.complete_board: ranking.to_complete,
    tasks.import_ground_truth: imports.waiting,
    tasks.render_pictures: partial(pictures.waiting, AT_ONCE),
    tasks.send_mail: mail.waiting,
}


def _free_lost_cases() -> None:
    lost = Q(state=CaseState.RUNNING, lease_until__lt=Now())
    for result in CaseResult.objects.filter(lost).select_related("case", "evaluation"):
        if result.evaluation.current:
            states.log(result.evaluation.submission_id, "lease_lost", what=f"case {result.case.key}")
        scoring.release(result.pk, lost)


def _free_lost_checks() -> None:
    """Take lost checks from who held them, and say so; their lease is free already."""
    lost = Q(state=SubmissionState.CHECKING, lease_until__lt=Now(), lease_token__isnull=False)
    for pk in Submission.objects.filter(lost).values_list("pk", flat=True):
        with transaction.atomic():
            if Submission.objects.filter(lost, pk=pk).update(lease_token=None):
                states.log(pk, "lease_lost", what="the check")


def _fail_worn_out_checks() -> None:
    worn_out = Q(lease_until__lt=Now(), tries__gte=settings.MAX_TRIES)
    for pk in Submission.objects.filter(worn_out, state=SubmissionState.CHECKING).values_list(
        "pk", flat=True
    ):
        failures.fail(pk, worn_out)


def _speak_of(task: Work, waiting: Iterable[object]) -> None:
    """Send a message for each piece of work that the broker cannot have one for any more."""
    pieces = list(waiting)
    if not pieces:
        return
    queue = settings.CELERY_TASK_ROUTES[task.name]["queue"]
    unheard = len(pieces) - messages_in([queue])[queue]
    for pk in pieces[: max(unheard, 0)]:
        task.delay(pk)
