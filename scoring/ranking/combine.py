"""Positions, slots, ranks and means: how numbers of methods become scores and ranks."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from scoring.ranking.scheme import Combine, Ties

TIE_DECIMALS = 12
"""Scores that agree to this many decimals share a rank: the last bits depend on the order of summation."""

_RANKDATA: Mapping[Ties, Literal["average", "min", "max"]] = {
    "mean": "average",
    "best": "min",
    "worst": "max",
}


def competition_ranks(scores: Sequence[float | None], *, higher_is_better: bool) -> list[int]:
    """Ranks 1, 2, 2, 4: one more than the number of better scores. None is worse than any score."""
    sign = -1.0 if higher_is_better else 1.0
    keys = [math.inf if s is None else round(sign * s, TIE_DECIMALS) for s in scores]
    return [1 + sum(other < key for other in keys) for key in keys]


def combine(values: Sequence[float], weights: Sequence[float], how: Combine) -> float:
    """Weighted mean, geometric mean or median (the lower and upper weighted medians' mean); weights are
    relative."""
    total = math.fsum(weights)
    if how == "mean":
        return math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
    if how == "median":
        return _weighted_median(values, weights)
    if min(values) <= 0:
        return 0.0
    return math.exp(math.fsum(w * math.log(v) for w, v in zip(weights, values, strict=True)) / total)


def _weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    ordered = sorted(zip(values, weights, strict=True))
    half = math.fsum(weights) / 2.0
    reached = 0.0
    for i, (value, weight) in enumerate(ordered):
        reached += weight
        if math.isclose(reached, half) and i + 1 < len(ordered):
            return (value + ordered[i + 1][0]) / 2.0
        if reached > half:
            return value
    return ordered[-1][0]


def slot_scores(standing: NDArray[np.float64], ties: Ties, lowest: float) -> NDArray[np.float64]:
    """Slots evenly spaced from ``lowest`` (worst) to 1 (the largest standing); a single method has 1."""
    if standing.size == 1:
        return np.ones(1)
    position = tied_positions(-standing, ties)
    return np.asarray(lowest + (1.0 - lowest) * (standing.size - position) / (standing.size - 1))


def tied_positions(ascending: NDArray[np.float64], ties: Ties) -> NDArray[np.float64]:
    """Position 1 for the smallest; tied ones share the mean, best or worst of the positions they cover."""
    # Standings that are means carry rounding noise; counts are not touched by it.
    return rankdata(np.round(ascending, TIE_DECIMALS), method=_RANKDATA[ties])
