"""What a ranking consists of."""

from dataclasses import asdict, dataclass
from typing import Any

from scoring.ranking.scheme import Scheme
from scoring.ranking.units import Imputation


@dataclass(frozen=True, slots=True)
class MetricStanding:
    """One method on one metric.

    rank_score: what enters the score. beaten_by, beats: significant losses and wins against the pool (None
    for a scheme without tests). standing: what the slots or ranks are made of (losses, wins, mean, mean
    rank). mean, std: of the units the comparison saw, stand-ins included, population std. units: their
    number. missing: the method has no value of this metric (or one is missing under ``lowest-score``).
    """

    rank_score: float
    standing: float
    beaten_by: int | None
    beats: int | None
    mean: float
    std: float
    units: int
    missing: bool
    imputations: tuple[Imputation, ...]


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """One method in one pool of datasets; ``score`` is None where the pool has none of the scheme's
    metrics."""

    pool: str
    score: float | None
    metrics: dict[str, MetricStanding]


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one method over all datasets, for the board's columns.

    mean, std: of the case values, as the official metrics.json gives them (population std), stand-ins
    included; of the hardest units for DSC30 and TRE30. values: their number. rank_score: combined over the
    pools, None for a metric that is not in the scheme. beaten_by, beats: summed over the pools, None
    without tests. imputations: of the values the mean is made of.
    """

    mean: float
    std: float
    values: int
    rank_score: float | None
    beaten_by: int | None
    beats: int | None
    imputations: tuple[Imputation, ...]


@dataclass(frozen=True, slots=True)
class RankedEntry:
    """One line of the board.

    rank: 1 is best, ties share, the next rank is left out (1, 2, 2, 4). metrics: every metric of the table
    and the scheme, or none where nobody asked for summaries; pools: how the score came about, pool by pool.
    """

    method: str
    rank: int
    score: float | None
    metrics: dict[str, MetricSummary]
    pools: tuple[PoolStanding, ...]


@dataclass(frozen=True, slots=True)
class Omission:
    """A metric of the scheme that one pool of datasets does not have, and why."""

    pool: str
    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool of datasets ranked together; units and cases: per metric; undefined: units nobody has a value
    of."""

    pool: str
    datasets: tuple[str, ...]
    units: dict[str, int]
    cases: dict[str, int]
    undefined: dict[str, int]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Entries by rank, equal ranks by name. Strict JSON by `to_dict` (None, never NaN)."""

    scheme: Scheme
    entries: tuple[RankedEntry, ...]
    pools: tuple[PoolFacts, ...]
    omitted: tuple[Omission, ...]

    def entry(self, method: str) -> RankedEntry:
        """One method's line. KeyError for an unknown one."""
        for entry in self.entries:
            if entry.method == method:
                return entry
        raise KeyError(f"no method {method!r}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot; every number finite or None."""
        return {
            "scheme": self.scheme.to_dict(),
            "higher_is_better": self.scheme.higher_is_better,
            "entries": [asdict(entry) for entry in self.entries],
            "pools": [asdict(pool) for pool in self.pools],
            "omitted": [asdict(omission) for omission in self.omitted],
        }
