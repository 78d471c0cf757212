"""Ground-truth volumes and landmark tables of a dataset folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.errors import InvalidField, InvalidGroundTruth
from scoring.nifti import Header, read_nifti, scaled


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
    place = folder / path

    def accept(header: Header) -> None:
        if len(header.shape) != 3:
            shape = " x ".join(map(str, header.shape))
            raise InvalidGroundTruth("gt_shape", path, shape=shape, expected_shape="X x Y x Z")

    try:
        with place.open("rb") as stream:
            header, raw = read_nifti(stream, path, accept)
    except OSError:
        raise InvalidGroundTruth("gt_missing", path) from None
    except InvalidField as error:
        raise InvalidGroundTruth("gt_unreadable", path, reason=error.code) from None
    return Volume(scaled(header, raw), header.zooms_mm)


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
