"""Boards: what stands on them, when they are computed anew, and the snapshots that pages read."""

from leaderboard.domain.ranking.boards import mark_stale, preset, update_board
from leaderboard.domain.ranking.comparison import comparison
from leaderboard.domain.ranking.rescored import boards_before_and_after
from leaderboard.domain.ranking.what_if import WhatIf, explanation, other_matrix, schemes, what_if

__all__ = [
    "WhatIf",
    "boards_before_and_after",
    "comparison",
    "explanation",
    "mark_stale",
    "other_matrix",
    "preset",
    "schemes",
    "update_board",
    "what_if",
]
