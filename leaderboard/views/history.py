"""The submissions of an entry over time: what each came to, and which of them stand on boards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from leaderboard.domain import ranking
from leaderboard.enums import Aspect
from leaderboard.models import Entry, Phase, Submission
from leaderboard.queries import entries, snapshots
from leaderboard.queries.boards import Board, Cell, Metric, Row
from leaderboard.views import access


@dataclass(frozen=True)
class Sent:
    """A submission with its means, as far as they are shown, and its rank where it stands on a board."""

    submission: Submission
    means: Mapping[Metric, Mapping[str, Any]]
    cells: tuple[Cell, ...]
    row: Row | None

    @property
    def stands(self) -> bool:
        return self.row is not None

    @property
    def rank(self) -> float | None:
        return self.row.rank if self.row else None


@dataclass(frozen=True)
class Course:
    """One metric's means over a phase's submissions, oldest first; `at`: the place of the one that stands."""

    phase: Phase
    metric: Metric
    values: tuple[float, ...]
    at: int | None

    @property
    def first(self) -> str:
        return f"{self.values[0]:.{self.metric.decimals}f}"

    @property
    def last(self) -> str:
        return f"{self.values[-1]:.{self.metric.decimals}f}"


def of(request: HttpRequest, card: Entry, boards: Sequence[Board], *, theirs: bool) -> dict[str, Any]:
    """The submissions that the viewer may know of, newest first, and the courses of their means."""
    seen = [
        submission
        for submission in entries.submissions_of(card)
        if theirs or access.may_read_log(request, submission.phase, card.team.slug)
    ]
    rows = {row.submission: row for board in boards if (row := board.row(card.slug)) is not None}
    told = [one for one in seen if _is_told(request, one, card, rows, theirs=theirs)]
    means = {
        pk: {Metric(**metric): found for metric, found in ranking.told_means(evaluation)}
        for pk, evaluation in entries.current_evaluations(told).items()
    }
    metrics = list(dict.fromkeys(metric for of_one in means.values() for metric in of_one))
    sent = [_sent(one, means.get(one.pk, {}), metrics, rows.get(str(one.pk))) for one in seen]
    courses = list(_courses(sent, metrics))
    phases = len({course.phase for course in courses})
    return {"submissions": sent, "metrics": metrics, "courses": courses, "phases_told": phases}


def _is_told(
    request: HttpRequest, submission: Submission, card: Entry, rows: Mapping[str, Row], *, theirs: bool
) -> bool:
    """Whether the means of a submission are shown; while a board is frozen, to others those on it."""
    if not access.sight(request, submission.phase).shows(Aspect.AGGREGATES, card.team.slug):
        return False
    return theirs or not snapshots.is_frozen(submission.phase) or str(submission.pk) in rows


def _sent(
    submission: Submission,
    means: Mapping[Metric, Mapping[str, Any]],
    metrics: Sequence[Metric],
    row: Row | None,
) -> Sent:
    cells = tuple(Cell(metric, **means.get(metric, {})) for metric in metrics)
    return Sent(submission, means, cells, row)


def _courses(sent: Sequence[Sent], metrics: Sequence[Metric]) -> Iterator[Course]:
    """Of the phases with several submissions that have a mean."""
    for phase in dict.fromkeys(one.submission.phase for one in sent):
        of_phase = [one for one in reversed(sent) if one.submission.phase == phase]
        for metric in metrics:
            known = [one for one in of_phase if one.means.get(metric, {}).get("mean") is not None]
            if len(known) > 1:
                at = next((place for place, one in enumerate(known) if one.stands), None)
                values = tuple(one.means[metric]["mean"] for one in known)
                yield Course(phase, metric, values, at)
