"""The board before and after a rescoring that is still in the shadow."""

from typing import Any

from leaderboard.domain.ranking.cards import cards_of
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.standing import score_table, standing_evaluations
from leaderboard.enums import SubmissionState
from leaderboard.models import Evaluation, Phase, Rescoring
from scoring.ranking import Scheme


def boards_before_and_after(rescoring: Rescoring) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two payloads, neither kept: of the current evaluations, and with the new ones in their place."""
    phase = rescoring.phase
    renewed = standing_evaluations(phase, shadows_of(rescoring))
    return _board(phase, standing_evaluations(phase)), _board(phase, renewed)


def shadows_of(rescoring: Rescoring) -> list[Evaluation]:
    """The new evaluations that applying makes the current ones: finished, of submissions that still count."""
    finished = rescoring.evaluations.filter(
        finished_at__isnull=False, submission__state=SubmissionState.SCORED
    )
    return list(finished.select_related("submission__entry__team"))


def _board(phase: Phase, evaluations: list[Evaluation]) -> dict[str, Any]:
    table, scheme = score_table(phase, evaluations), Scheme.from_dict(phase.scheme.spec)
    return board_of(table, scheme, cards_of(phase, evaluations), official=False)
