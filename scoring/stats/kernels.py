"""Compiled loops of the tests: every value counts as often as its case is repeated.

A resample is a vector of repeats, one per case; the data themselves are one resample, of ones. Values are
sorted once and the sorted order serves every resample. Loops run over resamples innermost, so that they
vectorise. Sums of ranks are kept doubled: they are whole numbers, exact in float64 below 2^53.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def signed_rank_sums(
    ends: NDArray[np.bool_], sign: NDArray[np.int8], case: NDArray[np.int32], repeats: NDArray[np.uint16]
) -> NDArray[np.float64]:
    """Rank sums of the positive differences of every row under every resample, zeros taking no ranks.

    ends, sign, case: [rows, n], differences by increasing size; ``ends`` marks the last of each group of
    equal sizes. repeats: [cases, resamples]. Returns [5, rows, resamples]: twice the rank sum of the positive
    differences; their number; number of zeros; number of the others; sum of t^3 - t over groups of equal
    non-zero sizes.
    """
    rows, n = sign.shape
    sums = np.zeros((5, rows, repeats.shape[1]))
    group = np.zeros(repeats.shape[1])
    positive = np.zeros(repeats.shape[1])
    for row in range(rows):
        if repeats.shape[1] == 1:
            sums[:, row, 0] = _one_resample(ends[row], sign[row], case[row], repeats[:, 0])
            continue
        plus2, positives, zeros, before, tied = sums[:, row]
        singles = np.zeros((repeats.shape[0], 2), dtype=np.int64)
        for k in range(n):
            times = repeats[case[row, k]]
            if sign[row, k] == 0:
                zeros += times
            elif ends[row, k] and (k == 0 or ends[row, k - 1]):
                singles[case[row, k], 0 if sign[row, k] > 0 else 1] += 1
                _add_single(plus2, before, times, sign[row, k])
            else:
                group += times
                if sign[row, k] > 0:
                    positive += times
                if ends[row, k]:
                    _add_group(plus2, positives, before, tied, group, positive)
        _finish_singles(plus2, positives, tied, singles, repeats)
    return sums


@njit(cache=True, nogil=True)
def _one_resample(
    ends: NDArray[np.bool_], sign: NDArray[np.int8], case: NDArray[np.int32], times: NDArray[np.uint16]
) -> NDArray[np.float64]:
    """The sums of one row under one resample: without arrays of resamples, many times as fast."""
    plus2, positives, zeros, before, tied, group, positive = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(sign.size):
        t = np.float64(times[case[k]])
        if sign[k] == 0:
            zeros += t
            continue
        group += t
        if sign[k] > 0:
            positive += t
        if ends[k]:
            plus2 += positive * (2.0 * before + group + 1.0)
            positives += positive
            tied += group * (group * group - 1.0)
            before += group
            group = 0.0
            positive = 0.0
    return np.array([plus2, positives, zeros, before, tied])


@njit(cache=True, nogil=True)
def _add_single(
    plus2: NDArray[np.float64], before: NDArray[np.float64], times: NDArray[np.uint16], sign: int
) -> None:
    """What depends on the order; the rest of 2 x rank = 2 x before + t + 1 is for `_finish_singles`."""
    if sign > 0:
        for r in range(before.size):
            plus2[r] += 2.0 * times[r] * before[r]
            before[r] += times[r]
    else:
        for r in range(before.size):
            before[r] += times[r]


@njit(cache=True, nogil=True)
def _finish_singles(
    plus2: NDArray[np.float64],
    positives: NDArray[np.float64],
    tied: NDArray[np.float64],
    singles: NDArray[np.int64],
    repeats: NDArray[np.uint16],
) -> None:
    """singles: [cases, 2], positive and negative differences that no other ties with."""
    for c in range(len(singles)):
        plus = np.float64(singles[c, 0])
        both = plus + singles[c, 1]
        for r in range(plus2.size):
            t = np.float64(repeats[c, r])
            plus2[r] += plus * t * (t + 1.0)
            positives[r] += plus * t
            tied[r] += both * t * (t * t - 1.0)


@njit(cache=True, nogil=True)
def _add_group(
    plus2: NDArray[np.float64],
    positives: NDArray[np.float64],
    before: NDArray[np.float64],
    tied: NDArray[np.float64],
    group: NDArray[np.float64],
    positive: NDArray[np.float64],
) -> None:
    for r in range(before.size):
        t = group[r]
        plus2[r] += positive[r] * (2.0 * before[r] + t + 1.0)
        positives[r] += positive[r]
        tied[r] += t * (t * t - 1.0)
        before[r] += t
        group[r] = 0.0
        positive[r] = 0.0


@njit(cache=True, nogil=True)
def win_sums(
    ends: NDArray[np.bool_],
    row: NDArray[np.int32],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
    rows: int,
) -> NDArray[np.float64]:
    """Twice the Mann-Whitney U of row a over row b for a > b, under every resample: [a, b, resamples].

    ends, row, case: [values], all values of all rows ascending; ``ends`` marks the last of equal ones.
    repeats: [cases, resamples]. Entries with a <= b are left zero.
    """
    resamples = repeats.shape[1]
    wins2 = np.zeros((rows, rows, resamples))
    if resamples == 1:
        _wins_once(wins2[:, :, 0], ends, row, case, repeats[:, 0])
        return wins2
    reached2 = np.zeros(rows * resamples)
    start = 0
    while start < row.size:
        stop = start
        while not ends[stop]:
            stop += 1
        # Below the middle of a group of equal values stands one half of it.
        for k in range(start, stop + 1):
            _reach(reached2, row[k] * resamples, repeats[case[k]])
        for k in range(start, stop + 1):
            _count_wins(wins2[row[k]].reshape(-1), reached2, row[k], repeats[case[k]])
        for k in range(start, stop + 1):
            _reach(reached2, row[k] * resamples, repeats[case[k]])
        start = stop + 1
    return wins2


@njit(cache=True, nogil=True)
def _wins_once(
    wins2: NDArray[np.float64],
    ends: NDArray[np.bool_],
    row: NDArray[np.int32],
    case: NDArray[np.int32],
    times: NDArray[np.uint16],
) -> None:
    """`win_sums` of one resample, into wins2 [rows, rows]."""
    reached2 = np.zeros(len(wins2))
    start = 0
    while start < row.size:
        stop = start
        while not ends[stop]:
            stop += 1
        for k in range(start, stop + 1):
            reached2[row[k]] += times[case[k]]
        for k in range(start, stop + 1):
            a, t = row[k], np.float64(times[case[k]])
            for b in range(a):
                wins2[a, b] += t * reached2[b]
        for k in range(start, stop + 1):
            reached2[row[k]] += times[case[k]]
        start = stop + 1


@njit(cache=True, nogil=True)
def _reach(reached2: NDArray[np.float64], start: int, times: NDArray[np.uint16]) -> None:
    for r in range(times.size):
        reached2[start + r] += times[r]


@njit(cache=True, nogil=True)
def _count_wins(
    wins2: NDArray[np.float64], reached2: NDArray[np.float64], below: int, times: NDArray[np.uint16]
) -> None:
    """wins2, reached2: [rows x resamples], flat."""
    for b in range(below):
        start = b * times.size
        for r in range(times.size):
            wins2[start + r] += times[r] * reached2[start + r]


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
