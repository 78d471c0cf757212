"""Boards: what stands on them, when they are computed anew, and the snapshots that pages read."""

from leaderboard.domain.ranking.boards import (
    complete_board,
    mark_stale,
    preset,
    renew,
    to_complete,
    update_board,
)
from leaderboard.domain.ranking.comparison import comparison
from leaderboard.domain.ranking.rescored import boards_before_and_after, shadows_of
from leaderboard.domain.ranking.standing import kinds_of, metrics_by_name, told_means
from leaderboard.domain.ranking.what_if import (
    WhatIf,
    explanation,
    other_matrix,
    schemes,
    what_if,
    what_if_heatmap,
)
from scoring.warmup import warm_up

__all__ = [
    "WhatIf",
    "boards_before_and_after",
    "comparison",
    "complete_board",
    "explanation",
    "kinds_of",
    "mark_stale",
    "metrics_by_name",
    "other_matrix",
    "preset",
    "renew",
    "schemes",
    "shadows_of",
    "to_complete",
    "told_means",
    "update_board",
    "warm_up",
    "what_if",
    "what_if_heatmap",
]
