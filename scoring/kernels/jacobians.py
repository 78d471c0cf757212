# mypy: disallow-untyped-decorators=False
# (numba's decorators have no types)
"""Jacobian determinants of identity + field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

# Pieces of lines that the Jacobian kernels work on; the pitch leaves room for a neighbour at both ends.
PIECE = 80
PITCH = PIECE + 8
_LINE_Y = (0, -1, 1, 0, 0, -1, 1)
_LINE_Z = (0, 0, 0, -1, 1, -1, 1)


@njit(cache=True, nogil=True)
def _load_targets(field: Array, z: int, y: int, x: int, n: int, ramp: Array, t: Array) -> None:
    """Identity + field in float64 at x .. x + n - 1 of the seven lines around (z, y), three components
    each."""
    _, nz, ny, nx = field.shape
    flat = field.reshape(-1)
    for line in range(7):
        yy, zz = y + _LINE_Y[line], z + _LINE_Z[line]
        for c in range(3):
            begin, to = ((c * nz + zz) * ny + yy) * nx + x, (3 * line + c) * PITCH
            # slices, because an index that might be negative keeps the compiler from using vectors
            source, target, index = flat[begin : begin + n], t[to : to + n], ramp[x : x + n]
            if c == 0:
                for i in range(n):
                    target[i] = np.float64(source[i]) + index[i]
            else:
                here = ramp[yy] if c == 1 else ramp[zz]
                for i in range(n):
                    target[i] = np.float64(source[i]) + here


@njit(cache=True, nogil=True)
def _one_sided(t: Array, c: int, i: int) -> Any:
    """Differences of component c: backward and forward along x, y, z; then the two corner tetrahedra's
    edges."""
    at = c * PITCH + i
    step = 3 * PITCH
    here = t[at]
    return (
        here - t[at - 1], t[at + 1] - here,
        here - t[at + step], t[at + 2 * step] - here,
        here - t[at + 3 * step], t[at + 4 * step] - here,
        t[at + step - 1] - here, t[at + 3 * step - 1] - here, t[at + 5 * step] - here,
        t[at + 2 * step + 1] - here, t[at + 6 * step] - here, t[at + 4 * step + 1] - here,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _negative_det(u: Any, v: Any, w: Any, x: int, y: int, z: int) -> Any:
    """min(det, 0) of the rows x, y, z of the three components' differences; NaN stays NaN.

    Expanded along the first column in the official order: another order would round differently near zero.
    """
    det = (
        u[x] * (v[y] * w[z] - w[y] * v[z])
        - u[y] * (v[x] * w[z] - w[x] * v[z])
        + u[z] * (v[x] * w[y] - w[x] * v[y])
    )
    return 0.0 if det > 0 else det


@njit(cache=True, nogil=True)
def folded_volume(field: Array, mask: Array) -> float:
    """Sum of the non-diffeomorphic volume over the interior voxels where mask (Z, Y, X) holds, in voxels.

    Done by pieces of lines, so that the compiler can use vector instructions on a buffer in the first cache.
    """
    _, nz, ny, nx = field.shape
    t = np.empty(21 * PITCH)
    total = np.zeros(PIECE)
    ramp = np.arange(max(nz, ny, nx)).astype(np.float64)
    for z in range(1, nz - 1):
        for y in range(1, ny - 1):
            for x in range(1, nx - 1, PIECE):
                n = min(PIECE, nx - 1 - x)
                _load_targets(field, z, y, x - 1, n + 2, ramp, t)
                for i in range(n):
                    u, v, w = _one_sided(t, 0, i + 1), _one_sided(t, 1, i + 1), _one_sided(t, 2, i + 1)
                    folded = _negative_det(u, v, w, 0, 2, 4) + _negative_det(u, v, w, 0, 2, 5)
                    folded += _negative_det(u, v, w, 0, 3, 4) + _negative_det(u, v, w, 0, 3, 5)
                    folded += _negative_det(u, v, w, 1, 2, 4) + _negative_det(u, v, w, 1, 2, 5)
                    folded += _negative_det(u, v, w, 1, 3, 4) + _negative_det(u, v, w, 1, 3, 5)
                    folded += _negative_det(u, v, w, 6, 7, 8) + _negative_det(u, v, w, 9, 10, 11)
                    total[i] += folded * np.float64(mask[z, y, x + i])
    return float(-0.5 * total.sum() / 6)


@njit(cache=True, nogil=True)
def shifted_determinants(field: Array, single: bool) -> Array:  # noqa: FBT001
    """det(I + du/dx) by central differences at the voxels two or more away from the faces; float64 (Z, Y, X).

    ``single`` rounds the differences to float32, as a program does that computes them in that type.
    """
    _, nz, ny, nx = field.shape
    dets = np.empty((max(nz - 4, 0), max(ny - 4, 0), max(nx - 4, 0)))
    j = np.empty((3, 3))
    for z in range(2, nz - 2):
        for y in range(2, ny - 2):
            for x in range(2, nx - 2):
                for c in range(3):
                    f = field[c]
                    j[0, c] = -0.5 * np.float64(f[z, y, x - 1]) + 0.5 * np.float64(f[z, y, x + 1])
                    j[1, c] = -0.5 * np.float64(f[z, y - 1, x]) + 0.5 * np.float64(f[z, y + 1, x])
                    j[2, c] = -0.5 * np.float64(f[z - 1, y, x]) + 0.5 * np.float64(f[z + 1, y, x])
                    if single:
                        for axis in range(3):
                            j[axis, c] = np.float32(j[axis, c])
                for c in range(3):
                    j[c, c] += 1
                dets[z - 2, y - 2, x - 2] = (
                    j[0, 0] * (j[1, 1] * j[2, 2] - j[1, 2] * j[2, 1])
                    - j[1, 0] * (j[0, 1] * j[2, 2] - j[0, 2] * j[2, 1])
                    + j[2, 0] * (j[0, 1] * j[1, 2] - j[0, 2] * j[1, 1])
                )
    return dets
