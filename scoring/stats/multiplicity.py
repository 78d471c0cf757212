"""Family-wise corrections of p values."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Correction = Literal["none", "bonferroni", "holm"]


def adjust(p: NDArray[np.float64], correction: Correction) -> NDArray[np.float64]:
    """Adjusted p values of one family of tests.

    p: [tests], each in [0, 1]. Returns [tests], clipped to 1. ``holm`` steps down (Holm 1979,
    Scand. J. Statist. 6:65-70) and is never larger than ``bonferroni``.
    """
    if correction == "none":
        return p.copy()
    if correction == "bonferroni":
        return np.minimum(p * p.size, 1.0)
    if correction == "holm":
        return _holm(p)
    raise ValueError(f"unknown correction {correction!r}")


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
