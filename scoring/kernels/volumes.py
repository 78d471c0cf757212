# mypy: disallow-untyped-decorators=False
# (numba's decorators have no types)
"""Passes over whole volumes: where a field samples, ids, counts and moments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True, nogil=True)
def sample_index(field: Array, depth: int, height: int, width: int) -> Array:
    """Flat index, in a volume depth x height x width, of the voxel nearest to identity + field, per (Z,
    Y, X).

    One past the last voxel stands for "outside".  As ``map_coordinates(order=0, mode="constant")`` of scipy:
    inside iff 0 <= c <= n - 1 in float64, index floor(c + 0.5); a NaN coordinate is outside.
    """
    _, nz, ny, nx = field.shape
    index = np.empty((nz, ny, nx), np.int32)
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                cx = np.float64(x) + np.float64(field[0, z, y, x])
                cy = np.float64(y) + np.float64(field[1, z, y, x])
                cz = np.float64(z) + np.float64(field[2, z, y, x])
                inside = (cx >= 0) & (cx <= width - 1) & (cy >= 0) & (cy <= height - 1)
                inside &= (cz >= 0) & (cz <= depth - 1)
                # inside nothing is negative, so that truncation is floor
                ix = np.int32(cx + 0.5 if inside else 0.0)
                iy = np.int32(cy + 0.5 if inside else 0.0)
                iz = np.int32(cz + 0.5 if inside else float(depth))
                index[z, y, x] = (iz * np.int32(height) + iy) * np.int32(width) + ix
    return index


@njit(cache=True, nogil=True)
def take(table: Array, index: Array) -> Array:
    """``table[index]`` for a flat table and a volume of indices (Z, Y, X) within it."""
    taken = np.empty(index.size, table.dtype)
    flat = index.reshape(-1)
    for n in range(len(flat)):
        taken[n] = table[flat[n]]
    return taken.reshape(index.shape)


@njit(cache=True, nogil=True)
def translate(values: Array, table: Array) -> Array:
    """``table[values]`` for a flat array of small unsigned integers."""
    ids = np.empty(len(values), table.dtype)
    for n in range(len(values)):
        ids[n] = table[values[n]]
    return ids


@njit(cache=True, nogil=True)
def count_ids(ids: Array, n_ids: int) -> Array:
    """Voxels per id."""
    counts = np.zeros((4, n_ids), np.int64)  # four sets, because equal neighbours would wait for each other
    flat = ids.reshape(-1)
    for n in range(len(flat)):
        counts[n & 3, flat[n]] += 1
    total: Array = counts.sum(0)
    return total


@njit(cache=True, nogil=True)
def overlap_counts(fixed: Array, warped: Array, n_ids: int) -> Array:
    """Voxels per id: rows fixed, warped, both; shape (3, n_ids)."""
    counts = np.zeros((4, 3, n_ids), np.int64)
    f, w = fixed.reshape(-1), warped.reshape(-1)
    for n in range(len(f)):
        counts[n & 3, 0, f[n]] += 1
        counts[n & 3, 1, w[n]] += 1
        counts[n & 3, 2, f[n]] += f[n] == w[n]
    total: Array = counts.sum(0)
    return total


@njit(cache=True, nogil=True)
def moments(ids: Array, n_ids: int) -> Array:
    """Number of voxels and sums of their x, y, z for every id but the last; shape (n_ids - 1, 4),
    integers."""
    sums = np.zeros((n_ids - 1, 4), np.int64)
    nz, ny, nx = ids.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                i = ids[z, y, x]
                if i < n_ids - 1:
                    sums[i, 0] += 1
                    sums[i, 1] += x
                    sums[i, 2] += y
                    sums[i, 3] += z
    return sums


@njit(cache=True, nogil=True)
def count_not_finite(values: Array) -> int:
    """How many values of a flat array are NaN or infinite."""
    n = 0
    for v in values:
        n += v - v != 0
    return n


@njit(cache=True, nogil=True)
def holds(data: Array, four: Array) -> bool:
    """Whether four bytes stand somewhere in uint8 data in this order."""
    a, b, c, d = four[0], four[1], four[2], four[3]
    first, second, third, fourth = data[:-3], data[1:-2], data[2:-1], data[3:]
    found = False
    for n in range(len(first)):
        found |= (first[n] == a) & (second[n] == b) & (third[n] == c) & (fourth[n] == d)
    return found
