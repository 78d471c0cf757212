"""Wilcoxon's rank-sum test of every pair of rows, from one sort of all values together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

Alternative = Literal["two-sided", "greater"]


@dataclass(frozen=True, slots=True, eq=False)
class RankSum:
    """Rank-sum tests of all ordered pairs of rows; row a against row b stands at [a, b].

    u: [m, m] Mann-Whitney U of row a over row b (a tie counts one half). z: [m, m] as
    `scipy.stats.ranksums` defines it, without correction for ties. p: [m, m], 1 on the diagonal.
    """

    u: NDArray[np.float64]
    z: NDArray[np.float64]
    p: NDArray[np.float64]


def rank_sum_pairs(values: NDArray[np.float64], *, alternative: Alternative = "two-sided") -> RankSum:
    """All pairs of `scipy.stats.ranksums` at once.

    values: [m, n], finite; row a against row b as two independent samples of n. With ``greater`` the
    p value at [a, b] is that of row a being the larger one. Errors: ValueError for non-finite values.
    """
    if not np.isfinite(values).all():
        raise ValueError("rank sums need finite values")
    m, n = values.shape
    wins = pair_wins(values)
    return rank_sum_from_wins(wins, np.full(m, n, dtype=np.float64), alternative=alternative)


def rank_sum_from_wins(
    wins2: NDArray[np.int64], n: NDArray[np.float64], *, alternative: Alternative = "two-sided"
) -> RankSum:
    """The test from twice the U statistic of all pairs, [m, m], and the sample size of every row, [m]."""
    u = wins2 / 2.0
    pairs = n[:, None] * n[None, :]
    spread = np.sqrt(pairs * (n[:, None] + n[None, :] + 1.0) / 12.0)
    z = np.divide(u - pairs / 2.0, spread, out=np.zeros_like(u), where=spread > 0)
    np.fill_diagonal(z, 0.0)
    p = ndtr(-z) if alternative == "greater" else 2.0 * ndtr(-np.abs(z))
    np.fill_diagonal(p, 1.0)
    return RankSum(u=u, z=z, p=p)


def pair_wins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the Mann-Whitney U of every ordered pair of rows, [m, m], by one sort of all values."""
    m, n = values.shape
    flat = values.ravel()
    order = np.argsort(flat, kind="stable")
    method = (order // max(n, 1)).astype(np.int32)
    wins2: NDArray[np.int64] = _wins(flat[order], method, m)
    return wins2


@njit(cache=True, nogil=True)
def _wins(ascending: NDArray[np.float64], method: NDArray[np.int32], m: int) -> NDArray[np.int64]:
    below = np.zeros(m, dtype=np.int64)
    equal = np.zeros(m, dtype=np.int64)
    wins2 = np.zeros((m, m), dtype=np.int64)
    start = 0
    while start < ascending.size:
        stop = start
        while stop < ascending.size and ascending[stop] == ascending[start]:
            equal[method[stop]] += 1
            stop += 1
        for k in range(start, stop):
            a = method[k]
            for b in range(m):
                wins2[a, b] += 2 * below[b] + equal[b]
        for k in range(start, stop):
            below[method[k]] += 1
            equal[method[k]] = 0
        start = stop
    return wins2
