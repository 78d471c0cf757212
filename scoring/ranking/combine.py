"""Positions, slots, ranks and means: how numbers of methods become scores and ranks.

Methods, or what is combined, run along the last axis; axes before it are resamples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.ranking.scheme import Combine, Ties

TIE_TOLERANCE = 1e-12
"""Numbers closer than this are equal: the last bits depend on the order of summation."""


def competition_ranks(scores: ArrayLike, *, higher_is_better: bool) -> NDArray[np.int64]:
    """Ranks 1, 2, 2, 4 along the last axis; tied ones share the best."""
    array = np.asarray(scores, dtype=np.float64)
    return tied_positions(-array if higher_is_better else array, "best").astype(np.int64)


def slot_scores(standing: NDArray[np.float64], ties: Ties, lowest: float) -> NDArray[np.float64]:
    """Slots evenly spaced from ``lowest`` (worst) to 1 (the largest standing); a single method has 1."""
    m = standing.shape[-1]
    if m == 1:
        return np.ones_like(standing)
    return np.asarray(lowest + (1.0 - lowest) * (m - tied_positions(-standing, ties)) / (m - 1))


def tied_positions(
    ascending: NDArray[np.float64], ties: Ties, tolerance: float = TIE_TOLERANCE
) -> NDArray[np.float64]:
    """Position 1 for the smallest of the last axis; tied ones share the mean, best or worst they cover.

    With tolerance 0 and the mean they are those of `scipy.stats.rankdata`, whose import takes longer than
    that of all the rest of the engine.
    """
    order = np.argsort(ascending, axis=-1, kind="stable")
    values = np.take_along_axis(ascending, order, axis=-1)
    place = np.broadcast_to(np.arange(1, values.shape[-1] + 1, dtype=np.float64), values.shape)
    starts = np.ones(values.shape, dtype=bool)
    starts[..., 1:] = np.diff(values, axis=-1) > tolerance
    stops = np.ones(values.shape, dtype=bool)
    stops[..., :-1] = starts[..., 1:]
    best = np.maximum.accumulate(np.where(starts, place, 0.0), axis=-1)
    worst = np.minimum.accumulate(np.where(stops, place, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    shared = {"mean": (best + worst) / 2.0, "best": best, "worst": worst}[ties]
    positions = np.empty(values.shape)
    np.put_along_axis(positions, order, shared, axis=-1)
    return positions


def combine(values: ArrayLike, weights: Sequence[float], how: Combine) -> NDArray[np.float64]:
    """Weighted mean, geometric mean (0 if one is) or median along the last axis; weights are relative.

    Where the weights below a value make exactly one half, the median is the mean of that value and the next.
    """
    array = np.asarray(values, dtype=np.float64)
    share = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    if how == "mean":
        return np.asarray((array * share).sum(axis=-1))
    if how == "geometric-mean":
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp((np.log(array) * share).sum(axis=-1)))
    order = np.argsort(array, axis=-1, kind="stable")
    reached = np.cumsum(share[order], axis=-1)
    ends = [np.argmax(reached > 0.5 + side, axis=-1) for side in (-TIE_TOLERANCE, TIE_TOLERANCE)]
    ordered = np.take_along_axis(array, order, axis=-1)
    middle = [np.take_along_axis(ordered, end[..., None], axis=-1)[..., 0] for end in ends]
    return np.asarray((middle[0] + middle[1]) / 2.0)
