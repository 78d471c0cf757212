"""Pages that the domain computes on demand, on a board of three entries that it really ranked."""

import json
import math
import re

import pytest
from django.test import Client

from leaderboard.models import Snapshot
from tests.leaderboard.domain.ranking.conftest import phase, snapshot  # noqa: F401 fixtures


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def home(snapshot: Snapshot) -> str:  # noqa: F811 the fixture of that name
    return f"/challenges/{snapshot.phase.challenge.slug}/"


def test_a_score_is_explained_by_numbers_that_add_up(client: Client, home: str) -> None:
    html = page(client, f"{home}entries/best/score/")
    found = client.get(f"{home}entries/best/score/score.json").json()
    (pool,) = found["pools"]
    scores = [metric["rank_score"] for metric in pool["metrics"]]
    assert pool["total"]["total"] == pytest.approx(math.prod(scores))
    assert found["score"] == pytest.approx(math.prod(scores) ** (1 / len(scores)))
    for metric in pool["metrics"]:
        assert f"gives {metric['rank_score']:.4f}" in html
        assert metric["won"] + metric["lost"] <= len(metric["comparisons"]) == 2
    assert f"is the score: <strong>{found['score']:.4f}</strong>" in html


def test_an_entry_that_is_not_there_has_no_explanation(client: Client, home: str) -> None:
    for address in ("entries/nobody/score/", "entries/best/score/?phase=nothing"):
        assert client.get(home + address).status_code == 404


def test_a_comparison_shows_wins_and_where_one_loses(client: Client, home: str) -> None:
    html = page(client, f"{home}compare/?a=best&b=middle")
    cells = re.findall(r'<td class="num(?: score)?">(.*?)</td>', html)
    assert cells[2:5] == ["7", "0", "1"]
    assert "0.0156" in cells
    assert html.index("Gains most") < html.index("Left amygdala")
    keys = [json.loads(found)["key"] for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    assert keys == ["paired", "differences"]


def test_an_unofficial_board_has_an_address_a_banner_and_a_way_back(client: Client, home: str) -> None:
    board = f"{home}phases/validation/"
    html = page(client, f"{board}?scheme=mean-rank&weights=DSC:2")
    assert 'class="say unofficial"' in html
    assert f'href="{board}">Back to the official board' in html
    content = client.get(f"{board}leaderboard.json?scheme=mean-rank").json()
    assert (content["official"], content["scheme"], content["what_if"]["datasets"]) == (
        False,
        "mean-rank",
        ["t2"],
    )
    assert [entry["rank_interval"] for entry in content["entries"]] == [None] * 3
    assert client.get(f"{board}?scheme=nothing").status_code == 400
    assert client.get(f"{board}?weights=DSC:0,NDV:0,HD95:0,TRE:0").status_code == 400


def test_the_correction_is_switched_by_the_address(client: Client, home: str) -> None:
    address = f"{home}phases/validation/significance/"
    assert "Bonferroni over 3 pairs" in page(client, address)
    assert "Holm over 3 pairs" in page(client, f"{address}?correction=holm")
