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
    held = np.zeros((3, repeats.shape[1]), dtype=np.uint16)
    most = _most_held(repeats, 362)
    for row in range(rows):
        if repeats.shape[1] == 1:
            sums[:, row, 0] = _one_resample(ends[row], sign[row], case[row], repeats[:, 0])
            continue
        plus2, positives, zeros, before, tied = sums[:, row]
        singles = np.zeros((repeats.shape[0], 2), dtype=np.int64)
        count = 0
        for k in range(n):
            times = repeats[case[row, k]]
            if sign[row, k] == 0:
                zeros += times
            elif ends[row, k] and (k == 0 or ends[row, k - 1]):
                singles[case[row, k], 0 if sign[row, k] > 0 else 1] += 1
                _hold_single(held, times, sign[row, k])
                count += 1
                if count >= most:
                    _release_singles(plus2, before, held)
                    count = 0
            else:
                if count:
                    _release_singles(plus2, before, held)
                    count = 0
                group += times
                if sign[row, k] > 0:
                    positive += times
                if ends[row, k]:
                    _add_group(plus2, positives, before, tied, group, positive)
        _release_singles(plus2, before, held)
        _finish_singles(plus2, positives, tied, singles, repeats)
    return sums


@njit(cache=True, nogil=True)
def _most_held(repeats: NDArray[np.uint16], root: int) -> int:
    """How many values small counters may take before they overflow; ``root``: see their users."""
    largest = 1
    for c in range(repeats.shape[0]):
        for r in range(repeats.shape[1]):
            largest = max(largest, int(repeats[c, r]))
    return root // largest


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
def _hold_single(held: NDArray[np.uint16], times: NDArray[np.uint16], sign: int) -> None:
    """Count a single difference in 16 bits, several times as many at once as in 64.

    held: [3, resamples], over the singles since the last release: values so far, the sum of these numbers
    over the positive ones, and the positive ones. With k of them, each repeated w times at the most, the sum
    is at most (k w)^2 / 2: below 2^16 while k w <= 362. What depends on a difference alone, the rest of
    2 x rank = 2 x before + t + 1, is for `_finish_singles`.
    """
    reached, below, positive = held
    if sign > 0:
        for r in range(times.size):
            below[r] += times[r] * reached[r]
            reached[r] += times[r]
            positive[r] += times[r]
    else:
        for r in range(times.size):
            reached[r] += times[r]


@njit(cache=True, nogil=True)
def _release_singles(
    plus2: NDArray[np.float64], before: NDArray[np.float64], held: NDArray[np.uint16]
) -> None:
    reached, below, positive = held
    for r in range(before.size):
        plus2[r] += 2.0 * (np.float64(positive[r]) * before[r] + np.float64(below[r]))
        before[r] += np.float64(reached[r])
    held[:] = 0


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
    wins2, reached2 = np.zeros((rows, rows, resamples)), np.zeros((rows, resamples))
    near2 = np.zeros((rows, rows, resamples), dtype=np.uint16)
    held2 = np.zeros((rows, resamples), dtype=np.uint16)
    count = np.zeros(rows, dtype=np.int64)
    # 2 x (values x repeats)^2, the most that 16 bits are to hold, is below 2^16.
    most, start, fullest = _most_held(repeats, 181), 0, 0
    while start < row.size:
        stop = start
        while not ends[stop]:
            stop += 1
        if fullest + stop + 1 - start > most:
            _release_wins(wins2, reached2, near2, held2, count)
            fullest = 0
        if stop + 1 - start > most:
            _add_tied(wins2, reached2, row[start : stop + 1], case[start : stop + 1], repeats)
        else:
            _hold_tied(near2, held2, row[start : stop + 1], case[start : stop + 1], repeats)
            for k in range(start, stop + 1):
                count[row[k]] += 1
                fullest = max(fullest, count[row[k]])
        start = stop + 1
    _release_wins(wins2, reached2, near2, held2, count)
    return wins2


@njit(cache=True, nogil=True)
def _hold_tied(
    near2: NDArray[np.uint16],
    held2: NDArray[np.uint16],
    row: NDArray[np.int32],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
) -> None:
    """Count some equal values against those since the last release, in 16 bits."""
    if row.size == 1:
        _count_wins(near2[row[0]], held2, row[0], repeats[case[0]])
        _reach(held2[row[0]], repeats[case[0]], 2)
        return
    # Below the middle of a group of equal values stands one half of it.
    for k in range(row.size):
        _reach(held2[row[k]], repeats[case[k]], 1)
    for k in range(row.size):
        _count_wins(near2[row[k]], held2, row[k], repeats[case[k]])
    for k in range(row.size):
        _reach(held2[row[k]], repeats[case[k]], 1)


@njit(cache=True, nogil=True)
def _count_wins(
    near2: NDArray[np.uint16], held2: NDArray[np.uint16], rows: int, times: NDArray[np.uint16]
) -> None:
    for b in range(rows):
        for r in range(times.size):
            near2[b, r] += times[r] * held2[b, r]


@njit(cache=True, nogil=True)
def _add_tied(
    wins2: NDArray[np.float64],
    reached2: NDArray[np.float64],
    row: NDArray[np.int32],
    case: NDArray[np.int32],
    repeats: NDArray[np.uint16],
) -> None:
    """`_hold_tied` for more equal values than 16 bits can count, against all before them."""
    own = np.zeros(reached2.shape)
    for k in range(row.size):
        own[row[k]] += repeats[case[k]]
    for a in range(len(own)):
        for b in range(a):
            wins2[a, b] += own[a] * (reached2[b] + own[b])
    reached2 += 2.0 * own


@njit(cache=True, nogil=True)
def _release_wins(
    wins2: NDArray[np.float64],
    reached2: NDArray[np.float64],
    near2: NDArray[np.uint16],
    held2: NDArray[np.uint16],
    count: NDArray[np.int64],
) -> None:
    for a in range(count.size):
        if count[a]:
            for b in range(a):
                _release_wins_of(wins2[a, b], reached2[b], near2[a, b], held2[a])
    for a in range(count.size):
        if count[a]:
            reached2[a] += held2[a]
            held2[a] = 0
            count[a] = 0


@njit(cache=True, nogil=True)
def _release_wins_of(
    wins2: NDArray[np.float64],
    reached2: NDArray[np.float64],
    near2: NDArray[np.uint16],
    held2: NDArray[np.uint16],
) -> None:
    for r in range(wins2.size):
        wins2[r] += 0.5 * np.float64(held2[r]) * reached2[r] + np.float64(near2[r])
        near2[r] = 0


@njit(cache=True, nogil=True)
def _reach(reached: NDArray[np.uint16], times: NDArray[np.uint16], factor: int) -> None:
    for r in range(times.size):
        reached[r] += factor * times[r]
