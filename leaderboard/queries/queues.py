"""What waits for workers, told by the rows: the broker's messages are only hints."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from leaderboard.enums import CaseState, ImportState, SubmissionState
from leaderboard.models import CaseResult, DatasetImport, Evaluation, Letter, Notification, Phase, Submission

_S = SubmissionState
# No joins: PostgreSQL looks again at a row's own columns, not at a subquery's, when another claim came first.
TO_SCORE = ~Q(state=CaseState.DONE) & Q(
    Exists(
        Evaluation.objects.filter(
            Q(current=True, submission__state__in=[_S.QUEUED, _S.SCORING])
            | Q(rescoring__applied=None, rescoring__isnull=False, submission__state=_S.SCORED),
            pk=OuterRef("evaluation_id"),
        )
    )
)


@dataclass(frozen=True)
class Waiting:
    """The rows that one queue has work for, and since when the oldest of them waits."""

    queue: str
    rows: int
    oldest: datetime | None


def given_up() -> Q:
    """Of a case: that it was tried too often, and no worker tries it any more."""
    return Q(state=CaseState.PENDING, tries__gte=settings.MAX_TRIES)


def unchecked(phases: Iterable[Phase] | None = None) -> "QuerySet[Submission]":
    found = Submission.objects.filter(state__in=[_S.RECEIVED, _S.CHECKING])
    return found if phases is None else found.filter(phase__in=phases)


def unscored(phases: Iterable[Phase] | None = None) -> "QuerySet[CaseResult]":
    found = CaseResult.objects.filter(TO_SCORE, ~given_up())
    return found if phases is None else found.filter(evaluation__submission__phase__in=phases)


def waiting() -> list[Waiting]:
    """What waits by queue, in six queries; pictures and the certainty of boards are not told."""
    due = Q(mailed_at=None, mail_after__lte=timezone.now())
    letters, notices = (model.objects.filter(due) for model in (Letter, Notification))
    mails = [counted("mailing", found, "at") for found in (letters, notices)]
    oldest = [mail.oldest for mail in mails if mail.oldest is not None]
    return [
        counted("checking", unchecked(), "received_at"),
        counted("scoring", unscored(), "evaluation__created_at"),
        counted("boards", Phase.objects.exclude(board_stale_since=None), "board_stale_since"),
        Waiting("mailing", sum(mail.rows for mail in mails), min(oldest, default=None)),
        counted("imports", DatasetImport.objects.filter(state=ImportState.WAITING), "created_at"),
    ]


def overdue(limit: timedelta) -> list[Waiting]:
    """Boards, mails and imports that have been due for longer than `limit` and nobody is at."""
    late = timezone.now() - limit
    # Each new result makes a board stale anew: one that always stumbles is told by its tries.
    boards = Q(board_stale_since__lt=late) | Q(board_stale_since__isnull=False, tries__gte=settings.MAX_TRIES)
    idle = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    imports = DatasetImport.objects.filter(idle, state=ImportState.WAITING, created_at__lt=late)
    mails = [
        model.objects.filter(mailed_at=None, mail_after__lt=late).count() for model in (Letter, Notification)
    ]
    found = [
        Waiting("boards", Phase.objects.filter(boards).count(), None),
        Waiting("mailing", sum(mails), None),
        Waiting("imports", imports.count(), None),
    ]
    return [each for each in found if each.rows]


def counted(queue: str, found: "QuerySet[Any]", since: str) -> Waiting:
    """One queue's rows, told by the column that says since when each waits."""
    return Waiting(queue, **found.order_by().aggregate(rows=Count("pk"), oldest=Min(since)))


def standing_still() -> float:
    """Seconds for which there has been work to check or score and none of it was finished; 0 without work.

    A long queue that moves is no fault: what counts is the time since it last moved.
    """
    found = (counted("", unchecked(), "received_at"), counted("", unscored(), "evaluation__created_at"))
    since = [queue.oldest for queue in found if queue.oldest is not None]
    if not since:
        return 0.0
    case = CaseResult.objects.filter(state=CaseState.DONE).aggregate(at=Max("finished_at"))["at"]
    check = Evaluation.objects.aggregate(at=Max("created_at"))["at"]
    moved = max(at for at in (min(since), case, check) if at is not None)
    return (timezone.now() - moved).total_seconds()
