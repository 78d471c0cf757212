"""Regularity of displacement fields."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.fields import Field


def non_diffeomorphic_volume(field: Field, mask: NDArray[Any]) -> float:
    """Non-diffeomorphic volume (Liu et al. 2024, doi 10.1007/s11263-024-02047-1) in percent of the mask.

    ``mask`` is boolean (Z, Y, X); voxels on the volume's faces are left out.  NaN where the mask is
    empty or where a value of the field is not finite.
    """
    inner = np.ascontiguousarray(mask)[1:-1, 1:-1, 1:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        volume = np.float64(kernels.folded_volume(field.planes, np.ascontiguousarray(mask)))
        return float(volume / np.count_nonzero(inner) * 100)


def sd_log_jacobian(field: Field, mask: NDArray[Any] | None = None, *, single: bool = False) -> float:
    """Standard deviation of log |J| (Leow et al. 2007, doi 10.1109/tmi.2007.892646, as Learn2Reg
    computes it).

    Central differences; 3 is added to the determinant before it is clipped to [1e-9, 1e9]; two voxels
    are left out at every face.  ``mask`` (Z, Y, X) keeps the voxels where it is exactly 1.  ``single``
    is the rounding of fields that came as .npz.  The published program also reports a number of
    foldings, which is 0 whatever the field, because it is counted after the clipping; it is left out here.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log((kernels.shifted_determinants(field.planes, single) + 3).clip(1e-9, 1e9))
    if mask is not None:
        logs = logs[mask[2:-2, 2:-2, 2:-2] == 1]
    return float(logs.std()) if logs.size else float("nan")
