"""Target registration error of landmarks (Fitzpatrick et al. 1998, doi 10.1109/42.736021)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels


def centres(ids: NDArray[Any], n_ids: int) -> NDArray[np.float64]:
    """Centre of mass of each id but the last (``rest``) as X, Y, Z in voxels; NaN where it does not occur."""
    sums = kernels.moments(ids, n_ids)[:-1]
    with np.errstate(invalid="ignore"):
        result: NDArray[np.float64] = sums[:, 1:] / sums[:, :1]
    return result


def volume_errors(fixed: NDArray[Any], warped: NDArray[Any], n_ids: int) -> NDArray[np.float64]:
    """Distance (voxels) between the centres of each landmark in fixed and in the warped moving volume."""
    # np.power and the sum over axis 1, not a norm: their last bits are the official evaluator's
    offsets = centres(warped, n_ids) - centres(fixed, n_ids)
    distances: NDArray[np.float64] = np.sqrt(np.sum(np.power(offsets, 2), 1))
    return distances
