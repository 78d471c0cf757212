"""Which differences between methods are significant, how large they are, and who cannot be told apart."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.evaluate import repeats_of
from scoring.ranking.resamples import draw
from scoring.ranking.scheme import FACTS, Scheme
from scoring.ranking.schemes import PRESETS
from scoring.ranking.table import DatasetScores, ScoreTable
from scoring.ranking.units import Imputation, Units, collect_units
from scoring.stats import (
    Correction,
    adjust,
    cohens_d,
    percentile_interval,
    resampled_rank_biserial,
    signed_rank_pairs,
)
from scoring.stats.signed_rank import Method, ZeroMethod

LEVELS: tuple[tuple[float, str], ...] = ((0.001, "p < 0.001"), (0.01, "p < 0.01"), (0.05, "p < 0.05"))
"""Thresholds of the adjusted p value, strictest first; what passes none is NS."""

NOT_SIGNIFICANT = "NS"

_BLOCK = 1_000_000
"""Pairs of methods times resamples that are taken together, for the sake of memory."""

Grid = tuple[tuple[float | None, ...], ...]
Intervals = tuple[tuple[tuple[float, float] | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """Sizes of the differences of all pairs, [row][column], positive where the row's method is better.

    rank_biserial: matched-pairs rank-biserial correlation, -1 to 1. cohens_d: mean over standard deviation
    of the paired differences, None where it does not exist. The intervals are percentile intervals over
    resampled subjects, None without resamples.
    """

    rank_biserial: Grid
    cohens_d: Grid
    rank_biserial_interval: Intervals | None
    cohens_d_interval: Intervals | None


@dataclass(frozen=True, slots=True)
class SignificanceMatrix:
    """Paired signed-rank tests of all pairs of methods on the case values of one metric and dataset.

    Everything is [row][column] in the order of ``methods`` (or their first ones), None on the diagonal.
    p, p_adjusted: symmetric. direction: 1 where the row's method is better, -1 where it is worse, 0 where
    neither (by the rank sums, whatever the level). level: NS, p < 0.05, p < 0.01 or p < 0.001 of the
    adjusted p. cases: compared ones. pairs: tests in the family the correction is over. means: per
    method, stand-ins included. tie_groups: methods by mean; a group holds its best and those after it
    that are not significantly worse than that best (adjusted p, 0.05). imputations: per method. seed,
    resamples, interval_level: of the effects' intervals.
    """

    dataset: str
    metric: str
    methods: tuple[str, ...]
    cases: int
    pairs: int
    correction: Correction
    p_value: Method
    zero_method: ZeroMethod
    p: Grid
    p_adjusted: Grid
    direction: tuple[tuple[int | None, ...], ...]
    level: tuple[tuple[str | None, ...], ...]
    effects: Effects
    means: tuple[float, ...]
    tie_groups: tuple[tuple[str, ...], ...]
    imputations: dict[str, tuple[Imputation, ...]]
    resamples: int
    seed: int
    interval_level: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot; every number finite or None."""
        return asdict(self)


def significance(
    table: ScoreTable,
    dataset: str,
    metric: str,
    *,
    correction: Correction = "bonferroni",
    p_value: Method = "auto",
    zero_method: ZeroMethod = "wilcox",
    order: Sequence[str] | None = None,
    told: int | None = None,
    resamples: int = 0,
    seed: int = 0,
    interval_level: float = 0.95,
) -> SignificanceMatrix:
    """The significance matrix of one metric on one dataset; of the table's or the given methods, in that
    order.

    Case values, two-sided. A missing or non-finite value is replaced by the worst of the table (never a
    better one) and listed; cases nobody has a value of are left out. Two methods that are equal on every
    case have p = 1. resamples: bootstrap samples of the subjects for the intervals of the effect sizes, 0
    for none. told: the grids are of the first ones of the order only (default: all), which saves most of
    the time for hundreds; tests, correction and groups are over all. Errors: KeyError for an unknown
    dataset or method, ValueError for a metric the dataset has no value of.
    """
    methods = tuple(table.methods if order is None else order)
    scheme = _case_scheme(metric)
    scores = table.dataset(dataset)
    units = collect_units(table, scheme, metric, [scores], methods)
    oriented = units.values if scheme.rule(metric).direction == "higher" else -units.values
    tests = signed_rank_pairs(oriented, method=p_value, zero_method=zero_method)
    adjusted = adjust(tests.p, correction)
    signs = np.sign(tests.effect).astype(np.int64)
    m = len(methods) if told is None else min(told, len(methods))
    cells = _pairs_of_first(m, len(methods))
    p, p_adjusted, directions = tests.p[cells], adjusted[cells], signs[cells]
    return SignificanceMatrix(
        dataset=dataset,
        metric=metric,
        methods=methods,
        cases=units.values.shape[1],
        pairs=tests.p.size,
        correction=correction,
        p_value=p_value,
        zero_method=zero_method,
        p=_square(p.tolist(), p.tolist(), m),
        p_adjusted=_square(p_adjusted.tolist(), p_adjusted.tolist(), m),
        direction=_square(directions.tolist(), (-directions).tolist(), m),
        level=_square(levels := [level_of(one) for one in p_adjusted], levels, m),
        effects=_effects(oriented[:m], units, scores, resamples, seed, interval_level),
        means=tuple(units.values.mean(axis=1).tolist()),
        tie_groups=_tie_groups(methods, oriented.mean(axis=1), adjusted, signs),
        imputations=dict(zip(methods, units.imputed, strict=True)),
        resamples=resamples,
        seed=seed,
        interval_level=interval_level,
    )


def _pairs_of_first(m: int, of: int) -> NDArray[np.intp]:
    """Where the pairs of the first m of several stand among the pairs of all."""
    first, second = np.triu_indices(of, 1)
    return np.flatnonzero((first < m) & (second < m))


def level_of(p: float) -> str:
    """NS, p < 0.05, p < 0.01 or p < 0.001."""
    return next((name for threshold, name in LEVELS if p < threshold), NOT_SIGNIFICANT)


def _case_scheme(metric: str) -> Scheme:
    facts = FACTS.get(metric)
    if facts is None:
        raise ValueError(f"{metric} has no case values")
    strict = PRESETS["strict"].to_dict()
    return Scheme.from_dict({**strict, "metrics": [{"metric": metric, "direction": facts.direction}]})


def _effects(
    oriented: NDArray[np.float64],
    units: Units,
    dataset: DatasetScores,
    resamples: int,
    seed: int,
    level: float,
) -> Effects:
    once = repeats_of([dataset], None)
    biserial, d, _, _ = _effect_sizes(oriented, units.case, once, level)
    if not resamples:
        return Effects(_mirrored(biserial, oriented), _mirrored(d, oriented), None, None)
    drawn = draw([dataset], resamples, seed)[dataset.name]
    _, _, biserial_ends, d_ends = _effect_sizes(oriented, units.case, drawn, level)
    return Effects(
        rank_biserial=_mirrored(biserial, oriented),
        cohens_d=_mirrored(d, oriented),
        rank_biserial_interval=_mirrored_ends(biserial_ends, oriented),
        cohens_d_interval=_mirrored_ends(d_ends, oriented),
    )


def _effect_sizes(
    oriented: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16], level: float
) -> tuple[NDArray[np.float64], ...]:
    """Of the first resample, [pairs] twice; and intervals over all, [pairs, 2] twice."""
    first, second = np.triu_indices(len(oriented), 1)
    size = max(1, _BLOCK // len(repeats))
    parts: list[tuple[NDArray[np.float64], ...]] = [
        (np.empty(0), np.empty(0), np.empty((0, 2)), np.empty((0, 2)))
    ]
    for start in range(0, first.size, size):
        chunk = slice(start, start + size)
        differences = oriented[first[chunk]] - oriented[second[chunk]]
        biserial = resampled_rank_biserial(differences, case, repeats)
        d = cohens_d(differences, repeats[:, case])
        ends = [np.stack(percentile_interval(samples, level), axis=1) for samples in (biserial, d)]
        parts.append((biserial[:, 0], d[:, 0], *ends))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _tie_groups(
    methods: Sequence[str], means: NDArray[np.float64], p: NDArray[np.float64], signs: NDArray[np.int64]
) -> tuple[tuple[str, ...], ...]:
    m = len(methods)
    first, second = np.triu_indices(m, 1)
    worse = np.zeros((m, m), dtype=bool)
    significant = p < LEVELS[-1][0]
    worse[first, second] = significant & (signs < 0)
    worse[second, first] = significant & (signs > 0)
    groups: list[list[str]] = []
    leader = -1
    for i in sorted(range(m), key=lambda i: (-means[i], methods[i])):
        if leader < 0 or worse[i, leader]:
            leader = i
            groups.append([])
        groups[-1].append(methods[i])
    return tuple(tuple(group) for group in groups)


def _mirrored(upper: NDArray[np.float64], oriented: NDArray[np.float64]) -> Grid:
    values = [None if np.isnan(v) else v for v in upper.tolist()]
    grid: Grid = _square(values, [None if v is None else 0.0 - v for v in values], len(oriented))
    return grid


def _mirrored_ends(upper: NDArray[np.float64], oriented: NDArray[np.float64]) -> Intervals:
    ends = [None if np.isnan(low) else (low, high) for low, high in upper.tolist()]
    turned = [None if end is None else (0.0 - end[1], 0.0 - end[0]) for end in ends]
    grid: Intervals = _square(ends, turned, len(oriented))
    return grid


def _square(upper: Sequence[Any], lower: Sequence[Any], m: int) -> Any:
    grid: list[list[Any]] = [[None] * m for _ in range(m)]
    first, second = np.triu_indices(m, 1)
    for value, mirrored, a, b in zip(upper, lower, first.tolist(), second.tolist(), strict=True):
        grid[a][b] = value
        grid[b][a] = mirrored
    return tuple(tuple(row) for row in grid)
