"""A submission's moves: one guarded UPDATE each, legal by the one table."""

from typing import Any

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from leaderboard.enums import FINAL_STATES, TRANSITIONS, SubmissionState
from leaderboard.messages import event
from leaderboard.models import Submission, SubmissionEvent

logger = structlog.get_logger(__name__)


def sources(target: SubmissionState) -> frozenset[SubmissionState]:
    """The states from which `target` is reached by a legal move."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


def move(pk: Any, target: SubmissionState, *guards: Q, **changes: Any) -> bool:
    """Move one submission to `target` if it stands where that is legal and `guards` hold.

    Returns whether this call moved it: of several callers at once exactly one gets True.
    """
    if target in FINAL_STATES:
        changes |= {"finished_at": Now()}
    moved = Submission.objects.filter(*guards, pk=pk, state__in=sources(target)).update(
        state=target, **changes
    )
    return bool(moved)


def log(submission_id: Any, code: str, detail: str = "", **facts: object) -> None:
    """Write one line of a submission's log; the site's own log gets its code."""
    # Not its facts: they name people and files.
    logger.info(code, submission=str(submission_id))
    SubmissionEvent.objects.create(submission_id=submission_id, message=event(code, **facts), detail=detail)


def log_once(submission_id: Any, code: str) -> None:
    """Write a line that says something of a while, if it does not stand there."""
    if not SubmissionEvent.objects.filter(submission_id=submission_id, message=event(code)).exists():
        log(submission_id, code)
