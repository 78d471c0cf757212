"""Wilcoxon's signed-rank test for many rows at once, exact or asymptotic decided row by row.

`scipy.stats.wilcoxon(axis=...)` decides once for the whole batch: a single tied row changes the p values
of all others. Here every row gets what scipy gives when it is called with that row alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Alternative = Literal["two-sided", "greater", "less"]
Method = Literal["auto", "exact", "asymptotic"]
ZeroMethod = Literal["wilcox", "pratt", "zsplit"]

EXACT_UP_TO = 50
"""Differences up to which ``auto`` is exact, when a row has neither zeros nor ties (as scipy does)."""

PERMUTED_UP_TO = 13
"""Differences up to which ``auto`` is exact for rows with zeros or ties (as scipy does, by permutation)."""


@dataclass(frozen=True, slots=True, eq=False)
class SignedRank:
    """Signed-rank tests of rows; all arrays have the shape of the rows.

    r_plus, r_minus: rank sums of the positive and negative differences. z: normal deviate (0 where all
    differences are zero). p: p value (1 where all differences are zero: a tie, not an error).
    effect: matched-pairs rank-biserial correlation (r_plus - r_minus) / (r_plus + r_minus), 0 for a tie
    (Kerby 2014, doi 10.2466/11.IT.3.1). nonzero: differences that are not zero. exact: which p are exact.
    """

    r_plus: NDArray[np.float64]
    r_minus: NDArray[np.float64]
    z: NDArray[np.float64]
    p: NDArray[np.float64]
    effect: NDArray[np.float64]
    nonzero: NDArray[np.int64]
    exact: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    sign: NDArray[np.int8]  # [rows, n], by increasing size of the difference
    rank: NDArray[np.float64]  # [rows, n]
    tied: NDArray[np.float64]  # [rows] sum of t^3 - t over groups of equal sizes
    zeros: NDArray[np.int64]  # [rows]


def signed_rank(
    differences: NDArray[np.float64],
    *,
    method: Method = "auto",
    zero_method: ZeroMethod = "wilcox",
    alternative: Alternative = "two-sided",
) -> SignedRank:
    """Signed-rank tests of paired differences, one per row.

    differences: [rows, n], finite. method: ``asymptotic`` (no continuity correction), ``exact`` (null
    distribution without ties, rounded conservatively), or ``auto``: for each row exact up to 50
    differences without zeros or ties, exact given the ties up to 13, asymptotic otherwise.
    Equals `scipy.stats.wilcoxon(row, method=..., zero_method=..., alternative=..., correction=False)`
    row by row, but for rows of zeros only, which are a tie: p = 1. No differences at all: p = 1.
    """
    if not np.isfinite(differences).all():
        raise ValueError("signed ranks need finite differences")
    ranked = _rank_sizes(differences, zero_method)
    r_plus = np.where(ranked.sign > 0, ranked.rank, 0.0).sum(axis=1)
    r_minus = np.where(ranked.sign < 0, ranked.rank, 0.0).sum(axis=1)
    total = r_plus + r_minus
    effect = np.divide(r_plus - r_minus, total, out=np.zeros_like(total), where=total > 0)
    if zero_method == "zsplit":
        at_zero = ranked.zeros * (ranked.zeros + 1) / 4.0
        r_plus, r_minus = r_plus + at_zero, r_minus + at_zero
    z = _deviate(r_plus, ranked, zero_method)
    p = _normal_p(z, alternative)
    exact = _make_exact(p, r_plus, ranked, method, zero_method, alternative)
    p[(ranked.sign == 0).all(axis=1)] = 1.0
    nonzero = (ranked.sign != 0).sum(axis=1)
    return SignedRank(r_plus=r_plus, r_minus=r_minus, z=z, p=p, effect=effect, nonzero=nonzero, exact=exact)


def signed_rank_pairs(
    values: NDArray[np.float64],
    *,
    method: Method = "auto",
    zero_method: ZeroMethod = "wilcox",
    alternative: Alternative = "two-sided",
) -> SignedRank:
    """Signed-rank tests of all pairs of rows a < b of ``values`` [m, n], in the order of
    `np.triu_indices(m, 1)`.

    Positive differences mean that row a is the larger one. Fields have shape [m (m - 1) / 2].
    """
    first, second = np.triu_indices(values.shape[0], 1)
    differences = values[first] - values[second]
    return signed_rank(differences, method=method, zero_method=zero_method, alternative=alternative)


def _rank_sizes(differences: NDArray[np.float64], zero_method: ZeroMethod) -> _Ranked:
    size = np.abs(differences)
    order = np.argsort(size, axis=1, kind="stable")
    size = np.take_along_axis(size, order, axis=1)
    sign = np.sign(np.take_along_axis(differences, order, axis=1)).astype(np.int8)
    first, last = _group_bounds(size)
    zeros = (sign == 0).sum(axis=1)
    rank = (first + last) / 2.0 + 1.0
    if zero_method == "wilcox":
        rank = rank - zeros[:, None]
    tied_size = (last - first + 1.0) ** 2 - 1.0
    if zero_method != "zsplit":
        tied_size = np.where(sign == 0, 0.0, tied_size)
    return _Ranked(sign=sign, rank=rank, tied=tied_size.sum(axis=1), zeros=zeros)


def _group_bounds(ascending: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last column of the group of equal values that each column belongs to."""
    rows, n = ascending.shape
    column = np.arange(n)
    differs = ascending[:, 1:] != ascending[:, :-1]
    edge = np.ones((rows, 1), dtype=bool)
    starts = np.concatenate([edge[:, :n], differs], axis=1)
    stops = np.concatenate([differs, edge[:, :n]], axis=1)
    first = np.maximum.accumulate(np.where(starts, column, 0), axis=1)
    last = np.minimum.accumulate(np.where(stops, column, n)[:, ::-1], axis=1)[:, ::-1]
    return first, last


def _deviate(r_plus: NDArray[np.float64], ranked: _Ranked, zero_method: ZeroMethod) -> NDArray[np.float64]:
    zeros = ranked.zeros.astype(np.float64)
    n = np.full_like(r_plus, ranked.sign.shape[1])
    if zero_method == "wilcox":
        n -= zeros
    mean = n * (n + 1.0) / 4.0
    variance = n * (n + 1.0) * (2.0 * n + 1.0)
    if zero_method == "pratt":
        mean -= zeros * (zeros + 1.0) / 4.0
        variance -= zeros * (zeros + 1.0) * (2.0 * zeros + 1.0)
    spread = np.sqrt(np.maximum(variance - ranked.tied / 2.0, 0.0) / 24.0)
    return np.divide(r_plus - mean, spread, out=np.zeros_like(mean), where=spread > 0)


def _normal_p(z: NDArray[np.float64], alternative: Alternative) -> NDArray[np.float64]:
    if alternative == "two-sided":
        return np.asarray(2.0 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z) if alternative == "greater" else ndtr(z))


def _make_exact(
    p: NDArray[np.float64],
    r_plus: NDArray[np.float64],
    ranked: _Ranked,
    method: Method,
    zero_method: ZeroMethod,
    alternative: Alternative,
) -> NDArray[np.bool_]:
    """Replace the p values (in place) of the rows that are to be exact; returns which."""
    n = ranked.sign.shape[1]
    plain = (ranked.tied == 0) & (ranked.zeros == 0)
    if method == "asymptotic" or (method == "auto" and n > EXACT_UP_TO):
        return np.zeros(p.shape, dtype=bool)
    untied = np.ones(p.shape, dtype=bool) if method == "exact" else plain
    for row in np.flatnonzero(untied):
        count = n - int(ranked.zeros[row]) if zero_method == "wilcox" else n
        p[row] = _untied_p(float(r_plus[row]), count, alternative)
    if method == "exact" or n > PERMUTED_UP_TO:
        return untied
    for row in np.flatnonzero(~plain):
        p[row] = _tied_p(ranked.sign[row], ranked.rank[row], alternative)
    return np.ones(p.shape, dtype=bool)


def _untied_p(r_plus: float, n: int, alternative: Alternative) -> float:
    weights = tuple(range(1, n + 1))
    greater = _tail(weights, int(np.floor(r_plus)))
    less = _tail(weights, n * (n + 1) // 2 - int(np.ceil(r_plus)))
    return _pick(greater, less, alternative)


def _tied_p(sign: NDArray[np.int8], rank: NDArray[np.float64], alternative: Alternative) -> float:
    doubled = tuple(int(r) for r in np.rint(2.0 * rank[sign != 0]))
    observed = int(np.rint(2.0 * rank[sign > 0].sum()))
    return _pick(_tail(doubled, observed), _tail(doubled, sum(doubled) - observed), alternative)


def _pick(greater: float, less: float, alternative: Alternative) -> float:
    if alternative == "two-sided":
        return min(1.0, 2.0 * min(greater, less))
    return greater if alternative == "greater" else less


def _tail(weights: tuple[int, ...], at_least: int) -> float:
    """P(sum of a random subset of the weights >= at_least), every subset equally likely."""
    return float(_upper_tails(weights)[max(at_least, 0)])


@lru_cache(maxsize=512)
def _upper_tails(weights: tuple[int, ...]) -> NDArray[np.float64]:
    chance = np.zeros(sum(weights) + 1)
    chance[0] = 1.0
    for weight in weights:
        moved = np.zeros_like(chance)
        moved[weight:] = chance[: chance.size - weight]
        chance = (chance + moved) / 2.0
    return np.cumsum(chance[::-1])[::-1]
