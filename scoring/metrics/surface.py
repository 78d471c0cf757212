"""The 95 % Hausdorff distance between label surfaces, weighted by surface area.

Definition: google-deepmind/surface-distance (Nikolov et al. 2021, doi 10.2196/26151).  Surface elements
sit on the corners of 2x2x2 cells; a cell's area is that of the marching-cubes triangles (Lorensen and
Cline 1987, doi 10.1145/37402.37422) of its eight voxels.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels

PERCENT = 0.95
_MARGIN = 1e-9

Corner = tuple[int, int, int]

# One cell of each symmetry class: the corners inside the label and the normals of its triangles, in
# eighths of
# a face area.  Rotating, mirroring or inverting the cell does the same to its triangles, and only their
# size counts.
_CLASSES: tuple[tuple[tuple[Corner, ...], tuple[Corner, ...]], ...] = (
    ((), ()),
    (((1, 1, 1),), ((1, 1, 1),)),
    (((1, 1, 0), (1, 1, 1)), ((2, 2, 0), (2, 2, 0))),
    (((1, 0, 1), (1, 1, 0)), ((1, 1, 1), (1, 1, 1))),
    (((0, 1, 1), (1, 0, 0)), ((1, 1, 1), (1, 1, 1))),
    (((1, 0, 1), (1, 1, 0), (1, 1, 1)), ((4, 0, 0), (2, 2, 2), (1, 1, 1))),
    (((0, 1, 1), (1, 0, 1), (1, 1, 0)), ((1, 1, 1), (1, 1, 1), (1, 1, 1))),
    (((0, 1, 1), (1, 0, 0), (1, 1, 1)), ((0, 2, 2), (0, 2, 2), (1, 1, 1))),
    (((1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)), ((4, 0, 0), (4, 0, 0))),
    (((0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1)), ((1, 1, 1), (2, 2, 2), (2, 2, 2), (1, 1, 1))),
    (((0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)), ((1, 1, 1), (3, 3, 3), (0, 2, 2), (2, 0, 2))),
    (((0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0)), ((4, 0, 0), (1, 1, 1), (2, 2, 2), (1, 1, 1))),
    (((0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1)), ((2, 2, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0))),
    (((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)), ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1))),
)


def _code(inside: set[Corner]) -> int:
    return sum(128 >> (4 * x + 2 * y + z) for x, y, z in inside)


@lru_cache
def _normals() -> tuple[tuple[Corner, ...], ...]:
    """The triangles of all 256 cells, from the symmetries of the cube."""
    table: dict[int, tuple[Corner, ...]] = {}
    for (inside, triangles), axes, flips in product(
        _CLASSES, permutations(range(3)), product((0, 1), repeat=3)
    ):
        turned = {tuple(c[a] ^ f for a, f in zip(axes, flips, strict=True)) for c in inside}
        code = _code(turned)  # type: ignore[arg-type]
        table[code] = table[255 - code] = tuple((n[axes[0]], n[axes[1]], n[axes[2]]) for n in triangles)
    return tuple(table[code] for code in range(256))


@lru_cache
def cell_areas(spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NDArray[np.float64]:
    """Area (mm²) of the surface in a 2x2x2 cell for each of its 256 codes; spacing along X, Y, Z."""
    x, y, z = spacing_mm
    areas = np.zeros(256)
    for code, triangles in enumerate(_normals()):
        for a, b, c in triangles:
            areas[code] += np.linalg.norm(np.array([a / 8 * y * z, b / 8 * x * z, c / 8 * x * y]))
    return areas


@lru_cache
def _spiral(height: int, depth: int, spacing_mm: tuple[float, float, float]) -> tuple[Any, Any]:
    """Offsets (dy, dz) within a volume, nearest first, and their squared lengths (mm²)."""
    dz, dy = np.meshgrid(np.arange(-depth, depth + 1), np.arange(-height, height + 1))
    mm2 = (dy * spacing_mm[1]) ** 2 + (dz * spacing_mm[2]) ** 2
    order = np.argsort(mm2, axis=None, kind="stable")
    offsets = np.stack([dy.ravel()[order], dz.ravel()[order]], 1)
    return offsets.astype(np.int32), mm2.ravel()[order].astype(np.float64)


def hd95(
    fixed: NDArray[Any],
    warped: NDArray[Any],
    wanted: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> NDArray[np.float64]:
    """95 % Hausdorff distance (mm) of every wanted id between fixed and warped ids (Z, Y, X); shape (n_ids,).

    Beyond the volume nothing carries a label.  NaN where not wanted; infinite where an id has no surface
    in one of the two.  The 95 % point of each direction is the first distance at which the summed area
    reaches 95 % of the total, and the larger of the two is taken.
    """
    n_ids = len(wanted)
    surfaces = [
        kernels.surface_elements(kernels.mixed_cells(ids, n_ids - 1), wanted) for ids in (fixed, warped)
    ]
    nz, ny, nx = fixed.shape
    bits = np.zeros((nz + 1, ny + 1, nx // 64 + 1), np.uint64)
    values = np.full(n_ids, np.nan)
    for i in np.flatnonzero(wanted):
        sides = [(c[s[i] : s[i + 1]], k[s[i] : s[i + 1]]) for s, c, k in surfaces]
        values[i] = max(_directed(*a, b[0], bits, spacing_mm) for a, b in (sides, sides[::-1]))
    return values


def _directed(
    corners: NDArray[Any],
    codes: NDArray[Any],
    others: NDArray[Any],
    bits: NDArray[Any],
    spacing_mm: tuple[float, float, float],
) -> float:
    """95 % point (mm) of the distances from some surface elements to others; ``bits`` comes and goes
    empty."""
    if not len(corners) or not len(others):
        return float("inf")
    spiral = _spiral(bits.shape[1] - 1, bits.shape[0] - 1, spacing_mm)
    kernels.set_bits(bits, others, True)
    squared = kernels.squared_distances(corners, bits, *spiral, spacing_mm[0])
    kernels.set_bits(bits, others, False)
    return float(np.sqrt(percentile_point(squared, cell_areas(spacing_mm)[codes])))


def percentile_point(squared: NDArray[np.float64], areas: NDArray[np.float64]) -> float:
    """The first squared distance at which the areas, summed in ascending order, reach 95 % of the total."""
    order = np.lexsort((areas, squared))
    share = np.cumsum(areas[order]) / np.sum(areas[order])
    place = min(int(np.searchsorted(share, PERCENT)), len(order) - 1)
    return float(squared[order[place]])
