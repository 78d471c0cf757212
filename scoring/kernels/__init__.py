"""Every compiled loop of the engine, in one place.

Volumes are C-contiguous in the order of the file, that is Z, Y, X with X fastest; fields have a leading
axis of three components (x, y, z displacement in voxels).  Label volumes hold *ids*: small integers
counted from 0, where the last id stands for every voxel value that is not scored.

The compiled code is kept on disk (``cache=True``); nothing here recurses, and fast-math stays off, because
both DSC and HD95 are compared bit by bit with the official evaluators.
"""

from scoring.kernels.jacobians import folded_volume, shifted_determinants
from scoring.kernels.surfaces import bit_lines, mixed_cells, squared_distances, surface_elements
from scoring.kernels.volumes import (
    count_ids,
    count_not_finite,
    holds,
    moments,
    overlap_counts,
    sample_index,
    take,
    translate,
)

__all__ = [
    "bit_lines",
    "count_ids",
    "count_not_finite",
    "folded_volume",
    "holds",
    "mixed_cells",
    "moments",
    "overlap_counts",
    "sample_index",
    "shifted_determinants",
    "squared_distances",
    "surface_elements",
    "take",
    "translate",
]
