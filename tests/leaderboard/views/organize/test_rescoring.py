"""Rescoring through the pages: begun, looked at, applied or discarded with a reason."""

import pytest
from django.test import Client

from leaderboard.domain import ranking
from leaderboard.models import CaseResult, Evaluation, Phase, Rescoring
from tests.leaderboard import make
from tests.leaderboard.domain.conftest import Score, phantom_phase, score_all, scored  # noqa: F401 fixtures


@pytest.fixture
def board(phantom_phase: Phase, scored: Score) -> Phase:  # noqa: F811
    scored(phantom_phase, make.entry(make.team(phantom_phase.challenge), name="Demons"))
    ranking.update_board(phantom_phase.pk)
    return phantom_phase


@pytest.fixture
def client(board: Phase) -> Client:
    client, organizer = Client(), make.user(username="olga")
    board.challenge.organizers.add(organizer)
    client.force_login(organizer)
    return client


def test_begun_followed_looked_at_and_applied(client: Client, board: Phase) -> None:
    Phase.objects.update(rules="lumir25")  # its NDV looks at the fixed image instead of the moving one
    place = f"/organize/{board.challenge.slug}"
    submission = Evaluation.objects.get().submission
    assert (
        "checked"
        in client.get(
            f"{place}/phases/validation/rescore/?submission={submission.pk}&submission=nonsense"
        ).content.decode()
    )
    answer = client.post(f"{place}/phases/validation/rescore/", {"reason": ""})
    assert "This field is required" in answer.content.decode()
    address = client.post(f"{place}/phases/validation/rescore/", {"reason": "New rules."})["Location"]
    page = client.get(address).content.decode()
    assert "0 of 8 cases scored" in page
    assert "Apply" not in page
    assert "not scored yet" in client.post(f"{address}apply/", {"reason": "early"}).content.decode()

    score_all(submission)
    page = client.get(address).content.decode()
    assert "8 of 8 cases scored" in page
    assert "What it does to the board" in page
    assert "1 → 1" in page
    old = Evaluation.objects.get(current=True)
    assert client.get(address).content.decode().count("→ <b>") == 1, "NDV alone is new"

    client.post(f"{address}apply/", {"reason": "Agreed."})
    assert Evaluation.objects.get(current=True) != old
    assert Rescoring.objects.get().decision_reason == "Agreed."
    assert "Agreed." in client.get(address).content.decode()
    assert (
        "Rescoring applied" in Client().get(f"/challenges/{board.challenge.slug}/changes/").content.decode()
    )


def test_discarded_and_given_out_anew(client: Client, board: Phase) -> None:
    place = f"/organize/{board.challenge.slug}"
    submission = Evaluation.objects.get().submission
    sent = {"reason": "To see.", "submissions": [submission.pk]}
    address = client.post(f"{place}/phases/validation/rescore/", sent)["Location"]
    CaseResult.objects.filter(evaluation__current=False).update(tries=5)
    assert "given out anew" in client.post(f"{address}release/", follow=True).content.decode()
    assert not CaseResult.objects.filter(evaluation__current=False, tries=5).exists()
    client.post(f"{address}discard/", {"reason": "Nothing new."})
    assert Rescoring.objects.get().applied is False
    answer = client.post(f"{address}discard/", {"reason": "once more"})
    assert "decided already" in answer.content.decode()
