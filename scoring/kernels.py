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

# Pieces of lines that the Jacobian kernels work on; the pitch leaves room for a neighbour at both ends.
PIECE = 80
PITCH = PIECE + 8
_LINE_Y = (0, -1, 1, 0, 0, -1, 1)
_LINE_Z = (0, 0, 0, -1, 1, -1, 1)


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


@njit(cache=True, nogil=True)
def holds(data: Array, four: Array) -> bool:
    """Whether four bytes stand somewhere in uint8 data in this order."""
    a, b, c, d = four[0], four[1], four[2], four[3]
    first, second, third, fourth = data[:-3], data[1:-2], data[2:-1], data[3:]
    found = False
    for n in range(len(first)):
        found |= (first[n] == a) & (second[n] == b) & (third[n] == c) & (fourth[n] == d)
    return found
