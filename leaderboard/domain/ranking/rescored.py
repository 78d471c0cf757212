"""The board before and after a rescoring that is still in the shadow."""

from typing import Any

from leaderboard.domain.ranking.cards import cards_of
from leaderboard.domain.ranking.payload import board_of
from leaderboard.domain.ranking.standing import score_table, standing_evaluations
from leaderboard.models import Evaluation, Phase, Rescoring
from scoring.ranking import Scheme


def boards_before_and_after(rescoring: Rescoring) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two payloads, neither kept: of the current evaluations, and with the new ones in their place."""
    phase = rescoring.phase
    current = standing_evaluations(phase)
    shadows = {
        shadow.submission_id: shadow
        for shadow in Evaluation.objects.filter(rescoring=rescoring).select_related("submission__entry__team")
    }
    renewed = [shadows.get(evaluation.submission_id, evaluation) for evaluation in current]
    return _board(phase, current), _board(phase, renewed)


def _board(phase: Phase, evaluations: list[Evaluation]) -> dict[str, Any]:
    table, scheme = score_table(phase, evaluations), Scheme.from_dict(phase.scheme.spec)
    return board_of(table, scheme, cards_of(phase, evaluations), official=False)
