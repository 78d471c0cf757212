"""Ground-truth volumes and landmark tables of a dataset folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from scoring.errors import InvalidField, InvalidGroundTruth
from scoring.nifti import Header, read_header, read_nifti, scaled


@dataclass(frozen=True)
class Volume:
    """An image or label map: ``array`` C-contiguous (Z, Y, X), ``spacing_mm`` along X, Y, Z."""

    array: NDArray[Any]
    spacing_mm: tuple[float, float, float]


def read_volume(folder: Path, path: str) -> Volume:
    """Read a .nii.gz volume of the ground truth.

    Raises:
        InvalidGroundTruth: missing, unreadable, or not three-dimensional.
    """
    with _open(folder, path) as stream:
        header, raw = read_nifti(stream, path, lambda header: _check_volume(header, path))
        return Volume(scaled(header, raw), header.zooms_mm)


def read_grid(folder: Path, path: str) -> tuple[tuple[int, ...], tuple[float, float, float]]:
    """Shape (X, Y, Z) and spacing (mm) of a .nii.gz volume, from its header alone.

    Raises:
        InvalidGroundTruth: as ``read_volume``.
    """
    with _open(folder, path) as stream:
        header = read_header(stream, path)
        _check_volume(header, path)
        return header.shape, header.zooms_mm


@contextmanager
def _open(folder: Path, path: str) -> Iterator[BinaryIO]:
    try:
        with (folder / path).open("rb") as stream:
            yield stream
    except OSError:
        raise InvalidGroundTruth("gt_missing", path) from None
    except InvalidField as error:
        raise InvalidGroundTruth("gt_unreadable", path, reason=error.code) from None


def _check_volume(header: Header, path: str) -> None:
    if len(header.shape) != 3:
        shape = " x ".join(map(str, header.shape))
        raise InvalidGroundTruth("gt_shape", path, shape=shape, expected_shape="X x Y x Z")


def read_points(folder: Path, path: str) -> NDArray[np.float64]:
    """Read landmarks from a CSV table without a header: one point per row, voxel coordinates X, Y, Z.

    Raises:
        InvalidGroundTruth: missing, or not a table of three finite numbers per row.
    """
    try:
        points = np.loadtxt(folder / path, delimiter=",", ndmin=2)
    except OSError:
        raise InvalidGroundTruth("gt_missing", path) from None
    except ValueError:
        raise InvalidGroundTruth("gt_unreadable", path, reason="not a table of numbers") from None
    if points.shape[1:] != (3,) or not np.isfinite(points).all():
        raise InvalidGroundTruth("gt_landmarks", path, reason="not three finite numbers per row")
    return points
