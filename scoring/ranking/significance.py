"""Which differences between methods are significant, dataset by dataset and metric by metric."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.ranking.scheme import FACTS, Scheme
from scoring.ranking.schemes import PRESETS
from scoring.ranking.table import ScoreTable
from scoring.ranking.units import Imputation, collect_units
from scoring.stats import adjust, signed_rank_pairs
from scoring.stats.multiplicity import Correction
from scoring.stats.signed_rank import Method, ZeroMethod

LEVELS: tuple[tuple[float, str], ...] = ((0.001, "p < 0.001"), (0.01, "p < 0.01"), (0.05, "p < 0.05"))
"""Thresholds of the adjusted p value, strictest first; what passes none is NS."""

NOT_SIGNIFICANT = "NS"

Grid = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class SignificanceMatrix:
    """Paired signed-rank tests of all pairs of methods on the case values of one metric and dataset.

    Everything is [row][column] in the order of ``methods``, None on the diagonal. p, p_adjusted: symmetric.
    direction: 1 where the row's method is better, -1 where it is worse, 0 where neither (by the rank sums,
    whatever the level). level: NS, p < 0.05, p < 0.01 or p < 0.001 of the adjusted p. cases: compared ones.
    pairs: tests in the family the correction is over. imputations: per method.
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
    imputations: dict[str, tuple[Imputation, ...]]

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
) -> SignificanceMatrix:
    """The significance matrix of one metric on one dataset; with the table's or the given methods, in that
    order.

    Case values, two-sided. A missing or non-finite value is replaced by the worst of the pool (never a
    better one) and listed; cases nobody has a value of are left out. Two methods that are equal on every
    case have p = 1. Errors: KeyError for an unknown dataset or method, ValueError for a metric the dataset
    has no value of.
    """
    methods = tuple(table.methods if order is None else order)
    scheme = _case_scheme(metric)
    units = collect_units(table, scheme, metric, [table.dataset(dataset)], methods)
    rule = scheme.rule(metric)
    oriented = units.values if rule.direction == "higher" else -units.values
    tests = signed_rank_pairs(oriented, method=p_value, zero_method=zero_method)
    adjusted = adjust(tests.p, correction)
    signs = np.sign(tests.effect).astype(np.int64)
    return SignificanceMatrix(
        dataset=dataset,
        metric=metric,
        methods=methods,
        cases=units.values.shape[1],
        pairs=tests.p.size,
        correction=correction,
        p_value=p_value,
        zero_method=zero_method,
        p=_square(tests.p.tolist(), tests.p.tolist(), len(methods)),
        p_adjusted=_square(adjusted.tolist(), adjusted.tolist(), len(methods)),
        direction=_square(signs.tolist(), (-signs).tolist(), len(methods)),
        level=_square(levels := [level_of(p) for p in adjusted], levels, len(methods)),
        imputations=dict(zip(methods, units.imputed, strict=True)),
    )


def level_of(p: float) -> str:
    """NS, p < 0.05, p < 0.01 or p < 0.001."""
    return next((name for threshold, name in LEVELS if p < threshold), NOT_SIGNIFICANT)


def _case_scheme(metric: str) -> Scheme:
    limits = FACTS.get(metric)
    if limits is None:
        raise ValueError(f"{metric} has no case values")
    strict = PRESETS["strict"].to_dict()
    return Scheme.from_dict({**strict, "metrics": [{"metric": metric, "direction": limits.direction}]})


def _square(upper: Sequence[Any], lower: Sequence[Any], m: int) -> Any:
    grid: NDArray[np.object_] = np.full((m, m), None, dtype=object)
    first, second = np.triu_indices(m, 1)
    for value, mirrored, a, b in zip(upper, lower, first, second, strict=True):
        grid[a, b] = value
        grid[b, a] = mirrored
    return tuple(tuple(row) for row in grid)
