"""Displacement fields: read one from a stream, check it, bring it into one order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import scipy
from numpy.typing import NDArray

from scoring import kernels
from scoring.errors import InvalidField
from scoring.nifti import Header, read_nifti, scaled
from scoring.npz import read_npz


@dataclass(frozen=True)
class Field:
    """A displacement field in voxels of the fixed image, pointing into the moving image.

    ``planes`` is C-contiguous (3, Z, Y, X), float32 or float64 in native byte order: the order of a
    NIfTI file, so that nothing is moved in memory.  ``from_npz`` is kept because one official program
    rounds such fields.
    """

    planes: NDArray[Any]
    stored: str = "float32"
    from_npz: bool = False

    @property
    def values(self) -> NDArray[Any]:
        """The same numbers in canonical order X, Y, Z, 3 (a view)."""
        return self.planes.transpose(3, 2, 1, 0)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """X, Y, Z, 3."""
        _, z, y, x = self.planes.shape
        return x, y, z, 3

    @classmethod
    def from_values(cls, values: NDArray[Any]) -> Field:
        """A field from an array X, Y, Z, 3 of any number type."""
        return cls(_floats(np.ascontiguousarray(values.transpose(3, 2, 1, 0))), str(values.dtype))

    def single(self) -> Field:
        """The field rounded to float32."""
        return Field(self.planes.astype(np.float32, copy=False), self.stored, self.from_npz)

    def doubled(self) -> Field:
        """A field given on every other voxel, brought to the full grid by quadratic splines.

        Its values are voxels of the full grid already; this is how Learn2Reg treated its half-resolution
        tasks.
        """
        planes = np.stack([scipy.ndimage.zoom(component, 2, order=2) for component in self.planes])
        return Field(planes, self.stored, self.from_npz)

    def on_grid(self, shape: Sequence[int]) -> Field:
        """The field on the fixed image's grid X, Y, Z: itself, or doubled where that has twice the voxels."""
        return self.doubled() if tuple(shape) == tuple(2 * n for n in self.shape[:3]) else self

    def not_finite(self) -> int:
        """How many of its values are NaN or infinite."""
        return int(kernels.count_not_finite(self.planes.reshape(-1)))


def read_field(stream: BinaryIO, name: str, expected_shape: Sequence[int]) -> Field:
    """Read one field (.nii.gz or .npz by its name) whose shape is X, Y, Z, 3 or 3, X, Y, Z.

    A singleton time axis (X, Y, Z, 1, 3), as ITK writes vector images, is dropped.  NaN and infinite
    values are passed on; ask ``not_finite``.

    Raises:
        InvalidField: with a code; wrong shapes and types are refused before the data are decoded.
    """
    wanted = tuple(expected_shape)
    if name.endswith(".npz"):
        array = read_npz(stream, name, lambda shape: _layout(shape, wanted, name), math.prod(wanted))
        return Field(_floats(_planes(array.T, array.shape, wanted, name)), array.dtype.name, from_npz=True)

    def accept(header: Header) -> None:
        _layout(header.shape, wanted, name)

    header, raw = read_nifti(stream, name, accept)
    planes = _planes(raw, header.shape, wanted, name)
    if header.slope != 1 or header.inter != 0:
        planes = scaled(header, planes)
    return Field(_floats(planes), header.dtype.name)


def _layout(shape: tuple[int, ...], wanted: tuple[int, ...], name: str) -> str:
    """Which of the accepted orders a shape is in; the first axis being 3 decides, as in the official
    evaluator."""
    if shape[:1] == (3,) and (*shape[1:], 3) == wanted:
        return "first"
    if shape == wanted:
        return "last"
    if shape == (*wanted[:3], 1, 3):
        return "time"
    code = "half_resolution" if _is_half(shape, wanted) else "wrong_shape"
    raise InvalidField(code, name, shape=times(shape), expected_shape=times(wanted))


def _is_half(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether it is a field, in either order, with half as many voxels on each axis."""
    half = [(n // 2, (n + 1) // 2) for n in wanted[:3]]
    grids = [shape[:3]] * (shape[3:] == (3,)) + [shape[1:]] * (shape[:1] == (3,) and len(shape) == 4)
    return any(all(n in pair for n, pair in zip(grid, half, strict=True)) for grid in grids)


def times(shape: Sequence[int]) -> str:
    """A shape in words: 160 x 224 x 192 x 3."""
    return " x ".join(map(str, shape))


def _planes(raw: NDArray[Any], shape: tuple[int, ...], wanted: tuple[int, ...], name: str) -> NDArray[Any]:
    """From reversed file order to (3, Z, Y, X)."""
    layout = _layout(shape, wanted, name)
    if layout == "first":
        return np.moveaxis(raw, -1, 0)
    return raw.reshape(3, *raw.shape[-3:]) if layout == "time" else raw


def _floats(planes: NDArray[Any]) -> NDArray[Any]:
    """Contiguous, native float32 where it holds every value exactly, else float64."""
    exact = planes.dtype.itemsize <= 2 or (planes.dtype.kind == "f" and planes.dtype.itemsize == 4)
    return np.ascontiguousarray(planes, np.float32 if exact else np.float64)
