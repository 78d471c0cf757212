"""Compiled null distributions of signed ranks, exact without ties or given the ties."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def upper_tails(ranks2: NDArray[np.int64]) -> NDArray[np.float64]:
    """[total + 1]: P(sum of a random subset of ``ranks2`` >= k), every subset equally likely."""
    total = ranks2.sum()
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    reached = 0
    for rank2 in ranks2:
        for k in range(reached, -1, -1):
            chance[k] *= 0.5
            chance[k + rank2] += chance[k]
        reached += rank2
    for k in range(total - 1, -1, -1):
        chance[k] += chance[k + 1]
    return chance


@njit(cache=True, nogil=True)
def tied_tails(
    ends: NDArray[np.bool_],
    sign: NDArray[np.int8],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
    which: NDArray[np.intp],
    zeros_ranked: int,
) -> NDArray[np.float64]:
    """Exact null distribution given the ties, for some rows and resamples.

    ends, sign, case, repeats: as in `signed_rank_sums`. which: [tests, 2], row and resample. zeros_ranked: 1
    when zeros take the first ranks, else 0. Returns [tests, 2]: P(R+ >= observed) and P(R+ <= observed)
    when every sign is a toss of a coin.
    """
    tails = np.empty((len(which), 2))
    for i in range(len(which)):
        row, times = which[i, 0], repeats[:, which[i, 1]]
        ranks2, observed = _doubled_ranks(ends[row], sign[row], case[row], times, zeros_ranked)
        upper = upper_tails(ranks2)
        tails[i, 0] = upper[observed]
        tails[i, 1] = upper[upper.size - 1 - observed]
    return tails


@njit(cache=True, nogil=True)
def _doubled_ranks(
    ends: NDArray[np.bool_],
    sign: NDArray[np.int8],
    case: NDArray[np.int32],
    times: NDArray[np.uint16],
    zeros_ranked: int,
) -> tuple[NDArray[np.int64], int]:
    """Twice the rank of every non-zero difference, repeated ones included, and twice R+."""
    count = 0
    for k in range(sign.size):
        if sign[k] != 0:
            count += times[case[k]]
    ranks2 = np.empty(count, dtype=np.int64)
    before, filled, observed, start = 0, 0, 0, 0
    for k in range(sign.size):
        if not ends[k]:
            continue
        size = 0
        for j in range(start, k + 1):
            size += times[case[j]]
        rank2 = 2 * before + size + 1
        if sign[k] != 0:
            ranks2[filled : filled + size] = rank2
            filled += size
            for j in range(start, k + 1):
                if sign[j] > 0:
                    observed += rank2 * times[case[j]]
        before += size if sign[k] != 0 else zeros_ranked * size
        start = k + 1
    return ranks2, observed
