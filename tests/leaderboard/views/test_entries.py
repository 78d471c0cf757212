import csv
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leaderboard.models import AuditEvent, Entry, Phase, Snapshot
from tests.leaderboard import make, payload
from tests.leaderboard.views.conftest import page

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DASH = "\N{EN DASH}"
BOARD = "/challenges/lumir/phases/validation/"


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
    assert "On no board that is shown to you yet" in page(client, address)


def test_an_entrys_page_has_its_single_cases_worst_first(client: Client, phase: Phase, entry: Entry) -> None:
    payload.snapshot(phase)
    html = page(client, "/challenges/lumir/entries/entry-0/")
    cases = html[html.index("worst first") :]
    assert cases.index(payload.CASES[2]) < cases.index(payload.CASES[1]) < cases.index(payload.CASES[0])


def test_all_cases_of_an_entry_and_of_a_dataset_can_be_seen_and_taken_along(
    client: Client, phase: Phase, entry: Entry
) -> None:
    whole = payload.board()
    whole["entries"][1]["method"] = "=Sum"
    payload.snapshot(phase, payload=whole)
    address = "/challenges/lumir/entries/entry-1/"
    html = page(client, "/challenges/lumir/entries/entry-0/?cases=t2-like")
    assert html[html.index("worst first") :].count('scope="row"') == len(payload.CASES)
    assert 'href="/challenges/lumir/entries/entry-0/cases.csv?phase=validation"' in html
    assert client.get("/challenges/lumir/entries/entry-0/?cases=nothing").status_code == 404
    lines = list(csv.reader(client.get(f"{address}cases.csv").content.decode().splitlines()))
    assert lines[0] == ["dataset", "case", "entry", "method", "DSC", "HD95", "NDV"]
    values = zip(*(payload.case_values(name, 1, 3) for name in ("DSC", "HD95", "NDV")), strict=True)
    expected = [
        [case, "entry-1", "'=Sum", *map(str, of_one)]
        for case, of_one in zip(payload.CASES, values, strict=True)
    ]
    assert lines[1:] == [[dataset, *line] for dataset in payload.DATASETS for line in expected]
    answer = client.get("/challenges/lumir/datasets/t2-like/cases.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="lumir-validation-t2-like-cases.csv"'
    assert list(csv.reader(answer.content.decode().splitlines()))[4:7] == [
        ["t2-like", *line] for line in expected
    ]


def test_submissions_are_listed_for_the_team_alone(client: Client, phase: Phase, entry: Entry) -> None:
    payload.snapshot(phase)
    make.submission(phase=phase, entry=entry, filename="secret-name.zip", state="scored")
    address = "/challenges/lumir/entries/entry-0/"
    assert "secret-name.zip" not in page(client, address)
    client.force_login(make.user())
    assert "secret-name.zip" not in page(client, address)
    client.force_login(entry.team.members.get())
    html = page(client, address)
    assert "secret-name.zip" in html
    assert '<span class="state"><span class="dot good"></span>Scored</span>' in html


def test_the_history_has_the_means_of_each_submission_and_which_one_stands(
    client: Client, phase: Phase, entry: Entry
) -> None:
    whole, address = payload.board(), "/challenges/lumir/entries/entry-0/"
    for day, (dice, missing) in enumerate([(0.61, 1), (0.73, 0), (0.67, 0)]):
        sent = make.submission(
            phase=phase, entry=entry, state="scored", created_at=NOW - timedelta(days=9 - day)
        )
        make.evaluation(sent, finished_at=NOW, means={"dice": {"mean": dice, "missing": missing}})
        if dice == 0.73:
            whole["entries"][0]["submission"] = str(sent.pk)
    payload.snapshot(phase, payload=whole)
    assert 'id="submissions"' not in page(client, address)
    client.force_login(entry.team.members.get())
    html = page(client, address)
    html = html[html.index('id="submissions"') :]
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL)[1:]]
    assert [row[row.index("UTC") + 1 : row.index("Scored")] for row in rows] == [
        [DASH, "0.6700"],
        ["rank", "1", "0.7300"],
        [DASH, "*", "0.6100"],
    ]
    # Oldest first, the best one highest: 24 pixels with 4 of margin.
    assert '<polyline points="4.0,20.0 48.0,4.0 92.0,12.0"/><circle cx="48.0" cy="4.0"' in html
    Phase.objects.update(visibility={aspect: ["public"] for aspect in ("logs", "names", "per-case")})
    assert "0.7300" not in page(Client(), address)
    Phase.objects.update(visibility={aspect: ["public"] for aspect in ("logs", "names", "aggregates")})
    assert "0.6100" in page(Client(), address)
    Snapshot.objects.update(created_at=NOW - timedelta(days=5))
    Phase.objects.update(freeze_at=NOW - timedelta(days=1), publish_at=NOW + timedelta(days=1))
    html = page(Client(), address)
    assert ("0.6100" in html, "0.7300" in html) == (False, True)


def test_a_card_is_changed_and_the_boards_follow(client: Client, phase: Phase, entry: Entry) -> None:
    make.submission(phase=phase, entry=entry)
    make.entry(entry.team, name="Taken")
    client.force_login(entry.team.members.get())
    address = "/challenges/lumir/entries/entry-0/edit/"
    taken = client.post(address, {"name": "taken", "kind": "optimisation"})
    assert "is called “taken” already" in taken.content.decode()
    assert Phase.objects.get().board_stale_since is None
    changed = client.post(address, {"name": "Warp", "kind": "optimisation", "hardware": "a laptop"})
    assert changed["Location"] == "/challenges/lumir/entries/entry-0/"
    entry.refresh_from_db()
    assert (entry.name, entry.kind, entry.hardware) == ("Warp", "optimisation", "a laptop")
    assert Phase.objects.get().board_stale_since is not None
    event = AuditEvent.objects.latest("pk")
    assert (event.what, event.after) == ("Entry renamed", "Warp")


@pytest.mark.parametrize("entries", [1, 3, 40])
def test_an_entrys_page_has_a_constant_number_of_queries(
    client: Client,
    phase: Phase,
    entry: Entry,
    entries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    payload.snapshot(phase, entries)
    # Entry; phases and board; submissions; means; cases; challenge and phases of the navigation.
    with django_assert_num_queries(7):
        page(client, "/challenges/lumir/entries/entry-0/")


def test_comparing_needs_two_different_entries_of_the_board(client: Client, phase: Phase) -> None:
    payload.snapshot(phase)
    address = "/challenges/lumir/compare/"
    assert "Compare two entries" in page(client, address)
    assert "Choose two different entries." in page(client, f"{address}?a=entry-0&b=entry-0")
    refused = client.get(f"{address}?a=entry-0&b=nobody")
    assert refused.status_code == 400
    assert "No entry nobody is on this board." in refused.content.decode()
    assert client.get(f"{address}?phase=nothing").status_code == 404


def test_nothing_is_compared_or_explained_while_results_are_withheld(
    client: Client, phase: Phase, entry: Entry
) -> None:
    payload.snapshot(phase)
    Phase.objects.update(publish_at=NOW + timedelta(days=1))
    for address in (
        "compare/?a=entry-0&b=entry-1",
        "entries/entry-0/score/",
        "entries/entry-0/score/score.json",
    ):
        assert client.get(f"/challenges/lumir/{address}").status_code == 404
