"""Volumes for the viewer in the page: NIfTI-1 of bytes, gzip-compressed, small."""

from typing import Any

import deflate
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

LARGEST = 128
"""Voxels along the longest axis; finer grids are thinned to every second voxel, every third ..."""


def thinning(shape: tuple[int, ...]) -> int:
    """Every how many voxels one is kept."""
    return -(-max(shape) // LARGEST)


def nifti(
    volume: NDArray[np.uint8], affine: NDArray[np.floating[Any]], step: int, *, labels: bool = False
) -> bytes:
    """A volume (Z, Y, X) or series (T, Z, Y, X), already thinned by `step`, as .nii.gz of bytes.

    labels: the file says that its values are names, which must not be blended.
    """
    thinned = affine @ np.diag([step, step, step, 1.0])
    image = nib.Nifti1Image(volume.T, thinned)
    image.header.set_xyzt_units("mm")
    if labels:
        image.header.set_intent("label")
    return bytes(deflate.gzip_compress(image.to_bytes(), 6))
