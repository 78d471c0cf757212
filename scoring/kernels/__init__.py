"""Every compiled loop of the engine, in one place.

Volumes are C-contiguous in the order of the file, that is Z, Y, X with X fastest; fields have a leading
axis of three components (x, y, z displacement in voxels).  Label volumes hold *ids*: small integers
counted from 0, where the last id stands for every voxel value that is not scored.

The compiled code is kept on disk (``cache=True``); nothing here recurses, and fast-math stays off, because
both DSC and HD95 are compared bit by bit with the official evaluators.

A loop is imported when it is first asked for: who only reads configs or schemes needs no numba.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoring.kernels.exact import tied_tails, upper_tails
    from scoring.kernels.jacobians import folded_volume, shifted_determinants
    from scoring.kernels.once import signed_keys, sums_of_keys, wins_of_merged, wins_of_rows
    from scoring.kernels.resampled import signed_rank_sums, win_sums
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
    "signed_keys",
    "signed_rank_sums",
    "squared_distances",
    "sums_of_keys",
    "surface_elements",
    "take",
    "tied_tails",
    "translate",
    "upper_tails",
    "win_sums",
    "wins_of_merged",
    "wins_of_rows",
]

_HOMES = MappingProxyType(
    {
        "exact": ("tied_tails", "upper_tails"),
        "jacobians": ("folded_volume", "shifted_determinants"),
        "once": ("signed_keys", "sums_of_keys", "wins_of_merged", "wins_of_rows"),
        "resampled": ("signed_rank_sums", "win_sums"),
        "surfaces": ("bit_lines", "mixed_cells", "squared_distances", "surface_elements"),
        "volumes": (
            "count_ids",
            "count_not_finite",
            "holds",
            "moments",
            "overlap_counts",
            "sample_index",
            "take",
            "translate",
        ),
    }
)


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            loops = import_module(f"{__name__}.{home}")
            globals().update({each: getattr(loops, each) for each in names})
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
