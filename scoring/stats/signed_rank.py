"""Wilcoxon's signed-rank test for many rows at once, exact or asymptotic decided row by row.

`scipy.stats.wilcoxon(axis=...)` decides once for the whole batch: a single tied row changes the p values
of all others. Here every row gets what scipy gives when it is called with that row alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from scoring import kernels
from scoring.stats.threads import in_threads

Alternative = Literal["two-sided", "greater", "less"]
Method = Literal["auto", "exact", "asymptotic"]
ZeroMethod = Literal["wilcox", "pratt", "zsplit"]

EXACT_UP_TO = 50
"""Differences up to which ``auto`` is exact, when a row has neither zeros nor ties (as scipy does)."""

PERMUTED_UP_TO = 13
"""Differences up to which ``auto`` is exact for rows with zeros or ties (as scipy does, by permutation)."""

BLOCK = 250
"""Resamples taken together: their sums stay in the processor's cache."""


CHUNK = 1 << 20
"""Differences sorted in one go."""


@dataclass(frozen=True, slots=True, eq=False)
class SignedRank:
    """Signed-rank tests; all arrays have the shape [rows], or [rows, resamples] for resampled tests.

    r_plus, r_minus: rank sums of the positive and negative differences. z: normal deviate (0 where all
    differences are zero). p: p value (1 where all differences are zero: a tie, not an error).
    effect: matched-pairs rank-biserial correlation, the difference of the rank sums over their sum, zeros
    left out; 0 for a tie (Kerby 2014, doi 10.2466/11.IT.3.1). nonzero: differences that are not zero.
    exact: which p are exact.
    """

    r_plus: NDArray[np.float64]
    r_minus: NDArray[np.float64]
    z: NDArray[np.float64]
    p: NDArray[np.float64]
    effect: NDArray[np.float64]
    nonzero: NDArray[np.int64]
    exact: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Options:
    """How a signed-rank test is run; see `signed_rank`."""

    method: Method = "auto"
    zero_method: ZeroMethod = "wilcox"
    alternative: Alternative = "two-sided"


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Differences by increasing size, [rows, n]; see `signed_rank_sums`."""

    ends: NDArray[np.bool_]
    sign: NDArray[np.int8]
    case: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """[rows, resamples]; count: all differences."""

    r_plus: NDArray[np.float64]
    zeros: NDArray[np.float64]
    count: NDArray[np.float64]
    tied: NDArray[np.float64]


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
    Errors: ValueError for a difference that is not finite.
    """
    case, repeats = _each_once(differences.shape[1])
    options = Options(method, zero_method, alternative)
    rows = np.arange(len(differences))
    return _once(_tests(lambda chunk: differences[chunk], rows, case, repeats, options))


def signed_rank_pairs(
    values: NDArray[np.float64],
    *,
    method: Method = "auto",
    zero_method: ZeroMethod = "wilcox",
    alternative: Alternative = "two-sided",
) -> SignedRank:
    """Signed-rank tests of all pairs of rows a < b of ``values`` [m, n], ordered as `np.triu_indices(m, 1)`.

    Positive differences mean that row a is the larger one. Fields have shape [m (m - 1) / 2].
    """
    case, repeats = _each_once(values.shape[1])
    options = Options(method, zero_method, alternative)
    return _once(resampled_signed_rank_pairs(values, case, repeats, options))


def resampled_signed_rank_pairs(
    values: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16], options: Options
) -> SignedRank:
    """`signed_rank_pairs` for every resample of cases, as if its cases stood in ``values`` repeatedly.

    values: [m, n]. case: [n], the case a column belongs to. repeats: [resamples, cases].
    Fields have shape [m (m - 1) / 2, resamples].
    """
    first, second = np.triu_indices(values.shape[0], 1)
    pairs = np.arange(first.size)
    return _tests(lambda chunk: values[first[chunk]] - values[second[chunk]], pairs, case, repeats, options)


def resampled_rank_biserial(
    differences: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16]
) -> NDArray[np.float64]:
    """`SignedRank.effect` of paired differences under every resample, and nothing else: [rows, resamples].

    differences: [rows, n], finite. case: [n], the case a column belongs to. repeats: [resamples, cases].
    """
    ordered = _sort(differences, case)
    sums = kernels.signed_rank_sums(ordered.ends, ordered.sign, ordered.case, np.ascontiguousarray(repeats.T))
    total2 = sums[3] * (sums[3] + 1.0)
    return np.asarray(np.divide(2.0 * sums[0] - total2, total2, out=np.zeros_like(total2), where=total2 > 0))


def _each_once(n: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    return np.arange(n, dtype=np.int32), np.ones((1, n), dtype=np.uint16)


def _once(tests: SignedRank) -> SignedRank:
    return SignedRank(*(getattr(tests, name)[:, 0] for name in SignedRank.__slots__))


def _tests(
    differences: Callable[[NDArray[np.intp]], NDArray[np.float64]],
    rows: NDArray[np.intp],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
    options: Options,
) -> SignedRank:
    blocks = [np.ascontiguousarray(repeats[i : i + BLOCK].T) for i in range(0, max(len(repeats), 1), BLOCK)]

    # One method alone has no pair, and nothing can be stacked.
    once = rows.size > 0 and case.size > EXACT_UP_TO and len(repeats) == 1 and bool((repeats == 1).all())

    def run(chunk: NDArray[np.intp]) -> SignedRank:
        if once:
            return _test_once(differences(chunk), options)
        ordered = _sort(differences(chunk), case)
        return _join([_test(ordered, block, options) for block in blocks], axis=1)

    size = max(1, CHUNK // max(case.size, 1))
    chunks = [rows[i : i + size] for i in range(0, max(rows.size, 1), size)]
    return _join(in_threads(run, chunks), axis=0)


def _join(parts: list[SignedRank], axis: int) -> SignedRank:
    return SignedRank(
        *(np.concatenate([getattr(p, name) for p in parts], axis=axis) for name in SignedRank.__slots__)
    )


def _test_once(differences: NDArray[np.float64], options: Options) -> SignedRank:
    """Some rows of the data themselves, too long for a distribution given the ties."""
    _refuse_gaps(differences)
    return _from_sums(kernels.sums_of_keys(kernels.signed_keys(differences))[:, :, None], options)


def _refuse_gaps(differences: NDArray[np.float64]) -> None:
    if not np.isfinite(differences).all():
        raise ValueError("signed ranks need finite differences")


def _sort(differences: NDArray[np.float64], case: NDArray[np.int32]) -> _Sorted:
    _refuse_gaps(differences)
    order = np.argsort(np.abs(differences), axis=1)
    ascending = np.take_along_axis(differences, order, axis=1)
    size = np.abs(ascending)
    ends = np.ones(size.shape, dtype=bool)
    np.not_equal(size[:, 1:], size[:, :-1], out=ends[:, :-1])
    sign = (ascending > 0).view(np.int8) - (ascending < 0).view(np.int8)
    return _Sorted(ends=ends, sign=sign, case=case[order])


def _test(ordered: _Sorted, repeats: NDArray[np.uint16], options: Options) -> SignedRank:
    """Some rows under a block of resamples, [cases, resamples]."""
    sums = kernels.signed_rank_sums(ordered.ends, ordered.sign, ordered.case, repeats)

    def tails(which: NDArray[np.intp]) -> NDArray[np.float64]:
        zeros_ranked = int(options.zero_method != "wilcox")
        tails = kernels.tied_tails(ordered.ends, ordered.sign, ordered.case, repeats, which, zeros_ranked)
        return np.asarray(tails)

    return _from_sums(sums, options, tails)


def _from_sums(
    sums: NDArray[np.float64],
    options: Options,
    tails: Callable[[NDArray[np.intp]], NDArray[np.float64]] | None = None,
) -> SignedRank:
    """sums: of `signed_rank_sums`. tails: of the tests in `tied_tails`; None where no row is so short."""
    plus2, positives, zeros, others, tied = sums
    r_plus, total = plus2 / 2.0, others * (others + 1.0) / 2.0
    if options.zero_method != "wilcox":
        # Zeros take the first ranks: every other difference stands that much higher.
        r_plus, total = r_plus + zeros * positives, total + zeros * others
    r_minus = total - r_plus
    effect = np.divide(r_plus - r_minus, total, out=np.zeros_like(total), where=total > 0)
    if options.zero_method == "zsplit":
        at_zero = zeros * (zeros + 1.0) / 4.0
        r_plus, r_minus, tied = r_plus + at_zero, r_minus + at_zero, tied + zeros * (zeros * zeros - 1.0)
    found = _Sums(r_plus=r_plus, zeros=zeros, count=others + zeros, tied=tied)
    z = _deviate(found, options.zero_method)
    p = _normal_p(z, options.alternative)
    exact = _make_exact(p, found, options, tails)
    p[others == 0] = 1.0
    nonzero = others.astype(np.int64)
    return SignedRank(r_plus=r_plus, r_minus=r_minus, z=z, p=p, effect=effect, nonzero=nonzero, exact=exact)


def _deviate(sums: _Sums, zero_method: ZeroMethod) -> NDArray[np.float64]:
    zeros = sums.zeros
    n = sums.count - zeros if zero_method == "wilcox" else sums.count
    mean = n * (n + 1.0) / 4.0
    variance = n * (n + 1.0) * (2.0 * n + 1.0)
    if zero_method == "pratt":
        mean = mean - zeros * (zeros + 1.0) / 4.0
        variance = variance - zeros * (zeros + 1.0) * (2.0 * zeros + 1.0)
    spread = np.sqrt(np.maximum(variance - sums.tied / 2.0, 0.0) / 24.0)
    return np.divide(sums.r_plus - mean, spread, out=np.zeros_like(mean), where=spread > 0)


def _normal_p(z: NDArray[np.float64], alternative: Alternative) -> NDArray[np.float64]:
    if alternative == "two-sided":
        return np.asarray(2.0 * scipy.special.ndtr(-np.abs(z)))
    return np.asarray(scipy.special.ndtr(-z) if alternative == "greater" else scipy.special.ndtr(z))


def _make_exact(
    p: NDArray[np.float64],
    sums: _Sums,
    options: Options,
    tails: Callable[[NDArray[np.intp]], NDArray[np.float64]] | None,
) -> NDArray[np.bool_]:
    """Replace the p values (in place) of the tests that are to be exact; returns which."""
    plain = (sums.tied == 0) & (sums.zeros == 0)
    untied = {
        "asymptotic": np.zeros(p.shape, dtype=bool),
        "exact": np.ones(p.shape, dtype=bool),
        "auto": plain & (sums.count <= EXACT_UP_TO),
    }[options.method]
    n = sums.count - sums.zeros if options.zero_method == "wilcox" else sums.count
    for place in zip(*np.nonzero(untied), strict=True):
        p[place] = _untied_p(float(sums.r_plus[place]), int(n[place]), options.alternative)
    tied = (sums.count <= PERMUTED_UP_TO) & ~plain & (options.method == "auto")
    which = np.argwhere(tied)
    if which.size and tails is not None:
        p[tied] = [_pick(greater, less, options.alternative) for greater, less in tails(which)]
    return np.asarray(untied | tied)


def _untied_p(r_plus: float, n: int, alternative: Alternative) -> float:
    tails = _untied_tails(n)
    greater = float(tails[max(int(np.floor(r_plus)), 0)])
    less = float(tails[max(n * (n + 1) // 2 - int(np.ceil(r_plus)), 0)])
    return _pick(greater, less, alternative)


def _pick(greater: float, less: float, alternative: Alternative) -> float:
    if alternative == "two-sided":
        return min(1.0, 2.0 * min(greater, less))
    return greater if alternative == "greater" else less


@lru_cache(maxsize=128)
def _untied_tails(n: int) -> NDArray[np.float64]:
    tails: NDArray[np.float64] = kernels.upper_tails(np.arange(1, n + 1, dtype=np.int64))
    return tails
