"""Boards for pages: read from the newest snapshot that may be shown, never computed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
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
class Row:
    """One entry on a board; `datasets` maps a dataset and a metric to mean and std."""

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
    datasets: Mapping[str, Mapping[str, Mapping[str, Any]]]


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
    heatmap: Mapping[str, Any]

    @property
    def methods(self) -> dict[str, str]:
        """Entry slug to method name, in board order."""
        return {row.entry: row.method for row in self.rows}

    @property
    def cases(self) -> int:
        return sum(dataset.cases for dataset in self.datasets)

    @property
    def has_intervals(self) -> bool:
        return any(row.rank_interval is not None for row in self.rows)

    def row(self, entry: str) -> Row | None:
        return next((row for row in self.rows if row.entry == entry), None)


def board_of(phase: Phase) -> Board | None:
    """The board that the public may read now, or None where there is none yet; one query."""
    snapshot = shown_snapshot(phase)
    return None if snapshot is None else board_from(phase, snapshot)


def shown_snapshot(phase: Phase) -> Snapshot | None:
    """The newest snapshot; between `freeze_at` and `publish_at` the last one before the freeze."""
    snapshots = Snapshot.objects.filter(phase=phase)
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


def dataset_part(board: Board, dataset: str) -> dict[str, Any] | None:
    """What a dataset's page needs of the board's snapshot."""
    part = _parts(board, dataset).first()
    return None if part is None else part.payload


def matrix_of(board: Board, dataset: str, metric: str) -> dict[str, Any] | None:
    """One significance matrix, picked inside the database: the rest of the part is large."""
    return _parts(board, dataset).values_list(f"payload__significance__{metric}", flat=True).first()


def _parts(board: Board, dataset: str) -> QuerySet[SnapshotPart]:
    return SnapshotPart.objects.filter(snapshot_id=board.pk, name=f"dataset/{dataset}")


def board_from(phase: Phase, snapshot: Snapshot) -> Board:
    """A snapshot's payload as rows for pages."""
    payload = snapshot.payload
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
        heatmap=payload["heatmap"],
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
        datasets=entry["datasets"],
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


def entry_rows(board: Board, entry: str) -> list[DatasetRow]:
    """One entry on the datasets, in the board's order, marked where it has the best mean of all."""
    own = board.row(entry)
    if own is None:
        return []
    rows = []
    for dataset in board.datasets:
        everyone = [row.datasets.get(dataset.slug, {}) for row in board.rows]
        best = {
            metric.name: best_mean([of.get(metric.name, {}) for of in everyone], metric)
            for metric in board.metrics
        }
        cells = cells_of(own.datasets.get(dataset.slug, {}), board.metrics)
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


def board_json(phase: Phase) -> dict[str, Any]:
    """The public `leaderboard.json`; without a snapshot while there is no board to show."""
    board = board_of(phase)
    return {
        "challenge": phase.challenge.slug,
        "phase": phase.slug,
        "scheme": board.scheme["name"] if board else phase.scheme.name,
        "snapshot": board.snapshot if board else None,
        "official": board.official if board else True,
        "entries": [_entry_json(row) for row in board.rows] if board else [],
    }


def _entry_json(row: Row) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "rank_interval": None if row.rank_interval is None else list(row.rank_interval),
        "score": row.score,
        "entry": row.entry,
        "method": row.method,
        "team": row.team,
        "baseline": row.baseline,
        "metrics": {cell.metric.name: {"mean": cell.mean, "std": cell.std} for cell in row.cells},
    }


def board_csv(board: Board) -> list[list[str]]:
    """The public `leaderboard.csv`: a head and one line an entry, full precision, empty where missing."""
    measures = [f"{metric.name}_{what}" for metric in board.metrics for what in ("mean", "std")]
    head = ["rank", "rank_low", "rank_high", "score", "entry", "method", "team", "baseline", *measures]
    return [head, *(_entry_csv(row) for row in board.rows)]


def _entry_csv(row: Row) -> list[str]:
    low, high = row.rank_interval or (None, None)
    numbers = [value for cell in row.cells for value in (cell.mean, cell.std)]
    words = [row.entry, _inert(row.method), _inert(row.team), "yes" if row.baseline else "no"]
    first = [_text(value) for value in (row.rank, low, high, row.score)]
    return [*first, *words, *(_text(value) for value in numbers)]


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)


def _inert(name: str) -> str:
    """A participant's word that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
