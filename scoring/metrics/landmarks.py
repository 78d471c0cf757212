"""Target registration error of landmarks (Fitzpatrick et al. 1998, doi 10.1109/42.736021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from scoring import kernels
from scoring.fields import Field


def centres(ids: NDArray[Any], n_ids: int) -> NDArray[np.float64]:
    """Centre of mass of each id but the last (``rest``) as X, Y, Z in voxels; NaN where it does not occur."""
    sums = kernels.moments(ids, n_ids)
    with np.errstate(invalid="ignore"):
        result: NDArray[np.float64] = sums[:, 1:] / sums[:, :1]
    return result


def volume_errors(fixed: NDArray[Any], warped: NDArray[Any], n_ids: int) -> NDArray[np.float64]:
    """Distance (voxels) between the centres of each landmark in fixed and in the warped moving volume."""
    # np.power and the sum over axis 1, not a norm: their last bits are the official evaluator's
    offsets = centres(warped, n_ids) - centres(fixed, n_ids)
    distances: NDArray[np.float64] = np.sqrt(np.sum(np.power(offsets, 2), 1))
    return distances


def moved_points(field: Field, fixed: NDArray[np.float64], *, single: bool = False) -> NDArray[np.float64]:
    """Fixed points (n, 3: X, Y, Z in voxels) moved by the field.

    The field is read between voxels by cubic splines, as in the Learn2Reg program, and is 0 outside the
    volume. ``single`` is the rounding of fields that came as .npz.
    """
    kind = np.float32 if single else np.float64
    moved = np.stack(
        [scipy.ndimage.map_coordinates(field.values[..., c], fixed.T, output=kind) for c in range(3)], 1
    )
    points: NDArray[np.float64] = fixed + moved
    return points


def point_errors(
    field: Field,
    fixed: NDArray[np.float64],
    moving: NDArray[np.float64],
    spacing_mm: Sequence[float],
    *,
    single: bool = False,
) -> NDArray[np.float64]:
    """Distance (mm) of each fixed point (n, 3: X, Y, Z in voxels), moved by the field, to its moving point.

    ``single`` as in ``moved_points``.  ``spacing_mm`` is the moving image's.
    """
    offsets = moved_points(field, fixed, single=single) - moving
    distances: NDArray[np.float64] = np.linalg.norm(offsets * np.asarray(spacing_mm), axis=1)
    return distances
