"""Boards: what stands on them, when they are computed anew, and the snapshots that pages read."""

from leaderboard.domain.ranking.boards import mark_stale, preset, update_board

__all__ = ["mark_stale", "preset", "update_board"]
