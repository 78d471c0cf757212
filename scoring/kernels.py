"""Every compiled loop of the engine, in one place.

Volumes are C-contiguous in the order of the file, that is Z, Y, X with X fastest; fields have a leading
axis of three components (x, y, z displacement in voxels).  Label volumes hold *ids*: small integers counted
from 0, where the last id stands for every voxel value that is not scored.

The compiled code is kept on disk (``cache=True``); nothing here recurses, and fast-math stays off, because
both DSC and HD95 are compared bit by bit with the official evaluators.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Array = NDArray[Any]
FAR = 1 << 40


def _bit_scan(instruction: str) -> Any:
    """An LLVM instruction that counts zero bits at one end of a non-zero uint64."""

    def scan(typingctx: Any, word: Any) -> Any:  # noqa: ARG001
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            return getattr(builder, instruction)(args[0], ir.Constant(ir.IntType(1), 1))

        return types.uint64(types.uint64), emit

    return intrinsic(scan)


_trailing_zeros = _bit_scan("cttz")
_leading_zeros = _bit_scan("ctlz")


@njit(cache=True, nogil=True)
def warp_nearest(field: Array, moving: Array, outside: int) -> Array:
    """Moving ids (Z', Y', X') at identity + field (3, Z, Y, X), nearest neighbour, ``outside`` beyond.

    As ``scipy.ndimage.map_coordinates(order=0, mode="constant")``: inside iff 0 <= c <= n - 1 in float64,
    index floor(c + 0.5); a NaN coordinate is outside.
    """
    _, nz, ny, nx = field.shape
    mz, my, mx = moving.shape
    warped = np.empty((nz, ny, nx), moving.dtype)
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                cx = float(x) + np.float64(field[0, z, y, x])
                cy = float(y) + np.float64(field[1, z, y, x])
                cz = float(z) + np.float64(field[2, z, y, x])
                if 0 <= cx <= mx - 1 and 0 <= cy <= my - 1 and 0 <= cz <= mz - 1:
                    # not negative, so the cast truncates as floor does
                    warped[z, y, x] = moving[int(cz + 0.5), int(cy + 0.5), int(cx + 0.5)]
                else:
                    warped[z, y, x] = outside
    return warped


@njit(cache=True, nogil=True)
def overlap_counts(fixed: Array, warped: Array, n_ids: int) -> Array:
    """Voxels per id: rows fixed, warped, both; shape (3, n_ids)."""
    counts = np.zeros((3, n_ids), np.int64)
    for a, b in zip(fixed.flat, warped.flat):  # noqa: B905
        counts[0, a] += 1
        counts[1, b] += 1
        counts[2, a] += a == b
    return counts


@njit(cache=True, nogil=True)
def moments(ids: Array, n_ids: int) -> Array:
    """Per id the number of voxels and the sums of their x, y, z indices; shape (n_ids, 4), integers."""
    sums = np.zeros((n_ids, 4), np.int64)
    nz, ny, nx = ids.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                i = ids[z, y, x]
                sums[i, 0] += 1
                sums[i, 1] += x
                sums[i, 2] += y
                sums[i, 3] += z
    return sums


@njit(cache=True, nogil=True)
def mixed_cells(ids: Array, outside: int) -> Array:
    """The eight ids around every cell corner where they are not all equal.

    A corner (x, y, z) lies between voxels x-1 and x (and so on), so there is one more of them than of
    voxels on each axis; beyond the volume everything has the id ``outside``.  Rows are x, y, z and the
    eight ids in the order of the bits 128 .. 1 (x slowest, z fastest, lower neighbour first).
    """
    nz, ny, nx = ids.shape
    rows = np.empty((4, nx + 2), ids.dtype)
    mixed = np.empty(nx + 1, ids.dtype)
    cells = np.empty((4096, 11), np.int16)
    n = 0
    for z in range(nz + 1):
        for y in range(ny + 1):
            for r in range(4):
                zz, yy = z - 1 + (r & 1), y - 1 + (r >> 1)
                rows[r, :] = outside
                if 0 <= zz < nz and 0 <= yy < ny:
                    rows[r, 1 : nx + 1] = ids[zz, yy]
            for x in range(nx + 1):
                a = rows[0, x]
                mixed[x] = (
                    (a ^ rows[1, x]) | (a ^ rows[2, x]) | (a ^ rows[3, x]) | (a ^ rows[0, x + 1])
                    | (a ^ rows[1, x + 1]) | (a ^ rows[2, x + 1]) | (a ^ rows[3, x + 1])
                )  # fmt: skip
            for x in range(nx + 1):
                if mixed[x] == 0:
                    continue
                if n == len(cells):
                    grown = np.empty((2 * n, 11), np.int16)
                    grown[:n] = cells
                    cells = grown
                cells[n, 0], cells[n, 1], cells[n, 2] = x, y, z
                for r in range(4):
                    cells[n, 3 + r] = rows[r, x]
                    cells[n, 7 + r] = rows[r, x + 1]
                n += 1
    return cells[:n]


@njit(cache=True, nogil=True)
def surface_elements(cells: Array, wanted: Array) -> tuple[Array, Array, Array]:  # noqa: C901
    """Split mixed cells into the surface elements of each wanted id.

    Returns ``start`` (n_ids + 1), and for the elements of id i, rows start[i]:start[i + 1], their corners
    (n, 3) int16 and their 2x2x2 codes (n,) uint8.
    """
    n_ids = len(wanted)
    start = np.zeros(n_ids + 1, np.int64)
    for n in range(len(cells)):
        for k in range(3, 11):
            i = cells[n, k]
            first = True
            for j in range(3, k):
                first &= cells[n, j] != i
            if first and wanted[i]:
                start[i + 1] += 1
    for i in range(n_ids):
        start[i + 1] += start[i]
    fill = start[:-1].copy()
    corners = np.empty((start[n_ids], 3), np.int16)
    codes = np.empty(start[n_ids], np.uint8)
    for n in range(len(cells)):
        for k in range(3, 11):
            i = cells[n, k]
            first = True
            for j in range(3, k):
                first &= cells[n, j] != i
            if not first or not wanted[i]:
                continue
            code = 0
            for j in range(3, 11):
                code = 2 * code + (cells[n, j] == i)
            corners[fill[i]] = cells[n, :3]
            codes[fill[i]] = code
            fill[i] += 1
    return start, corners, codes


@njit(cache=True, nogil=True)
def set_bits(bits: Array, corners: Array, on: bool) -> None:  # noqa: FBT001
    """Mark (or clear) corners in a (Z + 1, Y + 1, words) bit volume whose lines run along x."""
    for n in range(len(corners)):
        x, y, z = corners[n, 0], corners[n, 1], corners[n, 2]
        if on:
            bits[z, y, x >> 6] |= np.uint64(1) << np.uint64(x & 63)
        else:
            bits[z, y, x >> 6] = 0


@njit(cache=True, nogil=True)
def _nearest_in_line(line: Array, x: int) -> Any:
    """Distance from x to the nearest set bit of a line of 64-bit words, or a huge number."""
    w, b = x >> 6, np.uint64(x & 63)
    right = line[w] >> b
    up = np.int64(FAR)
    if right:
        up = np.int64(_trailing_zeros(right))
    else:
        for v in range(w + 1, len(line)):
            if line[v]:
                up = (np.int64(v) << 6) + np.int64(_trailing_zeros(line[v])) - x
                break
    left = line[w] << (np.uint64(63) - b)
    if left:
        return min(up, np.int64(_leading_zeros(left)))
    for v in range(w - 1, -1, -1):
        if line[v]:
            return min(up, x - (np.int64(v) << 6) - 63 + np.int64(_leading_zeros(line[v])))
    return up


@njit(cache=True, nogil=True)
def squared_distances(
    corners: Array, bits: Array, spiral: Array, spiral_mm2: Array, spacing_x_mm: float
) -> Array:
    """Squared distance (mm²) of every corner to the nearest marked corner of a bit volume that is not empty.

    Lines along x are visited outwards (``spiral``: dy, dz sorted by ``spiral_mm2``, their squared
    distance) until the line itself is farther than the best corner found.
    """
    nz, ny, _ = bits.shape
    found = np.empty(len(corners))
    for n in range(len(corners)):
        x, y, z = int(corners[n, 0]), int(corners[n, 1]), int(corners[n, 2])
        best = np.inf
        for k in range(len(spiral)):
            if spiral_mm2[k] >= best:
                break
            yy, zz = y + spiral[k, 0], z + spiral[k, 1]
            if 0 <= yy < ny and 0 <= zz < nz:
                dx = _nearest_in_line(bits[zz, yy], x)
                if dx < FAR:
                    best = min(best, (dx * spacing_x_mm) ** 2 + spiral_mm2[k])
        found[n] = best
    return found


@njit(cache=True, nogil=True)
def _target(field: Array, c: int, z: int, y: int, x: int) -> float:
    """Component c of identity + field at a voxel."""
    index = x if c == 0 else (y if c == 1 else z)
    return float(field[c, z, y, x]) + float(index)


@njit(cache=True, nogil=True)
def _det(rows: Array) -> Any:
    """Determinant of three rows (d/dx, d/dy, d/dz), expanded along the first column in the official order."""
    x, y, z = rows[0], rows[1], rows[2]
    return (
        x[0] * (y[1] * z[2] - y[2] * z[1])
        - y[0] * (x[1] * z[2] - x[2] * z[1])
        + z[0] * (x[1] * y[2] - x[2] * y[1])
    )


@njit(cache=True, nogil=True)
def _folded_voxel(field: Array, z: int, y: int, x: int, weight: float, rows: Array) -> float:
    """Folded volume of the ten tetrahedra at one voxel, times its weight; NaN stays NaN, 0 times inf is
    NaN."""
    folded = 0.0
    for k in range(10):
        for c in range(3):
            here = _target(field, c, z, y, x)
            if k == 8:
                rows[0, c] = _target(field, c, z, y - 1, x - 1) - here
                rows[1, c] = _target(field, c, z - 1, y, x - 1) - here
                rows[2, c] = _target(field, c, z - 1, y - 1, x) - here
            elif k == 9:
                rows[0, c] = _target(field, c, z, y + 1, x + 1) - here
                rows[1, c] = _target(field, c, z + 1, y + 1, x) - here
                rows[2, c] = _target(field, c, z + 1, y, x + 1) - here
            else:
                rows[0, c] = (
                    _target(field, c, z, y, x + 1) - here if k & 1 else here - _target(field, c, z, y, x - 1)
                )
                rows[1, c] = (
                    _target(field, c, z, y + 1, x) - here if k & 2 else here - _target(field, c, z, y - 1, x)
                )
                rows[2, c] = (
                    _target(field, c, z + 1, y, x) - here if k & 4 else here - _target(field, c, z - 1, y, x)
                )
        det = _det(rows)
        folded += -0.5 * (0.0 if det > 0 else det) * weight / 6
    return folded


@njit(cache=True, nogil=True)
def folded_volume(field: Array, mask: Array) -> float:
    """Sum of the non-diffeomorphic volume over the interior voxels where mask (Z, Y, X) holds, in voxels."""
    _, nz, ny, nx = field.shape
    total = 0.0
    rows = np.empty((3, 3))
    for z in range(1, nz - 1):
        for y in range(1, ny - 1):
            line = 0.0
            for x in range(1, nx - 1):
                line += _folded_voxel(field, z, y, x, 1.0 if mask[z, y, x] else 0.0, rows)
            total += line
    return total


@njit(cache=True, nogil=True)
def count_not_finite(values: Array) -> int:
    """How many values of a flat array are NaN or infinite."""
    n = 0
    for v in values:
        n += v - v != 0
    return n


@njit(cache=True, nogil=True)
def translate(values: Array, table: Array) -> Array:
    """``table[values]`` for a flat array of small unsigned integers."""
    ids = np.empty(len(values), table.dtype)
    for n in range(len(values)):
        ids[n] = table[values[n]]
    return ids


@njit(cache=True, nogil=True)
def count_ids(ids: Array, n_ids: int) -> Array:
    """Occurrences of each id."""
    counts = np.zeros(n_ids, np.int64)
    for i in ids.flat:
        counts[i] += 1
    return counts
