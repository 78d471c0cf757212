"""How sure a ranking is: under resampled subjects, without each dataset, and under other schemes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.combine import competition_ranks
from scoring.ranking.evaluate import Repeats, evaluate, final_scores
from scoring.ranking.resamples import draw
from scoring.ranking.run import rank
from scoring.ranking.scheme import Scheme
from scoring.ranking.table import ScoreTable
from scoring.stats import kendall_tau, percentile_interval

_BLOCK = 5_000_000
"""Pairs of methods times resamples that are evaluated together, for the sake of memory."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A number over resamples: median and percentile interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EntryStability:
    """One entry over the resamples.

    rank, score: of the full data. rank_interval: percentile interval of the rank. distribution: number of
    resamples with rank 1, 2, ... m. score_interval: percentile interval of the score, None without one.
    """

    method: str
    rank: int
    rank_interval: tuple[int, int]
    distribution: tuple[int, ...]
    score: float | None
    score_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Stability:
    """A ranking under resampled subjects.

    entries: by rank, then name. tau: Kendall's tau-b of the full ranking against the resampled ones.
    tie_groups: the entries in order; a group holds its best and those after it that are not significantly
    worse than that best: the interval of the difference of their scores over the resamples reaches zero.
    """

    scheme: str
    version: int
    seed: int
    resamples: int
    level: float
    entries: tuple[EntryStability, ...]
    tau: Spread
    tie_groups: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot; every number finite or None."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RankRange:
    """The ranks of one entry over several rankings."""

    method: str
    best: int
    median: float
    worst: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Several rankings of the same entries.

    names: what the rankings are (schemes, or the dataset left out). ranks: [ranking][entry], in the order
    of ``entries``. tau: [ranking][ranking], Kendall's tau-b. full, full_tau: ranks of the full ranking, by
    entry, and its tau against each; None where there is no such ranking. entries: by median rank, then
    name.
    """

    names: tuple[str, ...]
    entries: tuple[RankRange, ...]
    ranks: tuple[tuple[int, ...], ...]
    tau: tuple[tuple[float, ...], ...]
    full: tuple[int, ...] | None = None
    full_tau: tuple[float, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot; every number finite or None."""
        return asdict(self)


def stability(
    table: ScoreTable,
    scheme: Scheme,
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    pool: Sequence[str] | None = None,
) -> Stability:
    """Rank ``resamples`` bootstrap samples of the subjects, drawn within every dataset.

    Each resample is ranked as the full data are, but for what is chosen once from the full data: hardest
    units, stand-ins of missing values, and who lacks a metric. pool: as in `rank`. Errors: ValueError for
    fewer than one resample; KeyError for an unknown method.
    """
    if resamples < 1:
        raise ValueError("stability needs a resample")
    full = rank(table, scheme, pool=pool, summarised=False)
    methods = [entry.method for entry in full.entries]
    scores = _resampled_scores(table, scheme, methods, draw(table.datasets, resamples, seed))
    ranks = competition_ranks(scores, higher_is_better=scheme.higher_is_better)
    low, high = percentile_interval(ranks.T.astype(np.float64), level)
    score_low, score_high = percentile_interval(scores.T, level)
    entries = [
        EntryStability(
            method=entry.method,
            rank=entry.rank,
            rank_interval=(int(low[i]), int(high[i])),
            distribution=tuple(np.bincount(ranks[:, i], minlength=len(methods) + 1)[1:].tolist()),
            score=entry.score,
            score_interval=None if entry.score is None else (float(score_low[i]), float(score_high[i])),
        )
        for i, entry in enumerate(full.entries)
    ]
    return Stability(
        scheme=scheme.name,
        version=scheme.version,
        seed=seed,
        resamples=resamples,
        level=level,
        entries=tuple(entries),
        tau=_spread(kendall_tau([e.rank for e in full.entries], ranks), level),
        tie_groups=_tie_groups(methods, scores if scheme.higher_is_better else -scores, level),
    )


def leave_one_dataset_out(
    table: ScoreTable, scheme: Scheme, *, pool: Sequence[str] | None = None
) -> Agreement:
    """The ranking without each dataset in turn, beside the full one; without any for fewer than two
    datasets."""
    names = [d.name for d in table.datasets] if len(table.datasets) > 1 else []
    rankings = []
    for name in names:
        rest = table.select(datasets=[other for other in names if other != name])
        rankings.append((name, _ranks(rest, scheme, pool)))
    return _agreement(rankings, _ranks(table, scheme, pool))


def across_schemes(
    table: ScoreTable, schemes: Iterable[Scheme], *, pool: Sequence[str] | None = None
) -> Agreement:
    """The rankings of the same scores by several schemes."""
    return _agreement([(scheme.name, _ranks(table, scheme, pool)) for scheme in schemes], None)


def _resampled_scores(
    table: ScoreTable, scheme: Scheme, methods: Sequence[str], repeats: Repeats
) -> NDArray[np.float64]:
    """[resamples, methods]; all equal where no metric of the scheme can be had."""
    count = len(next(iter(repeats.values()))) if repeats else 1
    size = max(1, _BLOCK // max(len(methods) ** 2 // 2, 1))
    blocks = []
    for start in range(0, count, size):
        block = {name: times[start : start + size] for name, times in repeats.items()}
        final = final_scores(scheme, evaluate(table, scheme, methods, block))
        blocks.append(np.zeros((min(size, count - start), len(methods))) if final is None else final)
    return np.concatenate(blocks)


def _spread(samples: NDArray[np.float64], level: float) -> Spread:
    low, high = percentile_interval(samples, level)
    return Spread(median=float(np.median(samples)), low=float(low), high=float(high))


def _tie_groups(
    methods: Sequence[str], oriented: NDArray[np.float64], level: float
) -> tuple[tuple[str, ...], ...]:
    """methods: by rank. oriented: [resamples, methods], larger is better."""
    groups: list[list[str]] = []
    leader = 0
    for i, method in enumerate(methods):
        low, _ = percentile_interval(oriented[:, leader] - oriented[:, i], level)
        if not groups or low > 0:
            leader = i
            groups.append([])
        groups[-1].append(method)
    return tuple(tuple(group) for group in groups)


def _ranks(table: ScoreTable, scheme: Scheme, pool: Sequence[str] | None) -> dict[str, int]:
    return {entry.method: entry.rank for entry in rank(table, scheme, pool=pool, summarised=False).entries}


def _agreement(rankings: Sequence[tuple[str, dict[str, int]]], full: dict[str, int] | None) -> Agreement:
    over = [ranks for _, ranks in rankings] or ([full] if full else [])
    ranges = [
        RankRange(
            method=method,
            best=min(r[method] for r in over),
            median=float(np.median([r[method] for r in over])),
            worst=max(r[method] for r in over),
        )
        for method in (over[0] if over else ())
    ]
    entries = sorted(ranges, key=lambda e: (e.median, e.method))
    ranks = np.array([[r[e.method] for e in entries] for _, r in rankings], dtype=np.int64)
    rows = ranks.reshape(len(rankings), len(entries))
    full_ranks = None if full is None else [full[e.method] for e in entries]
    return Agreement(
        names=tuple(name for name, _ in rankings),
        entries=tuple(entries),
        ranks=tuple(tuple(row) for row in rows.tolist()),
        tau=tuple(tuple(kendall_tau(row, rows).tolist()) for row in rows),
        full=None if full_ranks is None else tuple(full_ranks),
        full_tau=None if full_ranks is None else tuple(kendall_tau(full_ranks, rows).tolist()),
    )
