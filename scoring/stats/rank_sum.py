"""Wilcoxon's rank-sum test of every pair of rows, from one sort of all values together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from scoring import kernels
from scoring.stats.threads import in_threads

Alternative = Literal["two-sided", "greater"]

_CACHED_SUMS = 131_072
"""Sums a block of resamples may keep: a megabyte of the processor's cache."""

_WALKED_PAIRWISE = 48
"""Rows up to which walking every pair is faster than sorting all values together."""

_FEWEST = 32
"""Resamples of a block all the same: loops over fewer do not pay."""


@dataclass(frozen=True, slots=True, eq=False)
class RankSum:
    """Rank-sum tests of all pairs of rows a < b, ordered as `np.triu_indices(m, 1)`.

    Shape [pairs], or [pairs, resamples] for resampled tests. u: Mann-Whitney U of row a over row b (a tie
    counts one half). z: as `scipy.stats.ranksums` defines it, without correction for ties; positive where
    row a is the larger one, 0 without values. p: of the alternative, 1 without values.
    """

    u: NDArray[np.float64]
    z: NDArray[np.float64]
    p: NDArray[np.float64]


def rank_sum_pairs(values: NDArray[np.float64], *, alternative: Alternative = "two-sided") -> RankSum:
    """`scipy.stats.ranksums` of every pair of rows, as two independent samples.

    values: [m, n], finite. ``greater``: row a being the larger one. Errors: ValueError for non-finite values.
    """
    n = values.shape[1]
    once = np.ones((1, n), dtype=np.uint16)
    tests = resampled_rank_sum_pairs(values, np.arange(n, dtype=np.int32), once, alternative=alternative)
    return RankSum(u=tests.u[:, 0], z=tests.z[:, 0], p=tests.p[:, 0])


def resampled_rank_sum_pairs(
    values: NDArray[np.float64],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
    *,
    alternative: Alternative = "two-sided",
) -> RankSum:
    """`rank_sum_pairs` for every resample of cases, as if its cases stood in ``values`` repeatedly.

    values: [m, n]. case: [n], the case a column belongs to. repeats: [resamples, cases].
    """
    if not np.isfinite(values).all():
        raise ValueError("rank sums need finite values")
    wins2 = _wins_once(values) if _is_data(repeats) else _wins(values, case, repeats)
    n = _sizes(case, repeats)
    first, second = np.triu_indices(values.shape[0], 1)
    u = n * n - wins2[second, first] / 2.0
    spread = np.sqrt(n * n * (2.0 * n + 1.0) / 12.0)
    z = np.divide(u - n * n / 2.0, spread, out=np.zeros_like(u), where=spread > 0)
    p = scipy.special.ndtr(-z) if alternative == "greater" else 2.0 * scipy.special.ndtr(-np.abs(z))
    return RankSum(u=u, z=z, p=np.where(spread > 0, p, 1.0))


def _sizes(case: NDArray[np.int32], repeats: NDArray[np.uint16]) -> NDArray[np.float64]:
    """[resamples]: values of one row."""
    per_case = np.bincount(case, minlength=repeats.shape[1]).astype(np.float64)
    return np.asarray(repeats @ per_case)


def _is_data(repeats: NDArray[np.uint16]) -> bool:
    """Whether the only resample is the data themselves."""
    return len(repeats) == 1 and bool((repeats == 1).all())


def _wins_once(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`_wins` of the data themselves, [m, m, 1]."""
    if len(values) > _WALKED_PAIRWISE:
        ends, row, _ = _merged(values)
        return np.asarray(kernels.wins_of_merged(ends, row, len(values))[:, :, None], dtype=np.float64)
    rows = np.empty(values.shape)
    wins2 = np.zeros((len(values), len(values), 1))

    def sort(row: int) -> None:
        rows[row] = np.sort(values[row])

    def count(row: int) -> None:
        wins2[row, :row, 0] = kernels.wins_of_rows(rows, row)

    in_threads(sort, range(len(values)))
    in_threads(count, range(len(values)))
    return wins2


def _wins(
    values: NDArray[np.float64], case: NDArray[np.int32], repeats: NDArray[np.uint16]
) -> NDArray[np.float64]:
    m = len(values)
    ends, row, column = _merged(values)
    case = case[column]
    size = max(_FEWEST, _CACHED_SUMS // max(m * m, 1))
    blocks = [np.ascontiguousarray(repeats[i : i + size].T) for i in range(0, len(repeats), size)]
    sums = in_threads(lambda block: kernels.win_sums(ends, row, case, block, m), blocks)
    return np.concatenate(sums, axis=2)


def _merged(values: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.uint32]]:
    """All values ascending: which end a group of equal ones, their rows and columns."""
    n = values.shape[1]
    if values.size >= 1 << 32:
        raise ValueError("rank sums of more than 2^32 values")
    flat = values.ravel()
    order = np.argsort(flat)
    ascending = flat[order]
    ends = np.ones(order.size, dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=ends[:-1])
    place = order.astype(np.uint32)
    row = (place // max(n, 1)).astype(np.int32)
    return ends, row, place - row.astype(np.uint32) * np.uint32(n)
