"""Make a process ready to score or to rank: compiled code loaded, freed memory kept."""

from __future__ import annotations

import ctypes
import sys

import numpy as np

from scoring import kernels
from scoring.fields import Field
from scoring.metrics.landmarks import volume_errors
from scoring.metrics.overlap import dice
from scoring.metrics.regularity import non_diffeomorphic_volume, sd_log_jacobian
from scoring.metrics.surface import hd95
from scoring.stats import (
    Options,
    rank_sum_pairs,
    resampled_rank_sum_pairs,
    resampled_signed_rank_pairs,
)
from scoring.warp import label_ids, sample_index, warp_ids

_MMAP_MAX, _TRIM_THRESHOLD = -4, -1


def warm_up() -> None:
    """Load (and on the first run of a machine compile) every kernel."""
    _load_for_cases()
    _load_for_rankings()


def warm_up_to_score() -> None:
    """Load every kernel that fields and cases need, and keep freed memory; once, when a process starts."""
    _keep_freed_memory()
    _load_for_cases()


def _load_for_cases() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[2:4, 2:4, 2:4] = 1
    for kind in (np.float32, np.float64):
        field = Field(np.zeros((3, 6, 6, 6), kind))
        field.not_finite()
        ids = label_ids([0, 1])
        fixed = ids.encode(labels)
        warped = warp_ids(sample_index(field, fixed.shape), fixed, ids.outside)
        dice(fixed, fixed, warped, ids.count)
        hd95(fixed, warped, np.array([True, True, False]))
        volume_errors(fixed, warped, ids.count)
        non_diffeomorphic_volume(field, labels > 0)
        sd_log_jacobian(field)
    # the data and the trailer of a field as the reader has them
    kernels.holds(np.frombuffer(bytearray(16), np.uint8)[:-8], np.frombuffer(bytes(8), np.uint8))


def _load_for_rankings() -> None:
    """One resample and several, short and long rows, exact and not."""
    rng = np.random.default_rng(0)
    for cases in (12, 60):
        values, case = np.round(rng.random((2, cases)), 1), np.arange(cases, dtype=np.int32)
        for resamples in (1, 2):
            repeats = np.ones((resamples, cases), np.uint16)
            resampled_rank_sum_pairs(values, case, repeats)
            for one in (values, rng.random((2, cases))):
                resampled_signed_rank_pairs(one, case, repeats, Options())
    rank_sum_pairs(rng.random((64, 2)))


def _keep_freed_memory() -> None:
    """Let glibc reuse large blocks: fetching fresh pages for each field costs a tenth of the scoring time."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MMAP_MAX, 0)
            mallopt(_TRIM_THRESHOLD, 2**31 - 1)
