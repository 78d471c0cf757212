"""Family-wise corrections of p values."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Correction = Literal["none", "bonferroni", "holm"]


def adjust(p: NDArray[np.float64], correction: Correction) -> NDArray[np.float64]:
    """Adjusted p values of families of tests.

    p: [tests, ...], each in [0, 1]; a family runs along the first axis. Returns the same shape, clipped to
    1. ``holm`` steps down (Holm 1979, Scand. J. Statist. 6:65-70) and is never larger than ``bonferroni``.
    Errors: ValueError for an unknown correction.
    """
    if correction == "none":
        return p.copy()
    if correction == "bonferroni":
        return np.minimum(p * len(p), 1.0)
    if correction == "holm":
        return _holm(p)
    raise ValueError(f"unknown correction {correction!r}")


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p, axis=0, kind="stable")
    factors = np.arange(len(p), 0, -1).reshape(-1, *[1] * (p.ndim - 1))
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, axis=0) * factors, axis=0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(stepped, 1.0), axis=0)
    return adjusted
