"""The 95 % Hausdorff distance between label surfaces, weighted by surface area.

Definition: google-deepmind/surface-distance (Nikolov et al. 2021, doi 10.2196/26151).  Surface elements
sit on the corners of 2x2x2 cells; a cell's area is that of the marching-cubes triangles (Lorensen and
Cline 1987, doi 10.1145/37402.37422) of its eight voxels.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import kernels

PERCENT = 0.95
_MARGIN = 1e-9

_FEW = 1000

Corner = tuple[int, int, int]
Spacing = tuple[float, float, float]

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
def cell_areas(spacing_mm: Spacing = (1.0, 1.0, 1.0)) -> NDArray[np.float64]:
    """Area (mm²) of the surface in a 2x2x2 cell for each of its 256 codes; spacing along X, Y, Z."""
    x, y, z = spacing_mm
    areas = np.zeros(256)
    for code, triangles in enumerate(_normals()):
        for a, b, c in triangles:
            areas[code] += np.linalg.norm(np.array([a / 8 * y * z, b / 8 * x * z, c / 8 * x * y]))
    return areas


@lru_cache
def _spiral(height: int, depth: int, spacing_mm: Spacing) -> tuple[Any, Any]:
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
    spacing_mm: Spacing = (1.0, 1.0, 1.0),
) -> NDArray[np.float64]:
    """95 % Hausdorff distance (mm) of every wanted id between fixed and warped ids (Z, Y, X); shape (n_ids,).

    Beyond the volume nothing carries a label.  NaN where not wanted; infinite where an id has no surface
    in one of the two.  The 95 % point of each direction is the first distance at which the summed area
    reaches 95 % of the total, and the larger of the two is taken.
    """
    surfaces = [_elements(ids, wanted) for ids in (fixed, warped)]
    areas = cell_areas(spacing_mm)
    spiral = _spiral(fixed.shape[1], fixed.shape[0], spacing_mm)
    values = np.full(len(wanted), np.nan)
    for i in np.flatnonzero(wanted):
        a, b = ((corners[s[i] : s[i + 1]], areas[codes[s[i] : s[i + 1]]]) for s, corners, codes in surfaces)
        if len(a[0]) and len(b[0]):
            one = _Search(a, b[0], spiral, spacing_mm).point()
            values[i] = math.sqrt(max(one, _Search(b, a[0], spiral, spacing_mm).point(known=one)))
        else:
            values[i] = math.inf
    return values


_Surface = tuple[NDArray[Any], NDArray[np.float64]]


def _elements(
    ids: NDArray[Any], wanted: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    padded = np.pad(ids, 1, constant_values=len(wanted) - 1)
    start, corners, codes = kernels.surface_elements(padded, kernels.mixed_cells(padded), wanted)
    return start, corners, codes


class _Search:
    """The 95 % point (mm²) of the distances from a surface to the marked corners.

    Whether a distance lies below or above the point is all that counts for most elements, so exact
    distances are found only in a band that a few elements suggest; where the point falls outside, all are.
    """

    def __init__(self, surface: _Surface, target: NDArray[Any], spiral: Any, spacing_mm: Spacing) -> None:
        self._corners, self._areas = surface
        self._lines = kernels.bit_lines(target, self._corners)
        self._spiral, self._spacing_mm = spiral, spacing_mm

    def point(self, known: float = -1.0) -> float:
        """The 95 % point, or anything up to ``known`` (mm²) where it is not larger."""
        near, far = self._band()
        near, far = max(near, known), max(far, known)
        point = tail_point(self._distances(self._corners, near, far), self._areas, near)
        if point is None or point > far or (point <= near and near > known):
            point = percentile_point(self._distances(self._corners, -1.0, math.inf), self._areas)
        return point

    def _band(self) -> tuple[float, float]:
        if len(self._corners) < _FEW:
            return -1.0, math.inf
        few = np.ascontiguousarray(self._corners[:: len(self._corners) // 250])
        some = np.sort(self._distances(few, -1.0, math.inf))
        low, middle, high = (float(some[int(share * len(some))]) for share in (0.9, PERCENT, 0.985))
        below = some[some < middle]
        return (min(low, float(below[-1])) if len(below) else -1.0), 1.1 * high

    def _distances(self, corners: NDArray[Any], near: float, far: float) -> NDArray[np.float64]:
        (bits, origin), (offsets, lengths_mm2) = self._lines, self._spiral
        squared: NDArray[np.float64] = kernels.squared_distances(
            corners, bits, origin, offsets, lengths_mm2, self._spacing_mm, near, far
        )
        return squared


def tail_point(squared: NDArray[np.float64], areas: NDArray[np.float64], near: float) -> float | None:
    """The 95 % point, or ``near`` where it is not larger; None where only the exact order of summation
    can tell.

    Values up to ``near`` need not be exact.  The official sums run in another order, so a share within
    1e-9 of 95 % decides nothing.
    """
    tail = np.flatnonzero(squared > near)
    order = tail[np.argsort(squared[tail])]
    # what lies before each element of the tail, as a share of the whole
    share = 1 - np.cumsum(areas[order][::-1])[::-1] / areas.sum()
    if len(share) and np.abs(share - PERCENT).min() < _MARGIN:
        return None
    place = int(np.searchsorted(share, PERCENT)) - 1
    return near if place < 0 else float(squared[order[place]])


def percentile_point(squared: NDArray[np.float64], areas: NDArray[np.float64]) -> float:
    """The first squared distance at which the areas, summed in ascending order, reach 95 % of the total."""
    order = np.lexsort((areas, squared))
    share = np.cumsum(areas[order]) / np.sum(areas[order])
    place = min(int(np.searchsorted(share, PERCENT)), len(order) - 1)
    return float(squared[order[place]])
