import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.models import Challenge, Entry, Phase
from leaderboard.views import fragments
from tests.leaderboard import payload
from tests.leaderboard.views.conftest import page

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BOARD = "/challenges/lumir/phases/validation/"


def test_a_board_shows_every_number_of_the_snapshot(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, BOARD)
    rows = re.findall(r"<tr data-search.*?</tr>", html, re.DOTALL)
    cells = [
        [re.sub(r"<[^>]+>|\s+", "", cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in rows
    ]
    assert cells[1] == [
        "21\N{EN DASH}3",
        "1\N{EN DASH}3",
        "0.900",
        "0.7400±0.0082",
        "3.000±0.000",
        "0.02000±0.00000",
    ]
    best = [re.findall(r'<td class="num best" data-value="([^"]+)"', row) for row in rows]
    assert best == [["0.79", "2.0"], [], ["0.0"]]


def test_a_board_has_its_heatmap_one_matrix_and_the_tradeoff(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    figures = re.findall(r'<script type="application/json">(.*?)</script>', page(client, BOARD), re.DOTALL)
    assert [json.loads(figure)["key"] for figure in figures] == ["rank-heatmap", "significance", "tradeoff"]


@pytest.mark.parametrize("entries", [1, 3, 200])
def test_a_board_is_read_by_a_constant_number_of_queries(
    client: Client, phase: Phase, entries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    payload.snapshot(phase, entries)
    # The challenge's phases, snapshot; its content, heatmap and matrix.
    with django_assert_num_queries(5):
        first = page(client, BOARD)
    # The HTML of a snapshot is kept, and all of its rows for any order, columns and words.
    for address in (BOARD, f"{BOARD}?sort=-DSC&columns=NDV", f"{BOARD}?q=method&columns=interval,DSC"):
        with django_assert_num_queries(2):
            assert page(client, address).count("<tr data-search") == first.count("<tr data-search")


def test_who_is_not_logged_in_is_sent_a_page_again_only_if_it_has_changed(
    client: Client, phase: Phase, entry: Entry, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    payload.snapshot(phase)
    tag = client.get(BOARD)["ETag"]
    with django_assert_num_queries(2):
        same = client.get(BOARD, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(f"{BOARD}?q=nobody", headers={"If-None-Match": tag}).status_code == 200
    for change in (
        lambda: Challenge.objects.update(notice="The site moves on Friday."),
        lambda: Phase.objects.update(name="Last phase"),
        lambda: Phase.objects.update(freeze_at=NOW - timedelta(days=1), publish_at=NOW + timedelta(days=1)),
        lambda: Phase.objects.update(freeze_at=None, publish_at=None, paused=True),
        lambda: Phase.objects.update(closes_at=NOW + timedelta(days=3), paused=False),
        lambda: payload.snapshot(phase, 2, content_hash="6b" * 32),
        lambda: client.cookies.load({"theme": "dark"}),
    ):
        before = client.get(BOARD)
        change()
        after = client.get(BOARD, headers={"If-None-Match": before.get("ETag", "")})
        assert (after.status_code, before.content != after.content) == (200, True)
    client.force_login(entry.team.members.get())
    assert "ETag" not in client.get(BOARD)


def test_leaderboard_json_is_what_others_rely_on(client: Client, phase: Phase) -> None:
    whole = payload.board(1)
    whole["entries"][0]["metrics"]["HD95"] = {"mean": None, "std": None, "missing": 3, "best": False}
    whole["entries"][0]["rank_interval"] = [1, 2]
    payload.snapshot(phase, 1, payload=whole, created_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    response = client.get(f"{BOARD}leaderboard.json")
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {
        "challenge": "lumir",
        "phase": "validation",
        "scheme": "l2r-code",
        "snapshot": "5a" * 32,
        "official": True,
        "as_of": "2026-03-05T12:00:00Z",
        "entries": [
            {
                "rank": 1,
                "rank_interval": [1, 2],
                "score": 1.0,
                "entry": "entry-0",
                "method": "Method 0",
                "team": "Team 0",
                "baseline": True,
                "affiliation": "",
                "kind": "learning",
                "instance_specific": False,
                "organizers": False,
                "in_competition": True,
                "tie_group": 0,
                "stand_ins": [],
                "metrics": {
                    "DSC": {"mean": 0.79, "std": 0.00816, "missing": 0},
                    "HD95": {"mean": None, "std": None, "missing": 3},
                    "NDV": {"mean": 0.0, "std": 0.0, "missing": 0},
                },
            }
        ],
    }


def test_leaderboard_csv_is_a_named_download(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    response = client.get(f"{BOARD}leaderboard.csv")
    assert response["Content-Disposition"] == 'attachment; filename="lumir-validation-5a5a5a5a.csv"'
    lines = response.content.decode().splitlines()
    assert lines[0].startswith("rank,rank_low,rank_high,score,entry,method,team,baseline,DSC_mean,DSC_std")
    numbers = "0.74,0.00816,0,3.0,0.0,0,0.02,0.0,0"
    assert lines[2].startswith(
        f"2,1,3,0.9,entry-1,Method 1,Team 1,no,{numbers},,learning,no,no,yes,0,0,l2r-code,yes,"
    )


def test_a_frozen_and_an_unofficial_board_say_so(client: Client, phase: Phase) -> None:
    payload.snapshot(phase, created_at=NOW - timedelta(days=2), payload=payload.board() | {"official": False})
    Phase.objects.update(freeze_at=NOW - timedelta(days=1))
    html = page(client, BOARD)
    assert 'class="say frozen"' in html
    assert 'class="say unofficial"' in html


def test_rules_between_rows_separate_tie_groups_of_a_board_by_rank(client: Client, phase: Phase) -> None:
    # Entries 0 and 1 are tied, then 2 and 3, then 4.
    payload.snapshot(phase, 5)

    def groups(address: str) -> list[bool]:
        rows = re.findall(r'<tr data-search="[^"]*" class="([^"]*)"', page(client, address))
        return ["new-group" in row for row in rows]

    assert groups(BOARD) == [False, False, True, False, True]
    assert groups(f"{BOARD}?sort=-DSC") == [False] * 5


def test_the_address_chooses_columns_order_and_rows(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, f"{BOARD}?columns=NDV&sort=NDV&q=method")
    assert re.findall(r'data-key="([^"]+)"', html) == ["rank", "method", "score", "NDV"]
    assert re.search(r'data-key="NDV" data-sort="ascending" aria-sort="ascending"', html)
    assert re.findall(r'<th class="fixed wide" scope="row" data-value="([^"]+)"', html) == [
        "Method 2",
        "Method 0",
        "Method 1",
    ]
    assert 'href="leaderboard.csv?columns=NDV&amp;sort=NDV&amp;q=method"' in html
    assert "No method or team matches" in page(client, f"{BOARD}?q=nobody")


def test_a_forms_address_is_made_short_and_shareable(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    query = "form=1&scheme=strict&weight-DSC=2&weight-NDV=&datasets=t2-like&datasets=in-domain"
    response = client.get(f"{BOARD}?{query}")
    assert (response.status_code, response["Location"]) == (
        302,
        f"{BOARD}?scheme=strict&datasets=t2-like,in-domain&weights=DSC:2",
    )


@pytest.mark.parametrize(
    "query", ["?group=nothing", "?weights=DSC:many", "?weights=DSC:-1", "?weights=DSC:inf"]
)
def test_a_ranking_that_there_is_not_is_refused_with_a_way_back(
    client: Client, phase: Phase, query: str
) -> None:
    payload.snapshot(phase)
    response = client.get(BOARD + query)
    assert response.status_code == 400
    assert "No such ranking." in response.content.decode()
    assert f'href="{BOARD}">Back to the official board' in response.content.decode()
    assert client.get(f"{BOARD}leaderboard.csv{query}").status_code == 404


def test_all_datasets_and_the_boards_own_scheme_are_the_official_board(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    for query in ("?scheme=l2r-code", "?datasets=in-domain,t2-like", "?datasets=t2-like&group=in-domain"):
        assert 'class="say unofficial"' not in page(client, BOARD + query)


def test_gaps_that_were_filled_are_listed(client: Client, phase: Phase) -> None:
    whole = payload.board(2)
    gap = {"dataset": "t2-like", "state": "infinite", "count": 2, "stand_in": 56.25}
    whole["entries"][1]["imputations"] = {"HD95": [gap]}
    payload.snapshot(phase, 2, payload=whole)
    html = page(client, BOARD)
    assert "Method 1, HD95 on t2-like: 2 infinite values, counted as 56.25" in html
    assert html.count('href="#stand-ins"') == 1


def test_badges_tell_organizers_and_baselines_out_of_competition(
    client: Client, phase: Phase, entry: Entry
) -> None:
    whole = payload.board(3)
    whole["entries"][0] |= {"organizers": True}
    whole["entries"][2] |= {"in_competition": False, "rank": None}
    payload.snapshot(phase, payload=whole)
    rows = re.findall(r"<tr data-search.*?</tr>", page(client, BOARD), re.DOTALL)
    badges = [re.findall(r'class="badge"[^>]*>([^<]+)', row) for row in rows]
    assert badges == [["organizers"], [], ["baseline", "out of competition"]]
    assert "<span>Team 2</span></span>" in rows[2]
    card = page(client, "/challenges/lumir/entries/entry-0/")
    assert "<dt>Organizers</dt><dd>an organizer of the challenge is in the team</dd>" in card


def test_the_scheme_stands_there_in_words(client: Client, phase: Phase) -> None:
    payload.snapshot(
        phase, payload=payload.board() | {"scheme": payload.SCHEME | {"status": "reconstructed"}}
    )
    html = page(client, BOARD)
    assert "(reconstructed)" in html
    assert "the code that made them is not public" in html
    assert "fewest comparisons lost" in html


def test_latex_is_a_named_download_with_its_address(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    response = client.get(f"{BOARD}leaderboard.tex?columns=DSC")
    assert response["Content-Disposition"] == 'attachment; filename="lumir-validation-5a5a5a5a.tex"'
    text = response.content.decode()
    assert text.startswith(f"% http://testserver{BOARD}?columns=DSC\n")
    assert "HD95" not in text


def test_another_release_does_not_show_the_html_of_the_one_before(
    client: Client,
    phase: Phase,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    payload.snapshot(phase)
    page(client, BOARD)
    monkeypatch.setattr(fragments, "_code", lambda: "another")
    with django_assert_num_queries(5):
        page(client, BOARD)


def test_stability_shows_tau_and_three_figures(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, f"{BOARD}stability/")
    assert "0.90" in html
    keys = [json.loads(found)["key"] for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    assert keys == ["blobs", "schemes", "without"]


def test_significance_shows_one_grid_and_leads_to_the_others(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)

    def drawn(query: str) -> tuple[str, int]:
        html = page(client, f"{BOARD}significance/{query}")
        (figure,) = [json.loads(text) for text in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
        return figure["key"], len(figure["views"][0]["data"])

    assert drawn("") == ("in-domain-dsc-and-hd95", 2)
    assert drawn("?show=t2-like-ndv") == ("t2-like-ndv", 1)
    # The families with the metrics that are shown, then the metrics of the family.
    assert re.findall(r'href="\?show=([\w-]+)"', page(client, f"{BOARD}significance/"))[:4] == [
        "in-domain-dsc-and-hd95",
        "t2-like-dsc-and-hd95",
        "in-domain-dsc-and-hd95",
        "in-domain-ndv",
    ]
    for query in ("?correction=none", "?show=nothing"):
        assert client.get(f"{BOARD}significance/{query}").status_code == 404


@pytest.mark.parametrize("entries", [1, 3, 40])
@pytest.mark.parametrize(("address", "queries"), [("stability/", 5), ("significance/", 6)])
def test_pages_on_certainty_have_a_constant_number_of_queries(
    client: Client,
    phase: Phase,
    entries: int,
    address: str,
    queries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    payload.snapshot(phase, entries)
    with django_assert_num_queries(queries):
        page(client, BOARD + address)


def test_withheld_certainty_is_not_found(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    Phase.objects.update(publish_at=NOW + timedelta(days=1))
    for address in ("stability/", "significance/"):
        assert client.get(BOARD + address).status_code == 404
