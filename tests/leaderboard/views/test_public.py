import json
import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.models import Challenge, Entry, Phase
from tests.leaderboard import make, payload

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BOARD = "/challenges/lumir/phases/validation/"


@pytest.fixture
def challenge() -> Challenge:
    return make.challenge(slug="lumir", notice="Simulated subjects.", terms="Be **kind**.")


@pytest.fixture
def phase(challenge: Challenge) -> Phase:
    phase = make.phase(challenge=challenge)
    for slug, name in payload.DATASETS.items():
        phase.datasets.add(make.dataset(challenge, tuple(payload.CASES), slug=slug, name=name))
    return phase


@pytest.fixture
def entry(challenge: Challenge) -> Entry:
    owner = make.team(challenge, make.user(username="member"), name="Team 0")
    return Entry.objects.create(challenge=challenge, team=owner, slug="entry-0", name="Method 0")


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


PAGES = [
    "/",
    "/challenges/lumir/",
    "/challenges/lumir/data/",
    BOARD,
    "/challenges/lumir/datasets/t2-like/",
    "/challenges/lumir/entries/entry-0/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
]


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_inline_script_or_style(
    client: Client, phase: Phase, entry: Entry, address: str
) -> None:
    payload.snapshot(phase)
    html = page(client, address)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in script or 'type="application/json"' in script for script in scripts)
    assert "Simulated subjects." in html


@pytest.mark.parametrize("address", PAGES)
def test_no_page_loads_anything_from_elsewhere(
    client: Client, phase: Phase, entry: Entry, address: str
) -> None:
    payload.snapshot(phase)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', page(client, address))


def test_pages_say_what_comes_next_while_nothing_is_there(client: Client, phase: Phase) -> None:
    submit = f'href="{BOARD}submit/"'
    for address in ("/", BOARD, "/challenges/lumir/datasets/t2-like/"):
        html = page(client, address)
        assert submit in html
    empty = client.get(f"{BOARD}leaderboard.json").json()
    assert (empty["snapshot"], empty["entries"]) == (None, [])
    assert client.get(f"{BOARD}leaderboard.csv").status_code == 404


def test_the_start_without_a_challenge(client: Client) -> None:
    assert "No challenge yet" in page(client, "/")


def test_each_challenge_on_the_start_leads_to_its_own_phase(client: Client, phase: Phase) -> None:
    make.phase(challenge=make.challenge(slug="newer"), slug="first")
    client.force_login(make.user())
    html = page(client, "/")
    assert f'href="{BOARD}submit/">Submit displacement fields' in html
    assert 'href="/challenges/newer/phases/first/submit/">Submit displacement fields' in html


def test_the_start_shows_the_leading_five(client: Client, phase: Phase) -> None:
    payload.snapshot(phase, 7)
    html = page(client, "/")
    assert "Method 4" in html
    assert "Method 5" not in html
    assert "All 7 entries" in html


def test_a_board_shows_every_number_of_the_snapshot(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, BOARD)
    rows = re.findall(r"<tr data-search.*?</tr>", html, re.DOTALL)
    cells = [
        [re.sub(r"<[^>]+>|\s+", "", cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in rows
    ]
    assert cells[1] == ["2", "0.900", "0.7400±0.0082", "3.000±0.000", "0.02000±0.00000"]
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
    # Phase, snapshot, matrix; challenge and phases of the navigation.
    with django_assert_num_queries(5):
        page(client, BOARD)


def test_leaderboard_json_is_what_others_rely_on(client: Client, phase: Phase) -> None:
    whole = payload.board(1)
    whole["entries"][0]["metrics"]["HD95"] = {"mean": None, "std": None, "missing": 3, "best": False}
    whole["entries"][0]["rank_interval"] = [1, 2]
    payload.snapshot(phase, 1, payload=whole)
    response = client.get(f"{BOARD}leaderboard.json")
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {
        "challenge": "lumir",
        "phase": "validation",
        "scheme": "l2r-code",
        "snapshot": "5a" * 32,
        "official": True,
        "entries": [
            {
                "rank": 1,
                "rank_interval": [1, 2],
                "score": 1.0,
                "entry": "entry-0",
                "method": "Method 0",
                "team": "Team 0",
                "baseline": True,
                "metrics": {
                    "DSC": {"mean": 0.79, "std": 0.00816},
                    "HD95": {"mean": None, "std": None},
                    "NDV": {"mean": 0.0, "std": 0.0},
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
    assert lines[2] == "2,,,0.9,entry-1,Method 1,Team 1,no,0.74,0.00816,3.0,0.0,0.02,0.0"


def test_withheld_results_are_on_no_page(client: Client, phase: Phase, entry: Entry) -> None:
    payload.snapshot(phase)
    Phase.objects.update(publish_at=NOW + timedelta(days=1))
    assert "are published" in page(client, BOARD)
    for address in ("/", BOARD, "/challenges/lumir/datasets/t2-like/"):
        assert "Method" not in page(client, address).replace(">Method<", "")
    assert client.get(f"{BOARD}leaderboard.json").json()["entries"] == []
    for address in (f"{BOARD}leaderboard.csv", "/challenges/lumir/entries/entry-0/"):
        assert client.get(address).status_code == 404


def test_a_frozen_and_an_unofficial_board_say_so(client: Client, phase: Phase) -> None:
    payload.snapshot(phase, created_at=NOW - timedelta(days=2), payload=payload.board() | {"official": False})
    Phase.objects.update(freeze_at=NOW - timedelta(days=1))
    html = page(client, BOARD)
    assert "Frozen since" in html
    assert "Unofficial" in html


def test_a_dataset_page_has_table_distributions_and_matrices(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, "/challenges/lumir/datasets/t2-like/")
    assert "0.7900" in html
    figures = [json.loads(found) for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    assert [(figure["key"], [view["name"] for view in figure["views"]]) for figure in figures] == [
        ("distributions", ["DSC", "HD95", "NDV"]),
        ("significance", ["DSC", "HD95", "NDV"]),
    ]
    assert client.get("/challenges/lumir/datasets/t2-like/?phase=nothing").status_code == 404
    assert client.get("/challenges/lumir/datasets/nothing/").status_code == 404


def test_a_dataset_that_no_phase_has_is_still_described(client: Client, challenge: Challenge) -> None:
    make.dataset(challenge, slug="spare", name="Spare")
    assert "Spare" in page(client, "/challenges/lumir/datasets/spare/")


def test_an_entrys_page_shows_how_its_score_came_about(client: Client, phase: Phase, entry: Entry) -> None:
    payload.snapshot(phase)
    html = page(client, "/challenges/lumir/entries/entry-0/")
    assert "How the score came about" in html
    assert "0 of 2" in html
    assert client.get("/challenges/lumir/entries/entry-0/?phase=nothing").status_code == 404


def test_an_entry_on_no_board_is_its_teams_alone(client: Client, phase: Phase, entry: Entry) -> None:
    address = "/challenges/lumir/entries/entry-0/"
    assert client.get(address).status_code == 404
    client.force_login(make.user())
    assert client.get(address).status_code == 404
    client.force_login(entry.team.members.get())
    assert "Not on a board yet" in page(client, address)


def test_names_of_participants_are_text(client: Client, phase: Phase) -> None:
    whole = payload.board(2)
    whole["entries"][0]["method"] = "</script><img src=x onerror=alert(1)>"
    payload.snapshot(phase, 2, payload=whole)
    html = page(client, BOARD)
    assert "<img" not in html
    assert html.count("</script>") == html.count("<script")


def test_the_viewers_zone_and_theme_come_from_cookies(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    client.cookies["tz"] = "Asia/Tokyo"
    client.cookies["theme"] = "dark"
    html = page(client, BOARD)
    assert "JST" in html
    assert '<html lang="en" data-theme="dark">' in html
    client.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in page(client, BOARD)


def test_an_unknown_address_leads_on(client: Client, challenge: Challenge) -> None:
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize("code", ["400", "500"])
def test_pages_for_our_faults_need_no_database(code: str) -> None:
    assert code in render_to_string(f"{code}.html")
