"""Regularity of displacement fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.fields import Field
from scoring.warp import Region


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


@dataclass(frozen=True)
class Determinants:
    """Jacobian determinants of identity + field at the voxels of a region; float64 (Z, Y, X), NaN on faces.

    ``central``: by central differences, the mean of the eight one-sided determinants.  ``least``: the
    smallest of the ten that the non-diffeomorphic volume sums; the voxel folds where it is not positive.
    ``folded``: the voxel's part of that sum, in voxels.
    """

    central: NDArray[np.float64]
    least: NDArray[np.float64]
    folded: NDArray[np.float64]


# The neighbours (z, y, x) whose differences make the two determinants of the corner tetrahedra.
_TETRAHEDRA = (((0, -1, -1), (-1, 0, -1), (-1, -1, 0)), ((0, 1, 1), (1, 1, 0), (1, 0, 1)))


def determinants(field: Field, region: Region) -> Determinants:
    """The ten determinants of Liu et al. 2024 (doi 10.1007/s11263-024-02047-1), voxel by voxel.

    Over the same voxels ``folded`` sums to what ``non_diffeomorphic_volume`` counts.  The region's slices
    have no steps.
    """
    targets = _targets(field, region)
    inner = tuple(slice(1, n - 1) for n in targets.shape[1:])

    def moved(*by: int) -> NDArray[np.float64]:
        return targets[
            (slice(None), *(slice(1 + d, d + n - 1) for d, n in zip(by, targets.shape[1:], strict=True)))
        ]

    here = targets[(slice(None), *inner)]
    steps = [
        [sign * (moved(*(sign * (axis == at) for at in (2, 1, 0))) - here) for sign in (-1, 1)]
        for axis in range(3)
    ]
    dets = [_det(x, y, z) for x in steps[0] for y in steps[1] for z in steps[2]]
    central = np.mean(dets, axis=0)
    dets += [_det(*(moved(*by) - here for by in edges)) for edges in _TETRAHEDRA]
    folded = -0.5 * np.sum([np.minimum(det, 0) for det in dets], axis=0) / 6
    return Determinants(central, np.min(dets, axis=0), folded)


def _targets(field: Field, region: Region) -> NDArray[np.float64]:
    """Identity + field (3, Z, Y, X) in a region and one voxel around it; NaN beyond the volume."""
    shape = field.planes.shape[1:]
    bounds = [part.indices(n)[:2] for part, n in zip(region, shape, strict=True)]
    wide = [(max(low - 1, 0), min(high + 1, n)) for (low, high), n in zip(bounds, shape, strict=True)]
    block = field.planes[(slice(None), *(slice(*b) for b in wide))].astype(np.float64)
    block += np.stack(np.meshgrid(*(np.arange(*b) for b in wide), indexing="ij")[::-1])
    beyond = [(a - (low - 1), high + 1 - b) for (low, high), (a, b) in zip(bounds, wide, strict=True)]
    return np.pad(block, [(0, 0), *beyond], constant_values=np.nan)


def _det(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """det of three steps (3, ...), in the order of the kernel that scores."""
    det: NDArray[np.float64] = (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        - b[0] * (a[1] * c[2] - a[2] * c[1])
        + c[0] * (a[1] * b[2] - a[2] * b[1])
    )
    return det
