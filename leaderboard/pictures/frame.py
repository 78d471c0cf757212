"""How a grid of voxels lies in the body, and the three planes in which it is looked at.

Volumes are (Z, Y, X) in the order of their file. Pictures are radiological: the subject's right is on the
left of axial and coronal ones; anterior is on the left of sagittal ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
# The body's axes (towards superior, anterior, right): the one looked along, the rows', the columns'.
_AXES: dict[Plane, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}
# Letters at the left, right, top and bottom edge.
EDGES: dict[Plane, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
LONGEST_PIXELS = 400

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """A grid of voxels as seen from the body.

    shape: Z, Y, X. axes: for superior, anterior and right the array's axis; turned: whether it runs the
    other way. spacing_mm: along superior, anterior, right. known: whether the file tells all this.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, int, int] = (0, 1, 2)
    turned: tuple[bool, bool, bool] = (False, False, False)
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    known: bool = False

    @classmethod
    def of(cls, image: Any) -> "Frame":
        """The frame of a loaded NIfTI image; oblique grids are named after their nearest axes."""
        shape = image.shape[2::-1]
        zooms = [float(zoom) if zoom > 0 else 1.0 for zoom in image.header.get_zooms()[2::-1]]
        told = image.header["qform_code"] > 0 or image.header["sform_code"] > 0
        if not told:
            return cls(shape, spacing_mm=(zooms[0], zooms[1], zooms[2]))
        orientation = nib.orientations.io_orientation(image.affine)
        by_world = {int(world): (2 - voxel, sign < 0) for voxel, (world, sign) in enumerate(orientation)}
        axes, turned = zip(*(by_world[world] for world in (2, 1, 0)), strict=True)
        spacing = [zooms[axis] for axis in axes]
        return cls(shape, axes, turned, (spacing[0], spacing[1], spacing[2]), known=True)

    def size(self, axis: int) -> int:
        """Voxels along an axis of the body."""
        return self.shape[self.axes[axis]]

    def seen(self, volume: Array) -> Array:
        """A volume or block (Z, Y, X) with its axes towards superior, anterior, right; a view."""
        flips = tuple(slice(None, None, -1 if turned else 1) for turned in self.turned)
        view: Array = volume.transpose(self.axes)[flips]
        return view

    def place(self, point: Sequence[float]) -> tuple[float, float, float]:
        """A voxel (X, Y, Z, may be fractional) along superior, anterior, right."""
        at = [point[2 - axis] for axis in self.axes]
        along = [self.size(i) - 1 - v if self.turned[i] else v for i, v in enumerate(at)]
        return along[0], along[1], along[2]

    def region(self, plane: Plane, at: int) -> tuple[slice, slice, slice]:
        """The slice of the array (Z, Y, X) that lies in a plane at a place along the body's axis."""
        normal = _AXES[plane][0]
        index = self.size(normal) - 1 - at if self.turned[normal] else at
        parts = [slice(None)] * 3
        parts[self.axes[normal]] = slice(index, index + 1)
        return parts[0], parts[1], parts[2]

    def cut(self, block: Array, plane: Plane) -> Array:
        """The picture (rows, columns) of a block as thick as a region."""
        flat: Array = np.squeeze(self.seen(block), axis=_AXES[plane][0])
        return flat[::-1, ::-1]

    def along(self, planes: Array, plane: Plane) -> tuple[Array, Array]:
        """Displacements of a block (3: x, y, z; Z, Y, X) down the rows and along the columns, in voxels."""
        _, row, column = _AXES[plane]
        down, right = (
            self.cut(planes[2 - self.axes[axis]], plane) * (1 if self.turned[axis] else -1)
            for axis in (row, column)
        )
        return down, right

    def pixel(self, point: Sequence[float], plane: Plane) -> tuple[float, float, float]:
        """A voxel (X, Y, Z) in a picture: row and column, and its place along the axis looked along."""
        normal, row, column = _AXES[plane]
        seen = self.place(point)
        return self.size(row) - 1 - seen[row], self.size(column) - 1 - seen[column], seen[normal]

    def depth(self, plane: Plane) -> int:
        """How many slices there are in a plane."""
        return self.size(_AXES[plane][0])

    def depth_of(self, plane: Plane, middle: Sequence[int]) -> int:
        """The slice of a plane through a place (along superior, anterior, right)."""
        return middle[_AXES[plane][0]]

    def zoom(self, plane: Plane) -> tuple[int, int]:
        """Pixels a voxel takes, down and along; the same millimetre is as long in every plane."""
        longest = max(self.size(axis) * self.spacing_mm[axis] for axis in range(3))
        per_mm = LONGEST_PIXELS / longest
        _, row, column = _AXES[plane]
        down, along = (max(1, round(per_mm * self.spacing_mm[axis])) for axis in (row, column))
        return down, along


def middle_of(image: Array, frame: Frame) -> tuple[int, int, int]:
    """Where to cut: the middle of what is bright, a little to the right, where there is more to see."""
    seen = np.maximum(np.nan_to_num(frame.seen(image).astype(np.float32)), 0)
    at = []
    for axis in range(3):
        profile = seen.sum(axis=tuple(other for other in range(3) if other != axis), dtype=np.float64)
        total = profile.sum()
        middle = (profile @ np.arange(len(profile))) / total if total > 0 else (len(profile) - 1) / 2
        at.append(round(middle + (0.1 * len(profile) if axis == 2 else 0)))
    return at[0], at[1], min(at[2], frame.size(2) - 1)
