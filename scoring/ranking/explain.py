"""How a score came about: from case values to comparisons, slots, and the score, every number shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.combine import tied_positions
from scoring.ranking.compare import Compared, missing_methods, unit_ranks
from scoring.ranking.evaluate import PoolOutcome, evaluate
from scoring.ranking.results import Omission, RankedEntry
from scoring.ranking.run import ranking_of
from scoring.ranking.scheme import Direction, Scheme
from scoring.ranking.table import ScoreTable
from scoring.ranking.units import Imputation, Units

_OUTCOMES = {1: "won", 0: "undecided", -1: "lost"}


@dataclass(frozen=True, slots=True)
class CaseValue:
    """One case as the comparison saw it.

    value: mean of its units, stand-ins included; units: their number; stand_ins: how many are. rank: mean
    rank of the entry within the case (1 is best), None unless the scheme ranks within cases.
    """

    dataset: str
    case: str
    value: float
    units: int
    stand_ins: int
    rank: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The test against one other entry, over all units.

    z: positive where the explained entry is better. outcome: won, lost, or undecided (not significant).
    """

    opponent: str
    z: float
    p: float
    p_adjusted: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Place:
    """The entry among the standings of the pool, before it becomes a score.

    better: entries with a better standing; tied_with: those with the same. positions: first and last of the
    positions the tied ones cover, 1 is best; slots: the slots of these positions (none unless the scheme
    has slots). best, worst: standings of the pool.
    """

    better: int
    tied_with: tuple[str, ...]
    positions: tuple[int, int]
    slots: tuple[float, ...]
    best: float
    worst: float


@dataclass(frozen=True, slots=True)
class MetricExplanation:
    """One metric. units: compared ones.

    mean: of the units, which is that of the case values weighted by their units. standing: losses, wins, wins
    minus losses, mean or rank. missing: no value of the metric, hence the lowest score whatever the place.
    """

    metric: str
    direction: Direction
    weight: float
    units: int
    mean: float
    cases: tuple[CaseValue, ...]
    imputations: tuple[Imputation, ...]
    comparisons: tuple[Comparison, ...]
    won: int | None
    lost: int | None
    standing: float
    place: Place
    missing: bool
    rank_score: float


@dataclass(frozen=True, slots=True)
class Total:
    """How parts become one number.

    geometric-mean: a term is part ** weight, total their product, result total ** (1 / weights). mean: a term
    is part * weight, total their sum, result total / weights. median: terms are the parts, total is None.
    """

    how: str
    parts: tuple[str, ...]
    terms: tuple[float, ...]
    weights: float
    total: float | None
    result: float


@dataclass(frozen=True, slots=True)
class PoolExplanation:
    """One pool of datasets; total is None where it has none of the scheme's metrics."""

    pool: str
    datasets: tuple[str, ...]
    metrics: tuple[MetricExplanation, ...]
    total: Total | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry's score. of: entries ranked; total: over the pools (None where there is but one)."""

    method: str
    scheme: Scheme
    rank: int
    of: int
    score: float | None
    pools: tuple[PoolExplanation, ...]
    total: Total | None
    omitted: tuple[Omission, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a page and an export; every number finite or None."""
        return {**asdict(self), "scheme": self.scheme.to_dict()}


def explain(
    table: ScoreTable,
    scheme: Scheme,
    *,
    pool: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, Explanation]:
    """The explanations of the entries of `rank` with the same arguments, by method.

    only: those asked for (default: all); with thousands of cases each takes about as long as the ranking.
    """
    methods = sorted(table.methods if pool is None else pool)
    outcomes = evaluate(table, scheme, methods)
    ranking = ranking_of(table, scheme, methods, outcomes)
    return {
        entry.method: Explanation(
            method=entry.method,
            scheme=scheme,
            rank=entry.rank,
            of=len(methods),
            score=entry.score,
            pools=tuple(_pool(scheme, outcome, methods, entry.method) for outcome in outcomes),
            total=_across(scheme, entry),
            omitted=ranking.omitted,
        )
        for entry in ranking.entries
        if only is None or entry.method in only
    }


def _across(scheme: Scheme, entry: RankedEntry) -> Total | None:
    known = {p.pool: p.score for p in entry.pools if p.score is not None}
    if len(known) < 2 or entry.score is None:
        return None
    return _total(scheme.across, known, [1.0] * len(known), entry.score)


def _pool(scheme: Scheme, outcome: PoolOutcome, methods: Sequence[str], method: str) -> PoolExplanation:
    row = methods.index(method)
    metrics = tuple(_metric(scheme, outcome, metric, methods, row) for metric in outcome.units)
    total = None
    if outcome.score is not None:
        parts = {m.metric: m.rank_score for m in metrics}
        total = _total(scheme.combine, parts, [m.weight for m in metrics], float(outcome.score[0, row]))
    return PoolExplanation(
        pool=outcome.name,
        datasets=tuple(d.name for d in outcome.datasets),
        metrics=metrics,
        total=total,
    )


def _total(how: str, parts: dict[str, float], weights: Sequence[float], result: float) -> Total:
    values = np.array(list(parts.values()))
    terms = {"geometric-mean": values**weights, "mean": values * weights, "median": values}[how]
    totals = {"geometric-mean": float(terms.prod()), "mean": float(terms.sum())}
    return Total(
        how=how,
        parts=tuple(parts),
        terms=tuple(terms.tolist()),
        weights=float(sum(weights)),
        total=totals.get(how),
        result=result,
    )


def _metric(
    scheme: Scheme, outcome: PoolOutcome, metric: str, methods: Sequence[str], row: int
) -> MetricExplanation:
    units, compared = outcome.units[metric], outcome.compared[metric]
    rule = scheme.rule(metric)
    return MetricExplanation(
        metric=metric,
        direction=rule.direction,
        weight=rule.weight,
        units=units.values.shape[1],
        mean=float(units.values[row].mean()),
        cases=_cases(scheme, units, row),
        imputations=units.imputed[row],
        comparisons=_comparisons(compared, methods, row),
        won=None if compared.beats is None else int(compared.beats[0, row]),
        lost=None if compared.beaten_by is None else int(compared.beaten_by[0, row]),
        standing=float(compared.standing[0, row]),
        place=_place(scheme, compared, methods, row),
        missing=bool(missing_methods(scheme, units)[row]),
        rank_score=float(outcome.scores[metric][0, row]),
    )


def _cases(scheme: Scheme, units: Units, row: int) -> tuple[CaseValue, ...]:
    count = len(units.cases)
    sizes = np.bincount(units.case, minlength=count)
    sums = np.bincount(units.case, weights=units.values[row], minlength=count)
    replaced = np.bincount(units.case, weights=~np.isfinite(units.raw[row]), minlength=count)
    ranks = _case_ranks(scheme, units, row)
    return tuple(
        CaseValue(
            dataset=units.cases[c][0],
            case=units.cases[c][1],
            value=float(sums[c] / sizes[c]),
            units=int(sizes[c]),
            stand_ins=int(replaced[c]),
            rank=None if ranks is None else float(ranks[c] / sizes[c]),
        )
        for c in np.flatnonzero(sizes)
    )


def _case_ranks(scheme: Scheme, units: Units, row: int) -> NDArray[np.float64] | None:
    """Sum of the entry's ranks within the units of each case."""
    if not scheme.compare.startswith("case-rank"):
        return None
    higher = scheme.rule(units.metric).direction == "higher"
    ranks = unit_ranks(units.values, higher=higher)
    return np.asarray(
        np.bincount(units.case, weights=ranks[row], minlength=len(units.cases)), dtype=np.float64
    )


def _comparisons(compared: Compared, methods: Sequence[str], row: int) -> tuple[Comparison, ...]:
    pairs = compared.pairs
    if pairs is None:
        return ()
    first, second = np.triu_indices(len(methods), 1)
    own = np.flatnonzero((first == row) | (second == row))
    sign = np.where(first[own] == row, 1, -1)
    opponents = np.where(first[own] == row, second[own], first[own])
    columns = (
        sign * pairs.z[own, 0] + 0.0,
        pairs.p[own, 0],
        pairs.p_adjusted[own, 0],
        sign * pairs.outcome[own, 0],
    )
    return tuple(
        Comparison(methods[opponent], float(z), float(p), float(adjusted), _OUTCOMES[int(outcome)])
        for opponent, z, p, adjusted, outcome in zip(opponents.tolist(), *columns, strict=True)
    )


def _place(scheme: Scheme, compared: Compared, methods: Sequence[str], row: int) -> Place:
    standing = compared.standing[0]
    oriented = -standing if compared.higher else standing
    first, last = (tied_positions(oriented, end) for end in ("best", "worst"))
    positions = (int(first[row]), int(last[row]))
    m = len(methods)
    slots: tuple[float, ...] = ()
    if scheme.score == "slots":
        step = (1.0 - scheme.lowest) / (m - 1) if m > 1 else 0.0
        slots = tuple(1.0 - step * (k - 1) for k in range(positions[0], positions[1] + 1))
    best, worst = float(standing[np.argmin(oriented)]), float(standing[np.argmax(oriented)])
    return Place(
        better=positions[0] - 1,
        tied_with=tuple(n for i, n in enumerate(methods) if i != row and first[i] == first[row]),
        positions=positions,
        slots=slots,
        best=best,
        worst=worst,
    )
