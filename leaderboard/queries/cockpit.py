"""What an organizer looks at first: is everything running, what waits, what needs a hand?"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from leaderboard.enums import ImportState, SubmissionState
from leaderboard.models import (
    CaseResult,
    Challenge,
    DatasetImport,
    Letter,
    Notification,
    Phase,
    Rescoring,
    Snapshot,
    Submission,
    SubmissionEvent,
    Worker,
)
from leaderboard.queries import queues
from leaderboard.queries.broker import messages_or_none
from leaderboard.queries.challenges import PhaseRow, phase_row
from leaderboard.queries.health import LOST_AFTER, Disk, disks

_S = SubmissionState
STUCK_AFTER = timedelta(minutes=10)
STALE_AFTER = timedelta(minutes=2)
SHOWN = 20


@dataclass(frozen=True)
class PhaseHealth:
    """A phase, its submissions by state, and its newest board."""

    row: PhaseRow
    states: list[tuple[SubmissionState, int]]
    board_at: datetime | None
    board_late: bool

    @property
    def submissions(self) -> int:
        return sum(count for _, count in self.states)


@dataclass(frozen=True)
class Queue:
    """What waits for workers: rows of this challenge, and the site's messages that speak of such work."""

    name: str
    rows: int
    oldest: datetime | None
    messages: int | None


@dataclass(frozen=True)
class WorkerRow:
    worker: Worker
    lost: bool


@dataclass(frozen=True)
class Cockpit:
    at: datetime
    phases: list[PhaseHealth]
    queues: list[Queue]
    broker_answers: bool
    workers: list[WorkerRow]
    failed: list[Submission]
    stuck: list[Submission]
    rescorings: list[Rescoring]
    imports: list[DatasetImport]
    disks: list[Disk]
    mails: list[Notification]
    letters: int

    @property
    def is_anybody_there(self) -> bool:
        return any(not row.lost for row in self.workers)

    @property
    def troubles(self) -> int:
        late = sum(phase.board_late for phase in self.phases)
        return len(self.failed) + len(self.stuck) + len(self.rescorings) + len(self.imports) + late


def cockpit(challenge: Challenge) -> Cockpit:
    """The state of a challenge at this moment; the number of queries does not grow with it."""
    now = timezone.now()
    phases = list(challenge.phases.select_related("challenge"))
    messages = messages_or_none(queue.name for queue in settings.CELERY_TASK_QUEUES)
    return Cockpit(
        at=now,
        phases=_phases(phases, now),
        queues=_queues(phases, messages or {}),
        broker_answers=messages is not None,
        workers=[WorkerRow(worker, worker.seen_at < now - LOST_AFTER) for worker in Worker.objects.all()],
        failed=list(_failed(challenge)[:SHOWN]),
        stuck=list(stuck(challenge, now)[:SHOWN]),
        rescorings=list(_worn_out(challenge)),
        imports=list(
            DatasetImport.objects.filter(
                challenge=challenge, state=ImportState.FAILED, created_at__gt=now - timedelta(days=7)
            )
        ),
        disks=disks(),
        mails=list(_mails(challenge)[:SHOWN]),
        letters=Letter.objects.exclude(mail_error="").count(),
    )


def _phases(phases: list[Phase], now: datetime) -> list[PhaseHealth]:
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    found = Submission.objects.filter(phase__in=phases).order_by().values("phase", "state")
    for row in found.annotate(count=Count("pk")):
        counts[row["phase"]][row["state"]] = row["count"]
    boards = Snapshot.objects.filter(phase__in=phases).order_by().values_list("phase")
    newest = dict(boards.annotate(at=Max("created_at")))
    return [
        PhaseHealth(
            phase_row(phase),
            [(state, counts[phase.pk][state]) for state in _S if state in counts[phase.pk]],
            newest.get(phase.pk),
            phase.board_stale_since is not None and phase.board_stale_since < now - STALE_AFTER,
        )
        for phase in phases
    ]


def _queues(phases: list[Phase], messages: dict[str, int]) -> list[Queue]:
    stale = [phase.board_stale_since for phase in phases if phase.board_stale_since is not None]
    found = {
        "Checks": queues.counted("checking", queues.unchecked(phases), "received_at"),
        "Cases": queues.counted("scoring", queues.unscored(phases), "evaluation__created_at"),
        "Boards": queues.Waiting("boards", len(stale), min(stale, default=None)),
    }
    return [Queue(name, queue.rows, queue.oldest, messages.get(queue.queue)) for name, queue in found.items()]


def _of(challenge: Challenge) -> QuerySet[Submission]:
    found = Submission.objects.filter(phase__challenge=challenge).defer("problems")
    return found.select_related("entry__team", "phase__challenge")


def stuck(challenge: Challenge, now: datetime) -> QuerySet[Submission]:
    """Submissions at work that have shown no sign of life; what waits its turn is not stuck."""
    since = now - STUCK_AFTER
    states = [_S.CHECKING, _S.SCORING]
    if not CaseResult.objects.filter(finished_at__gte=since).exists():
        states += [_S.RECEIVED, _S.QUEUED]
    event = SubmissionEvent.objects.filter(submission=OuterRef("pk")).order_by("-at").values("at")[:1]
    done = CaseResult.objects.filter(evaluation__submission=OuterRef("pk"), evaluation__current=True)
    case = done.order_by().values("evaluation").annotate(at=Max("finished_at")).values("at")[:1]
    begun = Coalesce("received_at", "created_at")
    sign = Greatest(begun, Coalesce(Subquery(event), begun), Coalesce(Subquery(case), begun))
    return _of(challenge).filter(state__in=states).annotate(sign=sign).filter(sign__lt=since)


def _failed(challenge: Challenge) -> QuerySet[Submission]:
    """Failures of ours that the team has not replaced since."""
    later = Submission.objects.filter(
        phase=OuterRef("phase"),
        entry=OuterRef("entry"),
        state=_S.SCORED,
        created_at__gt=OuterRef("created_at"),
    )
    return _of(challenge).filter(~Exists(later), state=_S.FAILED)


def _worn_out(challenge: Challenge) -> QuerySet[Rescoring]:
    """Undecided rescorings with cases that no worker tries any more."""
    left = CaseResult.objects.filter(queues.TO_SCORE, queues.given_up())
    undecided = Rescoring.objects.filter(phase__challenge=challenge, applied=None)
    return undecided.filter(evaluations__case_results__in=left).select_related("phase").distinct()


def _mails(challenge: Challenge) -> QuerySet[Notification]:
    """Mails to this challenge's people that did not go out."""
    people = Q(user__memberships__challenge=challenge) | Q(user__organized_challenges=challenge)
    failed = Notification.objects.exclude(mail_error="").filter(people, mailed_at=None)
    return failed.select_related("user").distinct()
