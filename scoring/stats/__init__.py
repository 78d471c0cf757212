"""Paired and unpaired tests over all pairs of methods, and corrections for multiple testing.

Arrays in, arrays out: rows are methods, columns are cases or items, a larger value is a larger value
(directions are the caller's).
"""

from scoring.stats.multiplicity import adjust
from scoring.stats.rank_sum import RankSum, rank_sum_pairs
from scoring.stats.signed_rank import SignedRank, signed_rank, signed_rank_pairs

__all__ = ["RankSum", "SignedRank", "adjust", "rank_sum_pairs", "signed_rank", "signed_rank_pairs"]
