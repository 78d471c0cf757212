"""The site in numbers, for its metrics."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Sum, Value, When
from django.utils import timezone

from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Letter, Notification, Submission
from leaderboard.queries import queues
from leaderboard.queries.broker import messages_in
from leaderboard.queries.uploads import unfinished

# Upper bounds in seconds.
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True)
class Cases:
    """All cases scored so far; `buckets` are (upper bound, cases up to it), cumulative."""

    count: int
    seconds: float
    buckets: list[tuple[str, float]]


def submissions() -> dict[str, int]:
    """State -> submissions; every state is named."""
    found = Submission.objects.order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(SubmissionState.values, 0) | dict(found)


def waiting() -> dict[str, tuple[int, float]]:
    """Queue -> rows, and the seconds for which the oldest has waited (0 without one)."""
    now = timezone.now()
    return {
        queue.queue: (queue.rows, (now - queue.oldest).total_seconds() if queue.oldest else 0.0)
        for queue in queues.waiting()
    }


def cases() -> Cases:
    """One pass over the index of cases that are done."""
    bucket = Case(
        *(When(seconds__lte=bound, then=Value(number)) for number, bound in enumerate(BOUNDS)),
        default=Value(len(BOUNDS)),
        output_field=IntegerField(),
    )
    done = CaseResult.objects.filter(state=CaseState.DONE).order_by().annotate(bucket=bucket)
    found = {
        row["bucket"]: row for row in done.values("bucket").annotate(count=Count("*"), sum=Sum("seconds"))
    }
    buckets, so_far = [], 0
    for number, bound in enumerate([*map(str, BOUNDS), "+Inf"]):
        so_far += found.get(number, {"count": 0})["count"]
        buckets.append((bound, float(so_far)))
    return Cases(so_far, float(sum(row["sum"] for row in found.values())), buckets)


def unfinished_uploads() -> int:
    return unfinished().count()


def failed_mails() -> int:
    return sum(
        model.objects.exclude(mail_error="").filter(mailed_at=None).count()
        for model in (Letter, Notification)
    )


def messages() -> dict[str, int]:
    """Queue -> messages in the broker. Raises OperationalError."""
    return messages_in(queue.name for queue in settings.CELERY_TASK_QUEUES)
