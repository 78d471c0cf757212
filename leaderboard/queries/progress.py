"""How far a submission is, as its live page shows it."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from leaderboard.enums import FINAL_STATES, WORKING_STATES, CaseState, SubmissionState
from leaderboard.models import CaseResult, Submission, Upload


@dataclass(frozen=True)
class RunningMean:
    """Over the cases done so far that have a value, if any; `missing` counts those that have none."""

    mean: float | None
    missing: int


@dataclass(frozen=True)
class Progress:
    """State in words, cases done of all, running means, place in the queue, and an estimate of the rest.

    running_means: by the metrics' names in the configs. upload: while the file is on its way, how far it is.
    """

    state: SubmissionState
    state_label: str
    done: int
    total: int
    final: bool
    scored: bool
    board_url: str
    problems: list[dict[str, str]]
    queue_position: int | None = None
    seconds_left: float | None = None
    running_means: Mapping[str, RunningMean] = field(default_factory=dict)
    upload: Upload | None = None

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def progress_of(submission: Submission) -> Progress:
    """The progress of one submission, in five queries at most."""
    state = SubmissionState(submission.state)
    results = CaseResult.objects.filter(evaluation__submission=submission, evaluation__current=True)
    counts = results.aggregate(total=Count("pk"), done=Count("pk", filter=Q(state=CaseState.DONE)))
    done = results.filter(state=CaseState.DONE)
    return Progress(
        state=state,
        state_label=state.label,
        done=counts["done"],
        total=counts["total"],
        final=state in FINAL_STATES,
        scored=state is SubmissionState.SCORED,
        board_url=submission.phase.get_absolute_url(),
        problems=submission.problems,
        queue_position=_queue_position(submission),
        seconds_left=_seconds_left(done, counts["total"] - counts["done"]),
        running_means=_running_means(done.values_list("values", flat=True)),
        upload=_upload(submission),
    )


def _upload(submission: Submission) -> Upload | None:
    if submission.state != SubmissionState.UPLOADING:
        return None
    return Upload.objects.filter(pk=submission.pk).first()


def _queue_position(submission: Submission) -> int | None:
    """1 where a submission is next; None where it is not waiting."""
    if submission.state not in {SubmissionState.RECEIVED, SubmissionState.QUEUED}:
        return None
    before = Q(state__in=WORKING_STATES, received_at__lt=submission.received_at)
    return Submission.objects.filter(before).count() + 1


def _seconds_left(done: Any, left: int) -> float | None:
    """The rest of the cases at the pace of the last ones, by the clock."""
    times = list(done.order_by("-finished_at").values_list("finished_at", flat=True)[:20])
    if not left or len(times) < 2:
        return None
    seconds: float = (times[0] - times[-1]).total_seconds()
    return left * seconds / (len(times) - 1)


def _running_means(rows: Iterable[dict[str, float]]) -> dict[str, RunningMean]:
    """By a metric's name in the config."""
    values = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            values[name].append(value)
    return {name: _mean(numbers) for name, numbers in values.items()}


def _mean(numbers: list[float]) -> RunningMean:
    finite = [number for number in numbers if math.isfinite(number)]
    return RunningMean(sum(finite) / len(finite) if finite else None, len(numbers) - len(finite))
