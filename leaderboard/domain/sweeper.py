"""What no message spoke of: lost leases, unheard work, forgotten ends, stale boards.

The database is the queue of record: this finds every row that waits and has nobody at work on it,
whatever happened to workers, broker and messages.
"""

import logging
from collections.abc import Iterable
from typing import Any, TypeAlias

from celery.app.task import Task
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard import tasks
from leaderboard.domain import leases, mail, notifications, pictures, ranking, states, uploads
from leaderboard.domain.evaluation import imports, scoring
from leaderboard.domain.evaluation.checking import TO_CHECK
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Phase, Submission
from leaderboard.queries.broker import messages_in

logger = logging.getLogger(__name__)
AT_ONCE = 500
Work: TypeAlias = "Task[Any, Any]"


def sweep() -> None:
    """Free lost leases, finish what is done, and speak again of all work that waits."""
    _free_lost_cases()
    _fail_worn_out_checks()
    for pk in Submission.objects.filter(state=SubmissionState.SCORING).values_list("pk", flat=True):
        scoring.finish(pk)
    waiting_checks = Submission.objects.filter(leases.free(), TO_CHECK).order_by("received_at")
    _speak_of(
        tasks.check_submission, [str(pk) for pk in waiting_checks.values_list("pk", flat=True)[:AT_ONCE]]
    )
    waiting_cases = CaseResult.objects.filter(
        scoring.TO_SCORE, state=CaseState.PENDING, tries__lt=settings.MAX_TRIES
    ).order_by("pk")
    _speak_of(tasks.score_case, waiting_cases.values_list("pk", flat=True)[:AT_ONCE])
    stale = Phase.objects.filter(leases.free(), board_stale_since__lt=Now())
    _speak_of(tasks.update_board, stale.values_list("pk", flat=True))
    _speak_of(tasks.complete_board, ranking.to_complete())
    _speak_of(tasks.import_ground_truth, imports.waiting())
    _speak_of(tasks.render_pictures, pictures.waiting(AT_ONCE))
    _speak_of(tasks.send_mail, mail.waiting())
    uploads.sweep()


def _free_lost_cases() -> None:
    lost = Q(state=CaseState.RUNNING, lease_until__lt=Now())
    for result in CaseResult.objects.filter(lost).select_related("case", "evaluation"):
        states.log(result.evaluation.submission_id, "lease_lost", what=f"case {result.case.key}")
        scoring.release(result.pk, lost)


def _fail_worn_out_checks() -> None:
    worn_out = Q(lease_until__lt=Now(), tries__gte=settings.MAX_TRIES)
    for pk in Submission.objects.filter(worn_out, state=SubmissionState.CHECKING).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            if states.move(pk, SubmissionState.FAILED, worn_out, **leases.RELEASED):
                states.log(pk, "failed")
                notifications.submission_ended(pk)


def _speak_of(task: Work, waiting: Iterable[object]) -> None:
    """Send a message for each piece of work that the broker cannot have one for any more."""
    pieces = list(waiting)
    if not pieces:
        return
    queue = settings.CELERY_TASK_ROUTES[task.name]["queue"]
    unheard = len(pieces) - messages_in([queue])[queue]
    for pk in pieces[: max(unheard, 0)]:
        task.delay(pk)
