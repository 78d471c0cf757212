"""What an entry's page shows beside its means: single cases, submissions, and the comparison with another."""

import uuid
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from leaderboard.models import Entry, Evaluation, Submission
from leaderboard.queries.boards import Board, BoardDataset, Metric
from leaderboard.queries.values import values_on


@dataclass(frozen=True)
class CaseRow:
    """One case of an entry: its value of each metric, and how bad the worst of them is.

    `badness` is the mean over the metrics of the place of the value among the entry's values on that
    dataset and metric, 0 the best case to 1 the worst; a missing value is the worst.
    """

    case: str
    dataset: BoardDataset
    cells: tuple[tuple[Metric, float | None], ...]
    badness: float


def cases_of(board: Board, entry: str) -> dict[str, dict[str, Any]]:
    """An entry's case values by dataset: `cases`, and `values` by metric; one query, or none if hidden."""
    found = values_on(board, [dataset.slug for dataset in board.datasets], [entry])
    return {slug: {"cases": of.cases, "values": of.of_entry(entry)} for slug, of in found.items()}


def worst_first(board: Board, cases: Mapping[str, Mapping[str, Any]]) -> list[CaseRow]:
    """All cases of an entry, those first on which it does worst by its own measure."""
    metrics = {metric.name: metric for metric in board.metrics}
    rows = []
    for dataset in board.datasets:
        found = cases.get(dataset.slug)
        if found is None:
            continue
        bad = {name: _badness(values, metrics[name]) for name, values in found["values"].items()}
        for at, case in enumerate(found["cases"]):
            values = tuple(
                (metric, found["values"][metric.name][at] if metric.name in found["values"] else None)
                for metric in board.metrics
            )
            mean = sum(of[at] for of in bad.values()) / max(len(bad), 1)
            rows.append(CaseRow(case, dataset, values, mean))
    return sorted(rows, key=lambda row: -row.badness)


def _badness(values: Sequence[float | None], metric: Metric) -> list[float]:
    """How many of the values are better, as a share; equal ones share theirs."""
    sign = -1 if metric.direction == "higher" else 1
    costs = [float("inf") if value is None else sign * value for value in values]
    ordered = sorted(costs)
    return [bisect_left(ordered, cost) / max(len(costs) - 1, 1) for cost in costs]


def submissions_of(entry: Entry) -> QuerySet[Submission]:
    """The submissions of an entry, newest first, for its team."""
    return entry.submissions.select_related("phase__challenge").order_by("-created_at")


def current_evaluations(submissions: Iterable[Submission]) -> dict[uuid.UUID, Evaluation]:
    """By submission, the finished evaluation that counts."""
    found = Evaluation.objects.filter(
        submission__in=list(submissions), current=True, finished_at__isnull=False
    )
    return {evaluation.submission_id: evaluation for evaluation in found}


@dataclass(frozen=True)
class Compared:
    """Two entries on one dataset and metric; `span`: on the first line of a dataset how many it has."""

    dataset: BoardDataset
    metric: Metric
    found: Mapping[str, Any]
    span: int

    @property
    def significant(self) -> bool:
        return self.found["p"] is not None and self.found["p"] < 0.05


def compared(board: Board, found: Mapping[str, Any]) -> list[Compared]:
    """A line a dataset and metric, in the board's order."""
    datasets = {dataset.slug: dataset for dataset in board.datasets}
    metrics = {metric.name: metric for metric in board.metrics}
    return [
        Compared(datasets[one["dataset"]], metrics[name], values, 0 if at else len(one["metrics"]))
        for one in found["datasets"]
        for at, (name, values) in enumerate(one["metrics"].items())
    ]


@dataclass(frozen=True)
class StructuresCompared:
    """Two entries by structure, on one dataset and metric: where the first loses and gains most; the rest."""

    dataset: BoardDataset
    metric: Metric
    lost: list[Mapping[str, Any]]
    won: list[Mapping[str, Any]]
    rest: list[Mapping[str, Any]]
    count: int


def structures_compared(board: Board, found: Mapping[str, Any], most: int = 5) -> list[StructuresCompared]:
    datasets = {dataset.slug: dataset for dataset in board.datasets}
    metrics = {metric.name: metric for metric in board.metrics}
    return [
        _in_parts(datasets[one["dataset"]], metrics[name], lines, most)
        for one in found["datasets"]
        for name, lines in one["structures"].items()
        if lines
    ]


def _in_parts(
    dataset: BoardDataset, metric: Metric, lines: Sequence[Mapping[str, Any]], most: int
) -> StructuresCompared:
    """`lines` are in the order of the first entry's advantage, largest loss first."""
    lost = [line for line in lines[:most] if line["better"] < 0]
    won = [line for line in lines[: -most - 1 : -1] if line["better"] > 0]
    rest = list(lines[len(lost) : len(lines) - len(won)])
    return StructuresCompared(dataset, metric, lost, won, rest, len(lines))
