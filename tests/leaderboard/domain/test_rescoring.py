"""Scoring anew in the shadow."""

import pytest

from leaderboard.domain import ranking, rescoring
from leaderboard.messages import Refused
from leaderboard.models import CaseResult, Evaluation, Notification, Phase, Snapshot
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score, score_all


@pytest.fixture
def board(phantom_phase: Phase, scored: Score) -> Phase:
    """A phase with one scored entry on its board."""
    scored(phantom_phase, make.entry(make.team(phantom_phase.challenge), name="Demons"))
    ranking.update_board(phantom_phase.pk)
    return phantom_phase


def ndv(payload: dict[str, object]) -> float:
    entries = payload["entries"]
    return float(entries[0]["metrics"]["NDV"]["mean"])  # type: ignore[index]


def test_a_shadow_changes_nothing_until_it_is_applied(board: Phase) -> None:
    organizer = make.user()
    old = Snapshot.objects.latest()
    Phase.objects.update(rules="lumir25")  # its NDV looks at the fixed image instead of the moving one
    board.refresh_from_db()
    begun = rescoring.start(board, organizer, "New rules.")
    with pytest.raises(Refused) as refused:
        rescoring.apply(begun, organizer, "too early")
    assert refused.value.code == "rescoring_unfinished"

    score_all(Evaluation.objects.get(rescoring=begun).submission)
    assert rescoring.left(begun) == 0
    assert Evaluation.objects.get(current=True).rescoring is None
    ranking.update_board(board.pk)
    assert Snapshot.objects.latest() == old

    (move,) = rescoring.moves(begun)
    assert (move.method, move.places) == ("Demons", 0)
    assert move.before["metrics"]["NDV"]["mean"] == ndv(old.payload)
    assert move.after["metrics"]["NDV"]["mean"] != ndv(old.payload)
    assert move.after["metrics"]["DSC"] == move.before["metrics"]["DSC"]

    board.challenge.organizers.add(olga := make.user())
    bystander = make.team(board.challenge, make.user())
    rescoring.apply(begun, organizer, "Agreed by the board.")
    told = Notification.objects.filter(kind="rescored")
    (move_team,) = {one.submission.entry.team for one in Evaluation.objects.filter(rescoring=begun)}
    assert {one.user for one in told} == {olga, *move_team.members.all()}
    assert not told.filter(user__in=bystander.members.all()).exists()
    assert {one.text.split("Why: ")[1] for one in told} == {"Agreed by the board."}
    ranking.update_board(board.pk)
    assert ndv(Snapshot.objects.latest().payload) == move.after["metrics"]["NDV"]["mean"]
    assert Evaluation.objects.count() == 2, "the old evaluation is kept"
    with pytest.raises(Refused) as refused:
        rescoring.discard(begun, organizer, "changed my mind")
    assert refused.value.code == "rescoring_decided"


def test_a_discarded_one_leaves_all_as_it_is(board: Phase) -> None:
    organizer = make.user()
    begun = rescoring.start(board, organizer, "Just to see.")
    with pytest.raises(Refused) as refused:
        rescoring.start(board, organizer, "Another.")
    assert refused.value.code == "rescoring_undecided"
    rescoring.discard(begun, organizer, "Nothing new.")
    assert Evaluation.objects.get(current=True).rescoring is None
    left = CaseResult.objects.filter(evaluation__rescoring=begun).first()
    assert left is not None
    score_all(left.evaluation.submission)
    left.refresh_from_db()
    assert left.state == "pending", "what was discarded is not scored any more"


def test_cases_that_were_tried_too_often_can_be_given_out_anew(board: Phase) -> None:
    organizer = make.user()
    begun = rescoring.start(board, organizer, "New machine.")
    shadows = CaseResult.objects.filter(evaluation__rescoring=begun)
    shadows.update(tries=5)
    rescoring.release(begun, organizer)
    assert set(shadows.values_list("tries", "state")) == {(0, "pending")}
    rescoring.discard(begun, organizer, "Not needed.")
    with pytest.raises(Refused) as refused:
        rescoring.release(begun, organizer)
    assert refused.value.code == "rescoring_decided"
