import json
import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from leaderboard.models import Challenge, Entry, Phase
from tests.leaderboard import make, payload
from tests.leaderboard.views.conftest import page

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BOARD = "/challenges/lumir/phases/validation/"


PAGES = [
    "/",
    "/challenges/lumir/",
    "/challenges/lumir/data/",
    BOARD,
    f"{BOARD}significance/",
    f"{BOARD}stability/",
    "/challenges/lumir/compare/",
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


def test_withheld_results_are_on_no_page(client: Client, phase: Phase, entry: Entry) -> None:
    payload.snapshot(phase)
    Phase.objects.update(publish_at=NOW + timedelta(days=1))
    assert "are published" in page(client, BOARD)
    for address in ("/", BOARD, "/challenges/lumir/datasets/t2-like/"):
        assert "Method" not in page(client, address).replace(">Method<", "")
    assert client.get(f"{BOARD}leaderboard.json").json()["entries"] == []
    for address in (f"{BOARD}leaderboard.csv", "/challenges/lumir/entries/entry-0/"):
        assert client.get(address).status_code == 404


def test_a_dataset_page_has_table_distributions_and_matrices(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    html = page(client, "/challenges/lumir/datasets/t2-like/")
    assert "0.7900" in html
    figures = [json.loads(found) for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    assert [(figure["key"], [view["name"] for view in figure["views"]]) for figure in figures] == [
        ("distributions", ["DSC", "HD95", "NDV"]),
        ("significance", ["DSC", "HD95", "NDV"]),
        ("structures", ["DSC", "HD95"]),
    ]
    assert client.get("/challenges/lumir/datasets/t2-like/?phase=nothing").status_code == 404
    assert client.get("/challenges/lumir/datasets/nothing/").status_code == 404


def test_a_dataset_that_no_phase_has_is_still_described(client: Client, challenge: Challenge) -> None:
    make.dataset(challenge, slug="spare", name="Spare")
    assert "Spare" in page(client, "/challenges/lumir/datasets/spare/")


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
