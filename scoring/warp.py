"""Label maps as small ids, and carrying them, or an image, through a displacement field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from scoring import kernels
from scoring.fields import Field


@dataclass(frozen=True)
class LabelIds:
    """Labels numbered 0, 1, ... in ascending order; ``rest`` stands for every value that is not one of
    them."""

    labels: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of ids, ``rest`` included."""
        return len(self.labels) + 1

    @property
    def rest(self) -> int:
        return len(self.labels)

    @property
    def outside(self) -> int:
        """The id of 0, the value that a warp gives beyond the moving image."""
        return self.of(0)

    def of(self, label: int) -> int:
        """The id of a label."""
        return self.labels.index(label) if label in self.labels else self.rest

    def encode(self, volume: NDArray[Any]) -> NDArray[Any]:
        """Ids of a volume of any number type; NaN and fractions are ``rest``."""
        kind = np.uint8 if self.count <= 256 else np.uint16
        if volume.dtype == np.uint8:
            table = np.array([self.of(value) for value in range(256)], kind)
            flat: NDArray[Any] = kernels.translate(volume.reshape(-1), table)
            return flat.reshape(volume.shape)
        if not self.labels:
            return np.full(volume.shape, self.rest, kind)
        labels = np.array(self.labels, np.float64)
        place = np.searchsorted(labels, volume).clip(0, len(labels) - 1)
        return np.where(labels[place] == volume, place, self.rest).astype(kind)


def label_ids(labels: Sequence[int]) -> LabelIds:
    """The ids of a collection of labels."""
    return LabelIds(tuple(sorted(set(labels))))


def sample_index(field: Field, moving_shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Where every fixed voxel (Z, Y, X) samples a moving volume of shape (Z, Y, X); serves all its label
    maps.

    Raises:
        ValueError: the moving volume has 2**31 voxels or more.
    """
    if math.prod(moving_shape) >= 2**31:
        raise ValueError("the moving volume is too large")
    index: NDArray[np.int32] = kernels.sample_index(field.planes, *moving_shape)
    return index


def warp_ids(index: NDArray[np.int32], moving: NDArray[Any], outside: int) -> NDArray[Any]:
    """Moving ids (Z, Y, X) carried to the fixed grid, nearest neighbour, ``outside`` beyond the moving image.

    Equal to ``scipy.ndimage.map_coordinates(order=0, mode="constant")`` at identity + field in float64.
    """
    table = np.append(moving.reshape(-1), moving.dtype.type(outside))
    warped: NDArray[Any] = kernels.take(table, index)
    return warped


Region = tuple[slice, slice, slice]
"""A part of the fixed grid: slices along Z, Y, X, with steps where only every n-th voxel is wanted."""

WHOLE: Region = (slice(None), slice(None), slice(None))


def sample_points(field: Field, region: Region = WHOLE, share: float = 1.0) -> NDArray[np.float64]:
    """Where the fixed voxels of a region sample the moving image: (3, Z, Y, X) voxel coordinates z, y, x.

    That is identity + ``share`` times the field in float64; a share between 0 and 1 is on the way there.
    """
    _, *shape = field.planes.shape
    u = field.planes[(slice(None), *region)].astype(np.float64)[::-1]
    grids = np.meshgrid(
        *(np.arange(n, dtype=np.float64)[part] for n, part in zip(shape, region, strict=True)), indexing="ij"
    )
    points: NDArray[np.float64] = np.stack(grids) + share * u
    return points


def warp_image(
    field: Field, moving: NDArray[Any], region: Region = WHOLE, share: float = 1.0
) -> NDArray[np.float32]:
    """A moving image (Z, Y, X) carried to a region of the fixed grid, linearly; for looking at, not scored.

    The same coordinates and the same edge as in ``warp_ids``: 0 where they leave the moving image.
    """
    warped: NDArray[np.float32] = scipy.ndimage.map_coordinates(
        moving, sample_points(field, region, share), order=1, mode="constant", cval=0.0, output=np.float32
    )
    return warped
