"""The sums of the tests where every case stands once: values are sorted by themselves, without an order."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SHIFT = np.uint64(1)


def signed_keys(differences: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Differences as whole numbers that sort by size, the lowest bit set for negative ones; ascending.

    The bits of floats that are not negative sort as the floats do, and their sign bit is free. differences:
    [rows, n], finite. Returns [rows, n].
    """
    keys = np.abs(differences).view(np.uint64)
    keys <<= _SHIFT
    keys |= differences < 0
    keys.sort(axis=1)
    return keys


@njit(cache=True, nogil=True)
def sums_of_keys(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """`signed_rank_sums` of the data themselves, of their `signed_keys`: [5, rows]."""
    sums = np.zeros((5, len(keys)))
    for row in range(len(keys)):
        _sum_keys(sums[:, row], keys[row])
    return sums


@njit(cache=True, nogil=True)
def _sum_keys(sums: NDArray[np.float64], keys: NDArray[np.uint64]) -> None:
    n, k, before = keys.size, 0, 0.0
    while k < n and keys[k] < 2:
        k += 1
    sums[2] = k
    while k < n:
        start, negative, size = k, 0, keys[k] >> 1
        while k < n and keys[k] >> 1 == size:
            negative += int(keys[k] & 1)
            k += 1
        group = np.float64(k - start)
        positive = group - negative
        sums[0] += positive * (2.0 * before + group + 1.0)
        sums[1] += positive
        sums[4] += group * (group * group - 1.0)
        before += group
    sums[3] = before


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


@njit(cache=True, nogil=True)
def wins_of_merged(ends: NDArray[np.bool_], row: NDArray[np.int32], rows: int) -> NDArray[np.int64]:
    """Twice the Mann-Whitney U of row a over row b for a > b, [rows, rows], of all values ascending together.

    ends, row: as in `win_sums`. Faster than `wins_of_rows` where rows are many: it does not walk every pair.
    """
    wins2 = np.zeros((rows, rows), dtype=np.int64)
    reached2 = np.zeros(rows, dtype=np.int64)
    start = 0
    while start < row.size:
        stop = start
        while not ends[stop]:
            stop += 1
        for k in range(start, stop + 1):
            reached2[row[k]] += 1
        for k in range(start, stop + 1):
            for b in range(row[k]):
                wins2[row[k], b] += reached2[b]
        for k in range(start, stop + 1):
            reached2[row[k]] += 1
        start = stop + 1
    return wins2
