"""The sums of the tests where every case stands once: values are sorted by themselves, without an order."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SHIFT = np.uint64(1)


def signed_keys(differences: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Differences as whole numbers that sort by size, the lowest bit set for negative ones; ascending.

    The bits of floats that are not negative sort as the floats do, and their sign bit is free. differences:
    [n], finite. Returns [n].
    """
    keys = np.abs(differences).view(np.uint64)
    keys <<= _SHIFT
    keys |= differences < 0
    keys.sort()
    return keys


@njit(cache=True, nogil=True)
def sums_of_keys(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """`signed_rank_sums` of one row, of its `signed_keys`: [5]."""
    n, k = keys.size, 0
    while k < n and keys[k] < 2:
        k += 1
    zeros = k
    plus2, positives, before, tied = 0.0, 0.0, 0.0, 0.0
    while k < n:
        start, negative, size = k, 0, keys[k] >> 1
        while k < n and keys[k] >> 1 == size:
            negative += int(keys[k] & 1)
            k += 1
        group = np.float64(k - start)
        positive = group - negative
        plus2 += positive * (2.0 * before + group + 1.0)
        positives += positive
        tied += group * (group * group - 1.0)
        before += group
    return np.array([plus2, positives, np.float64(zeros), before, tied])


@njit(cache=True, nogil=True)
def wins_of_rows(rows: NDArray[np.float64], a: int) -> NDArray[np.float64]:
    """Twice the Mann-Whitney U of row ``a`` over each row before it, [a]. rows: [m, n], each ascending."""
    wins2 = np.empty(a)
    for b in range(a):
        wins2[b] = _wins_of_row(rows[a], rows[b])
    return wins2


@njit(cache=True, nogil=True)
def _wins_of_row(own: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """Two ascending rows, walked as if they were merged; without branches but for ties."""
    n, i, below, wins2 = own.size, 0, 0, 0
    while i < n and below < n:
        value, rival = own[i], other[below]
        if value == rival:
            here, there = i, below
            while i < n and own[i] == value:
                i += 1
            while below < n and other[below] == value:
                below += 1
            wins2 += (i - here) * (there + below)
            continue
        passed = int(rival < value)
        wins2 += 2 * (1 - passed) * below
        below += passed
        i += 1 - passed
    return wins2 + 2 * (n - i) * below
