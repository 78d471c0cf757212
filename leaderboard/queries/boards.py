"""Boards for pages: read from the newest snapshot that may be shown, never computed here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from leaderboard.enums import Aspect
from leaderboard.models import Phase, Snapshot, SnapshotPart
from leaderboard.queries import snapshots
from leaderboard.queries.veil import Veil, veil_over, veiled_entries, veiled_part
from leaderboard.rules import Sight

STANDING = {
    "baseline": "others are measured against it",
    "organizers": "an organizer of the challenge is in the team",
    "out of competition": "shown beside the ranks, not ranked",
}
# What pages of entries and datasets are made of.
RESULTS = (Aspect.AGGREGATES, Aspect.PER_DATASET, Aspect.PER_CASE)


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
    """One entry on a board; `distribution` counts the resamples that gave it rank 1, 2 and so on.

    organizers: whether an organizer of the challenge is in its team; own: whether it is the viewer's own.
    """

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
    organizers: bool = False
    submission: str = ""
    own: bool = False

    @property
    def standing(self) -> dict[str, str]:
        """What it is beside a team's entry in competition: words, and their meaning."""
        holds = {
            "baseline": self.baseline,
            "organizers": self.organizers,
            "out of competition": not self.in_competition,
        }
        return {word: STANDING[word] for word, is_so in holds.items() if is_so}


@dataclass(frozen=True)
class BoardDataset:
    """A dataset as a snapshot saw it."""

    slug: str
    name: str
    group: str
    task: str
    cases: int
    metrics: tuple[str, ...]


def query_of(phase: Phase | None, at: str = "") -> str:
    """By which addresses name a phase's board, as it stood at a moment where one is told."""
    return "" if phase is None else f"?phase={phase.slug}{f'&at={at}' if at else ''}"


@dataclass(frozen=True)
class Board:
    """A leaderboard as one viewer sees it in a snapshot.

    rows: the entries of which the viewer may see one of the aspects that were asked for; ranked: how many
    entries are in competition, whether shown or not; at: where an earlier board was asked for, its moment.
    """

    pk: int
    phase: Phase
    snapshot: str
    created_at: datetime
    official: bool
    scheme: Mapping[str, Any]
    rules: str
    scorer_version: str
    metrics: tuple[Metric, ...]
    datasets: tuple[BoardDataset, ...]
    rows: tuple[Row, ...]
    omitted: tuple[Mapping[str, str], ...]
    stability: Mapping[str, Any] | None
    ranked: int
    veil: Veil
    at: str = ""

    @property
    def query(self) -> str:
        """By which the addresses of its entries and datasets name it."""
        return query_of(self.phase, self.at)

    @property
    def also(self) -> str:
        """The same after other parameters."""
        return f"&{self.query[1:]}"

    @property
    def address(self) -> str:
        return f"{self.phase.get_absolute_url()}{f'?at={self.at}' if self.at else ''}"

    @property
    def methods(self) -> dict[str, str]:
        """Entry slug to method name, in board order."""
        return {row.entry: row.method for row in self.rows}

    @property
    def cases(self) -> int:
        return sum(dataset.cases for dataset in self.datasets)

    @property
    def is_certain(self) -> bool:
        """Whether it says how sure its order is, or never will; an official board says so after a while."""
        later = self.official and self.stability is None and self.veil.shows(Aspect.AGGREGATES)
        return not (later and self.ranked)

    @property
    def has_intervals(self) -> bool:
        return any(row.rank_interval is not None for row in self.rows)

    def sees(self, aspect: Aspect, row: Row) -> bool:
        """Whether the viewer may see an aspect of one of the rows."""
        return self.veil.sight.shows(aspect, self.veil.sight.team if row.own else None)

    def row(self, entry: str) -> Row | None:
        return next((row for row in self.rows if row.entry == entry), None)


def board_of(phase: Phase, sight: Sight, *aspects: Aspect, at: datetime | None = None) -> Board | None:
    """The board that a viewer may read, now or as it stood at a moment; None without one; one query."""
    snapshot = snapshots.shown(phase, sight, content=True, at=at)
    if snapshot is None:
        return None
    return board_from(phase, snapshot, snapshot.payload, sight, *aspects, earlier=at is not None)


def as_of(board: Board) -> str:
    """When a board's results stood so, for files: ISO 8601 in UTC."""
    return f"{board.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def moment_of(snapshot: Snapshot) -> str:
    """By which an address names a snapshot as that of an earlier moment."""
    return f"{snapshot.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def part_of(board: Board, name: str) -> Any:
    """What is shown of one part of the board's snapshot; None where it has none."""
    return parts_of(board, name).get(name)


def parts_of(board: Board, *names: str) -> dict[str, Any]:
    """What is shown of several parts of the board's snapshot, by name, in one query."""
    found = parts_named(board, names).values_list("name", "payload")
    return {name: veiled_part(name, part, board.veil) for name, part in found}


def matrices_of(board: Board, datasets: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Significance matrices by dataset and metric; one query."""
    if not board.veil.shows(Aspect.PER_DATASET):
        return {}
    names = {f"matrix/{dataset}/{metric}": (dataset, metric) for dataset in datasets for metric in metrics}
    found: dict[str, dict[str, Any]] = {dataset: {} for dataset in datasets}
    shown = parts_of(board, *names)
    for name, (dataset, metric) in names.items():
        if shown.get(name) is not None:
            found[dataset][metric] = shown[name]
    return found


def matrix_of(board: Board, dataset: str, metric: str) -> dict[str, Any] | None:
    """One significance matrix."""
    return matrices_of(board, [dataset], [metric]).get(dataset, {}).get(metric)


def parts_named(board: Board, names: Iterable[str]) -> QuerySet[SnapshotPart]:
    """Parts with all that is in them: hide what is hidden."""
    return SnapshotPart.objects.filter(snapshot_id=board.pk, name__in=list(names))


def board_from(
    phase: Phase,
    snapshot: Snapshot,
    payload: Mapping[str, Any],
    sight: Sight,
    *aspects: Aspect,
    earlier: bool = False,
) -> Board:
    """A payload, of the snapshot or made of its results by another scheme, as rows for pages.

    Its rows are the entries of which one of the aspects is shown (default: the aggregates).
    earlier: whether it was asked for as that of an earlier moment.
    """
    metrics = tuple(Metric(**metric) for metric in payload["metrics"])
    # Numbers that stand for names are those of the official board.
    veil = veil_over(snapshot.payload, snapshot.content_hash, sight)
    return Board(
        pk=snapshot.pk,
        phase=phase,
        snapshot=snapshot.content_hash,
        created_at=snapshot.created_at,
        official=payload["official"],
        scheme=payload["scheme"],
        rules=payload["rules"],
        scorer_version=payload["scorer_version"],
        metrics=metrics,
        datasets=tuple(_dataset(dataset) for dataset in payload["datasets"]),
        rows=tuple(_row(entry, metrics) for entry in veiled_entries(payload["entries"], veil, aspects)),
        omitted=tuple(payload["omitted"]),
        stability=payload["stability"] if veil.shows(Aspect.AGGREGATES) else None,
        ranked=sum(entry["rank"] is not None for entry in payload["entries"]),
        veil=veil,
        at=moment_of(snapshot) if earlier else "",
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
        organizers=entry.get("organizers", False),
        submission=entry["submission"],
        own=entry["own"],
    )


def cells_of(values: Mapping[str, Mapping[str, Any]], metrics: Sequence[Metric]) -> tuple[Cell, ...]:
    """The cells of a row in the order of the metrics; an unmeasured metric is an empty cell."""
    return tuple(Cell(metric, **values.get(metric.name, {})) for metric in metrics)
