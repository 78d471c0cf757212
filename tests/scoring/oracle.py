"""The metrics in plain numpy and scipy, written from their definitions and slow: what the kernels must equal.

Arrays are in file order here: volumes X, Y, Z and fields X, Y, Z, 3.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate, distance_transform_edt, map_coordinates

from scoring.metrics.surface import cell_areas

Array = NDArray[Any]


def identity(shape: Sequence[int]) -> Array:
    """Voxel indices (3, X, Y, Z)."""
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))


def warp(moving: Array, u: Array) -> Array:
    """Nearest neighbour at identity + u, 0 outside."""
    at = identity(u.shape[:3]) + np.moveaxis(u.astype(np.float64), -1, 0)
    warped: Array = map_coordinates(moving.astype(np.float64), at, order=0, mode="constant", cval=0)
    return warped


def dice(fixed: Array, moving: Array, warped: Array, labels: Sequence[int]) -> list[float]:
    """Dice of each label."""
    values = []
    for label in labels:
        a, b = fixed == label, warped == label
        counts = np.nan if not a.any() or not (moving == label).any() else a.sum() + b.sum()
        values.append(float(2 * (a & b).sum() / counts))
    return values


def hd95(
    fixed: Array, moving: Array, warped: Array, labels: Sequence[int], spacing_mm: Sequence[float] = (1, 1, 1)
) -> list[float]:
    """95 % Hausdorff distance of each label, by distance transforms of the box that holds it in both
    volumes."""
    values = []
    for label in labels:
        if not (fixed == label).any() or not (moving == label).any():
            values.append(np.nan)
            continue
        box = _box((fixed == label) | (warped == label))
        a, b = (_codes(volume[box] == label) for volume in (fixed, warped))
        values.append(max(_directed(a, b, spacing_mm), _directed(b, a, spacing_mm)))
    return values


def _box(mask: Array) -> tuple[slice, ...]:
    lines = [np.flatnonzero(mask.any(tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return tuple(slice(int(line[0]), int(line[-1]) + 1) for line in lines)


def _codes(mask: Array) -> Array:
    """The code of the eight voxels around every cell corner, nothing being outside."""
    padded = np.pad(mask, 1).astype(int)
    codes = np.zeros(np.array(mask.shape) + 1, int)
    for bit, (x, y, z) in enumerate(product((0, 1), repeat=3)):
        codes += (128 >> bit) * padded[x : x + codes.shape[0], y : y + codes.shape[1], z : z + codes.shape[2]]
    return codes


def _directed(codes: Array, others: Array, spacing_mm: Sequence[float]) -> float:
    surface, target = ((c > 0) & (c < 255) for c in (codes, others))
    if not target.any() or not surface.any():
        return np.inf
    distances = distance_transform_edt(~target, sampling=spacing_mm)[surface]
    x, y, z = map(float, spacing_mm)
    pairs = sorted(zip(distances, cell_areas((x, y, z))[codes[surface]], strict=True))
    ordered, areas = np.array(pairs).T
    place = np.searchsorted(np.cumsum(areas) / np.sum(areas), 0.95)
    return float(ordered[min(place, len(ordered) - 1)])


def landmark_errors(fixed: Array, warped: Array) -> Array:
    """Distance between the centres of mass of each landmark label."""
    at = identity(fixed.shape)
    centres = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for volume in (fixed, warped):
            masks = [volume == label for label in np.unique(fixed)[1:]]
            centres.append([[float(np.sum(axis * m) / np.float64(m.sum())) for axis in at] for m in masks])
        offsets = np.array(centres[1]) - np.array(centres[0])
    errors: Array = np.sqrt(np.sum(np.power(offsets.reshape(-1, 3), 2), 1))
    return errors


@np.errstate(all="ignore")
def ndv(u: Array, mask: Array) -> float:
    """Non-diffeomorphic volume in percent of the mask."""
    t = np.moveaxis(u.astype(np.float64), -1, 0) + identity(u.shape[:3])
    inner = (slice(1, -1),) * 3

    def shifted(x: int, y: int, z: int) -> Array:
        moved: Array = np.roll(t, (-x, -y, -z), (1, 2, 3))[(slice(None), *inner)]
        return moved

    here = shifted(0, 0, 0)
    axes = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    sides = [(here - shifted(*(-n for n in axis)), shifted(*axis) - here) for axis in axes]
    rows = [[sides[axis][s] for axis, s in enumerate(choice)] for choice in product((0, 1), repeat=3)]
    rows.append([shifted(-1, -1, 0) - here, shifted(-1, 0, -1) - here, shifted(0, -1, -1) - here])
    rows.append([shifted(1, 1, 0) - here, shifted(0, 1, 1) - here, shifted(1, 0, 1) - here])
    weight = mask[inner].astype(float)
    folded = sum(np.sum(-0.5 * np.minimum(determinant(*row), 0) * weight / 6) for row in rows)
    return float(folded / weight.sum() * 100)


def determinant(x: Array, y: Array, z: Array) -> Array:
    """Determinant of three rows of three components, expanded along the first column."""
    det: Array = (
        x[0] * (y[1] * z[2] - y[2] * z[1])
        - y[0] * (x[1] * z[2] - x[2] * z[1])
        + z[0] * (x[1] * y[2] - x[2] * y[1])
    )
    return det


def sdlogj(u: Array, mask: Array | None = None) -> float:
    """Standard deviation of the logarithm of the Jacobian determinant plus 3."""
    inner = (slice(2, -2),) * 3
    rows = []
    for axis in range(3):
        weights = np.array([-0.5, 0, 0.5]).reshape([3 if a == axis else 1 for a in range(3)])
        parts = [correlate(u[..., c].astype(np.float64), weights, mode="constant") for c in range(3)]
        rows.append(np.stack([part[inner] + (c == axis) for c, part in enumerate(parts)]))
    logs = np.log((determinant(*rows) + 3).clip(1e-9, 1e9))
    return float((logs if mask is None else logs[mask[inner] == 1]).std())
