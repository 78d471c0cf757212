"""Boards: what stands on them, when they are computed anew, and the snapshots that pages read."""

from leaderboard.domain.ranking.boards import mark_stale, preset, update_board
from leaderboard.domain.ranking.what_if import WhatIf, explanation, other_matrix, schemes, what_if

__all__ = [
    "WhatIf",
    "explanation",
    "mark_stale",
    "other_matrix",
    "preset",
    "schemes",
    "update_board",
    "what_if",
]
