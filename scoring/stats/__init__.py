"""Paired and unpaired tests over all pairs of methods, and corrections for multiple testing.

Arrays in, arrays out: rows are methods, columns are cases or items, a larger value is a larger value
(directions are the caller's).
"""

from scoring.stats.effects import cohens_d
from scoring.stats.kendall import kendall_tau
from scoring.stats.multiplicity import Correction, adjust
from scoring.stats.rank_sum import RankSum, rank_sum_pairs, resampled_rank_sum_pairs
from scoring.stats.resample import percentile_interval, subject_resamples
from scoring.stats.signed_rank import (
    Options,
    SignedRank,
    resampled_rank_biserial,
    resampled_signed_rank_pairs,
    signed_rank,
    signed_rank_pairs,
)

__all__ = [
    "Correction",
    "Options",
    "RankSum",
    "SignedRank",
    "adjust",
    "cohens_d",
    "kendall_tau",
    "percentile_interval",
    "rank_sum_pairs",
    "resampled_rank_biserial",
    "resampled_rank_sum_pairs",
    "resampled_signed_rank_pairs",
    "signed_rank",
    "signed_rank_pairs",
    "subject_resamples",
]
