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
