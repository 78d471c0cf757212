"""Dice similarity coefficient (Dice 1945, doi 10.2307/1932409)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels


def dice(fixed: NDArray[Any], moving: NDArray[Any], warped: NDArray[Any], n_ids: int) -> NDArray[np.float64]:
    """Dice of every id between fixed and warped; shape (n_ids,).

    NaN where the id is absent in fixed or in the *unwarped* moving image; 0 where only the warp loses it.
    """
    n_fixed, n_warped, n_both = kernels.overlap_counts(fixed, warped, n_ids)
    with np.errstate(invalid="ignore"):
        values: NDArray[np.float64] = 2 * n_both / (n_fixed + n_warped)
    values[~present(n_fixed, moving, n_ids)] = np.nan
    return values


def present(n_fixed: NDArray[np.int64], moving: NDArray[Any], n_ids: int) -> NDArray[np.bool_]:
    """Which ids occur both in fixed and in the unwarped moving image."""
    both: NDArray[np.bool_] = (n_fixed > 0) & (kernels.count_ids(moving, n_ids) > 0)
    return both
