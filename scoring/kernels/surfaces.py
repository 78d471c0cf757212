# mypy: disallow-untyped-decorators=False
# (numba's decorators have no types)
"""Surface elements of label maps, and the distances between them."""

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
def _is_mixed(ids: Array, at: int, dy: int, dz: int) -> Any:
    """Whether the eight ids of the cell whose lowest voxel is ``at`` differ."""
    a = ids[at]
    low = (a != ids[at + dy]) | (a != ids[at + dz]) | (a != ids[at + dy + dz])
    high = (a != ids[at + dy + 1]) | (a != ids[at + dz + 1]) | (a != ids[at + dy + dz + 1])
    return low | high | (a != ids[at + 1])


@njit(cache=True, nogil=True)
def mixed_cells(padded: Array) -> Array:
    """Corners (n, 3) as x, y, z where the eight ids around are not all equal.

    ``padded`` is the volume with a border of one voxel; corner (x, y, z) lies between its voxels x and x
    + 1 (and so on), that is between x - 1 and x of the volume itself.
    """
    nz, ny, nx = padded.shape
    ids, dy, dz = padded.reshape(-1), nx, nx * ny
    mixed = np.zeros(nx // 8 * 8 + 8, np.uint8)
    any_of_eight = mixed.view(np.uint64)
    corners = np.empty((4096, 3), np.int16)
    n = 0
    for z in range(nz - 1):
        for y in range(ny - 1):
            row = (z * ny + y) * nx
            for x in range(nx - 1):
                mixed[x] = _is_mixed(ids, row + x, dy, dz)
            if n + nx > len(corners):
                grown = np.empty((2 * len(corners) + nx, 3), np.int16)
                grown[:n] = corners[:n]
                corners = grown
            for w in range(len(any_of_eight)):
                if any_of_eight[w]:
                    for x in range(8 * w, 8 * w + 8):
                        corners[n, 0], corners[n, 1], corners[n, 2] = x, y, z
                        n += mixed[x]
    return corners[:n]


@njit(cache=True, nogil=True)
def _eight(ids: Array, at: int, dy: int, dz: int) -> Any:
    """The uint8 ids of a cell as one word: x slowest, z fastest, the lowest voxel in the highest byte."""
    word = np.uint64(ids[at]) << np.uint64(56)
    word |= np.uint64(ids[at + dz]) << np.uint64(48)
    word |= np.uint64(ids[at + dy]) << np.uint64(40)
    word |= np.uint64(ids[at + dy + dz]) << np.uint64(32)
    word |= np.uint64(ids[at + 1]) << np.uint64(24)
    word |= np.uint64(ids[at + 1 + dz]) << np.uint64(16)
    word |= np.uint64(ids[at + 1 + dy]) << np.uint64(8)
    return word | np.uint64(ids[at + 1 + dy + dz])


@njit(cache=True, nogil=True)
def _code_of(word: Any, i: Any) -> Any:
    """The 2x2x2 code of id i in a cell's word: one bit per byte that equals i, in the order of the bytes."""
    low7 = np.uint64(0x7F7F7F7F7F7F7F7F)
    other = word ^ (np.uint64(i) * np.uint64(0x0101010101010101))
    equal = ~(((other & low7) + low7) | other | low7)  # 0x80 in every byte that is zero
    return ((equal >> np.uint64(7)) * np.uint64(0x0102040810204080)) >> np.uint64(56)


@njit(cache=True, nogil=True)
def surface_elements(padded: Array, cells: Array, wanted: Array) -> tuple[Array, Array, Array]:
    """Split mixed cells into the surface elements of each wanted id; ``padded`` holds uint8.

    Returns ``start`` (n_ids + 1), and for the elements of id i, rows start[i]:start[i + 1], their
    corners (n, 3) int16 and their 2x2x2 codes (n,) uint8.
    """
    _, ny, nx = padded.shape
    ids, dy, dz = padded.reshape(-1), nx, nx * ny
    found = np.empty((4 * len(cells) + 8, 2), np.uint8)  # id and code, cell after cell
    ends = np.empty(len(cells), np.int32)
    start = np.zeros(len(wanted) + 1, np.int64)
    n = 0
    for c in range(len(cells)):
        word = _eight(ids, (int(cells[c, 2]) * ny + int(cells[c, 1])) * nx + int(cells[c, 0]), dy, dz)
        left = np.uint64(255)
        if n + 8 > len(found):
            grown = np.empty((2 * len(found), 2), np.uint8)
            grown[:n] = found[:n]
            found = grown
        while left:
            i = (word >> (_trailing_zeros(left) * np.uint64(8))) & np.uint64(255)
            code = _code_of(word, i)
            left &= ~code
            found[n, 0], found[n, 1] = i, code
            n += wanted[i]
            start[i + np.uint64(1)] += wanted[i]
        ends[c] = n
    start = np.cumsum(start)
    fill = start[:-1].copy()
    corners, codes = np.empty((n, 3), np.int16), np.empty(n, np.uint8)
    k = 0
    for c in range(len(cells)):
        while k < ends[c]:
            at = fill[found[k, 0]]
            corners[at, 0], corners[at, 1], corners[at, 2] = cells[c, 0], cells[c, 1], cells[c, 2]
            codes[at] = found[k, 1]
            fill[found[k, 0]] += 1
            k += 1
    return start, corners, codes


@njit(cache=True, nogil=True)
def bit_lines(target: Array, others: Array) -> tuple[Array, Any]:
    """Target corners as a bit volume (Z, Y, words) with lines along x, and the place of its origin as x,
    y, z.

    Just so large that it holds the target and that the other corners lie within its range of x.
    """
    low, high = np.full(3, 32767), np.full(3, -1)
    for n in range(len(target)):
        for axis in range(3):
            low[axis] = min(low[axis], target[n, axis])
            high[axis] = max(high[axis], target[n, axis])
    for n in range(len(others)):
        low[0] = min(low[0], others[n, 0])
        high[0] = max(high[0], others[n, 0])
    size = high - low
    bits = np.zeros((size[2] + 1, size[1] + 1, (size[0] >> 6) + 1), np.uint64)
    for n in range(len(target)):
        x = target[n, 0] - low[0]
        y, z = target[n, 1] - low[1], target[n, 2] - low[2]
        bits[z, y, x >> 6] |= np.uint64(1) << np.uint64(x & 63)
    return bits, low


@njit(cache=True, nogil=True)
def _nearest_in_line(bits: Array, z: int, y: int, x: int) -> Any:
    """Distance from x to the nearest set bit of line (z, y), or FAR."""
    word, bit = x >> 6, np.uint64(x & 63)
    right, left = bits[z, y, word] >> bit, bits[z, y, word] << (np.uint64(63) - bit)
    best = np.int64(FAR)
    if right:
        best = np.int64(_trailing_zeros(right))
    else:
        for w in range(word + 1, bits.shape[2]):
            if bits[z, y, w]:
                best = (np.int64(w) << 6) + np.int64(_trailing_zeros(bits[z, y, w])) - x
                break
    if left:
        return min(best, np.int64(_leading_zeros(left)))
    for w in range(word - 1, -1, -1):
        if bits[z, y, w]:
            return min(best, x - (np.int64(w) << 6) - 63 + np.int64(_leading_zeros(bits[z, y, w])))
    return best


@njit(cache=True, nogil=True)
def squared_distances(
    corners: Array,
    bits: Array,
    origin: Array,
    spiral: Array,
    spiral_mm2: Array,
    spacing_mm: Any,
    near_mm2: float,
    far_mm2: float,
) -> Array:
    """Squared distance (mm²) of every corner to the nearest one of ``bit_lines``, which must hold some.

    Lines along x are visited outwards (``spiral``: dy, dz sorted by ``spiral_mm2``, their squared
    length) until the line itself is farther than the best corner found.  Exact between ``near_mm2`` and
    ``far_mm2``; a distance up to near is given as anything up to near, one beyond far as anything beyond
    far: there the search ends early.
    """
    nz, ny, _ = bits.shape
    found = np.empty(len(corners))
    sx, sy, sz = spacing_mm
    line_y, line_z = 0, 0
    for n in range(len(corners)):
        x = int(corners[n, 0]) - origin[0]
        y, z = int(corners[n, 1]) - origin[1], int(corners[n, 2]) - origin[2]
        best = np.inf
        if near_mm2 >= 0:  # the line that held the last corner's nearest one is often near enough
            dx = _nearest_in_line(bits, line_z, line_y, x)
            if dx < FAR:
                best = (dx * sx) ** 2 + (((y - line_y) * sy) ** 2 + ((z - line_z) * sz) ** 2)
        for k in range(len(spiral)):
            if spiral_mm2[k] >= best or best <= near_mm2 or spiral_mm2[k] > far_mm2:
                break
            yy, zz = y + spiral[k, 0], z + spiral[k, 1]
            if 0 <= yy < ny and 0 <= zz < nz:
                dx = _nearest_in_line(bits, zz, yy, x)
                if dx < FAR and (dx * sx) ** 2 + spiral_mm2[k] < best:
                    best = (dx * sx) ** 2 + spiral_mm2[k]
                    line_y, line_z = yy, zz
        found[n] = best
    return found
