"""Boards for pages: read from the newest snapshot that may be shown, never computed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from leaderboard.models import Phase, Snapshot, SnapshotPart


@dataclass(frozen=True)
class Metric:
    """A metric as the tables name it; `direction` is `higher` or `lower`, whichever is better."""

    name: str
    title: str
    unit: str
    direction: str
    decimals: int

    @property
    def arrow(self) -> str:
        return "↑" if self.direction == "higher" else "↓"


@dataclass(frozen=True)
class Cell:
    """One entry's value of one metric: mean and population standard deviation over the cases that have one.

    `missing` counts the cases that have none.
    """

    metric: Metric
    mean: float | None = None
    std: float | None = None
    missing: int = 0
    best: bool = False


@dataclass(frozen=True)
class Step:
    """What one ranked quantity, such as DSC or DSC30, gave an entry: the tests it lost and its rank score."""

    name: str
    beaten_by: int | None
    rank_score: float | None


@dataclass(frozen=True)
class StandIn:
    """Missing values of one ranked quantity that were replaced by the worst one for the comparison."""

    name: str
    dataset: str
    state: str
    count: int
    stand_in: float | None

    @property
    def words(self) -> str:
        return {"nan": "undefined", "infinite": "infinite", "absent": "missing"}[self.state]


@dataclass(frozen=True)
class Row:
    """One entry on a board; `distribution` counts the resamples that gave it rank 1, 2 and so on."""

    rank: float | None
    rank_interval: tuple[float, float] | None
    score: float | None
    entry: str
    method: str
    team: str
    team_slug: str
    affiliation: str
    baseline: bool
    kind: str
    instance_specific: bool
    in_competition: bool
    cells: tuple[Cell, ...]
    steps: tuple[Step, ...]
    distribution: tuple[int, ...] | None = None
    tie_group: int | None = None
    stand_ins: tuple[StandIn, ...] = ()


@dataclass(frozen=True)
class BoardDataset:
    """A dataset as a snapshot saw it."""

    slug: str
    name: str
    group: str
    task: str
    cases: int
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """A leaderboard as it stands in a snapshot; `frozen` says that newer results are held back."""

    pk: int
    phase: Phase
    snapshot: str
    created_at: datetime
    frozen: bool
    official: bool
    scheme: Mapping[str, Any]
    rules: str
    scorer_version: str
    metrics: tuple[Metric, ...]
    datasets: tuple[BoardDataset, ...]
    rows: tuple[Row, ...]
    omitted: tuple[Mapping[str, str], ...]
    stability: Mapping[str, Any] | None

    @property
    def methods(self) -> dict[str, str]:
        """Entry slug to method name, in board order."""
        return {row.entry: row.method for row in self.rows}

    @property
    def cases(self) -> int:
        return sum(dataset.cases for dataset in self.datasets)

    @property
    def ranked(self) -> int:
        """How many entries are in competition."""
        return sum(row.rank is not None for row in self.rows)

    @property
    def has_intervals(self) -> bool:
        return any(row.rank_interval is not None for row in self.rows)

    def row(self, entry: str) -> Row | None:
        return next((row for row in self.rows if row.entry == entry), None)


def board_of(phase: Phase) -> Board | None:
    """The board that the public may read now, or None where there is none yet; one query."""
    snapshot = _shown(phase)
    return None if snapshot is None else board_from(phase, snapshot, snapshot.payload)


def shown_snapshot(phase: Phase) -> Snapshot | None:
    """The newest snapshot, without its content; between `freeze_at` and `publish_at` the last before it."""
    return _shown(phase, without=("payload", "inputs"))


def _shown(phase: Phase, without: Sequence[str] = ("inputs",)) -> Snapshot | None:
    snapshots = Snapshot.objects.filter(phase=phase).defer(*without)
    if is_frozen(phase):
        snapshots = snapshots.filter(created_at__lt=phase.freeze_at)
    elif is_withheld(phase):
        return None
    return snapshots.first()


def is_frozen(phase: Phase) -> bool:
    now = timezone.now()
    return phase.freeze_at is not None and phase.freeze_at <= now and not _published(phase, now)


def is_withheld(phase: Phase) -> bool:
    """The results are not published yet, and no frozen board stands in for them."""
    return phase.freeze_at is None and phase.publish_at is not None and not _published(phase, timezone.now())


def _published(phase: Phase, now: datetime) -> bool:
    return phase.publish_at is not None and phase.publish_at <= now


def part_of(board: Board, name: str) -> Any:
    """One part of the board's snapshot by its name, None where it has none."""
    return _parts(board).filter(name=name).values_list("payload", flat=True).first()


def parts_of(board: Board, *names: str) -> dict[str, Any]:
    """Several parts of the board's snapshot in one query, by name."""
    return dict(_parts(board).filter(name__in=names).values_list("name", "payload"))


def dataset_part(board: Board, dataset: str) -> dict[str, Any] | None:
    """What a dataset's page needs of the board's snapshot."""
    part: dict[str, Any] | None = part_of(board, f"dataset/{dataset}")
    return part


def matrices_of(board: Board, datasets: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Significance matrices by dataset and metric, picked inside the database: a part's rest is large."""
    picked = {
        f"of_{metric}": KeyTransform(metric, KeyTransform("significance", "payload")) for metric in metrics
    }
    names = [f"dataset/{dataset}" for dataset in datasets]
    rows = _parts(board).filter(name__in=names).annotate(**picked).values("name", *picked)
    return {
        row["name"].removeprefix("dataset/"): {
            metric: row[f"of_{metric}"] for metric in metrics if row[f"of_{metric}"] is not None
        }
        for row in rows
    }


def matrix_of(board: Board, dataset: str, metric: str) -> dict[str, Any] | None:
    """One significance matrix, picked inside the database."""
    picked = _parts(board).filter(name=f"dataset/{dataset}")
    return picked.values_list(f"payload__significance__{metric}", flat=True).first()


def parts_named(board: Board, prefix: str) -> QuerySet[SnapshotPart]:
    """The parts whose name begins so, such as `dataset/`."""
    return _parts(board).filter(name__startswith=prefix)


def _parts(board: Board) -> QuerySet[SnapshotPart]:
    return SnapshotPart.objects.filter(snapshot_id=board.pk)


def board_from(phase: Phase, snapshot: Snapshot, payload: Mapping[str, Any]) -> Board:
    """A payload, of the snapshot or made of its results by another scheme, as rows for pages."""
    metrics = tuple(Metric(**metric) for metric in payload["metrics"])
    return Board(
        pk=snapshot.pk,
        phase=phase,
        snapshot=snapshot.content_hash,
        created_at=snapshot.created_at,
        frozen=is_frozen(phase),
        official=payload["official"],
        scheme=payload["scheme"],
        rules=payload["rules"],
        scorer_version=payload["scorer_version"],
        metrics=metrics,
        datasets=tuple(_dataset(dataset) for dataset in payload["datasets"]),
        rows=tuple(_row(entry, metrics) for entry in payload["entries"]),
        omitted=tuple(payload["omitted"]),
        stability=payload["stability"],
    )


def _dataset(dataset: Mapping[str, Any]) -> BoardDataset:
    return BoardDataset(**{**dataset, "metrics": tuple(dataset["metrics"])})


def _row(entry: Mapping[str, Any], metrics: Sequence[Metric]) -> Row:
    interval = entry["rank_interval"]
    return Row(
        rank=entry["rank"],
        rank_interval=None if interval is None else (interval[0], interval[1]),
        score=entry["score"],
        entry=entry["entry"],
        method=entry["method"],
        team=entry["team"]["name"],
        team_slug=entry["team"]["slug"],
        affiliation=entry["team"]["affiliation"],
        baseline=entry["baseline"],
        kind=entry["kind"],
        instance_specific=entry["instance_specific"],
        in_competition=entry["in_competition"],
        cells=cells_of(entry["metrics"], metrics),
        steps=tuple(Step(name, **step) for name, step in entry["rank_scores"].items()),
        distribution=None if entry["rank_distribution"] is None else tuple(entry["rank_distribution"]),
        tie_group=entry["tie_group"],
        stand_ins=tuple(
            StandIn(name, **one) for name, found in entry["imputations"].items() for one in found
        ),
    )


def cells_of(values: Mapping[str, Mapping[str, Any]], metrics: Sequence[Metric]) -> tuple[Cell, ...]:
    """The cells of a row in the order of the metrics; an unmeasured metric is an empty cell."""
    return tuple(Cell(metric, **values.get(metric.name, {})) for metric in metrics)


@dataclass(frozen=True)
class DatasetRow:
    """One line of a dataset's table: an entry there; or of an entry's table: a dataset."""

    slug: str
    name: str
    cells: tuple[Cell, ...]
    row: Row | None = None
    dataset: BoardDataset | None = None


def dataset_rows(board: Board, part: Mapping[str, Any]) -> list[DatasetRow]:
    """The entries on one dataset, in board order, the best mean of each metric marked."""
    metrics = [metric for metric in board.metrics if metric.name in part["metrics"]]
    lines = {line["entry"]: line["metrics"] for line in part["table"]}
    best = {
        metric.name: best_mean([of.get(metric.name, {}) for of in lines.values()], metric)
        for metric in metrics
    }
    return [
        DatasetRow(row.entry, row.method, _marked(cells_of(lines[row.entry], metrics), best), row=row)
        for row in board.rows
        if row.entry in lines
    ]


def entry_rows(board: Board, entry: str, means: Mapping[str, Any]) -> list[DatasetRow]:
    """One entry on the datasets, in the board's order, marked where it has the best mean of all.

    `means` is the part of that name: summaries by entry, dataset and metric.
    """
    rows = []
    for dataset in board.datasets:
        everyone = [of_one.get(dataset.slug, {}) for of_one in means.values()]
        best = {
            metric.name: best_mean([of.get(metric.name, {}) for of in everyone], metric)
            for metric in board.metrics
        }
        cells = cells_of(means[entry].get(dataset.slug, {}), board.metrics)
        rows.append(DatasetRow(dataset.slug, dataset.name, _marked(cells, best), dataset=dataset))
    return rows


def best_mean(values: Sequence[Mapping[str, Any]], metric: Metric) -> float | None:
    """The best mean of those that miss no case: a mean over the easy cases alone is never the best."""
    means = [value["mean"] for value in values if value and not value["missing"]]
    return (max if metric.direction == "higher" else min)(means, default=None)


def _marked(cells: Sequence[Cell], best: Mapping[str, float | None]) -> tuple[Cell, ...]:
    return tuple(
        replace(cell, best=not cell.missing and cell.mean is not None and cell.mean == best[cell.metric.name])
        for cell in cells
    )
