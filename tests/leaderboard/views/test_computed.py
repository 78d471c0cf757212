"""Pages that the domain computes on demand, on a board of three entries that it really ranked."""

import csv
import json
import math
import re
from datetime import UTC, datetime
from html import unescape
from statistics import fmean
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from leaderboard.domain import ranking
from leaderboard.domain.ranking.what_if import AT_ONCE
from leaderboard.enums import Aspect
from leaderboard.models import LAYOUT, Completion, Phase, Snapshot
from tests.leaderboard import make
from tests.leaderboard.domain.ranking.conftest import KEYS, dice, phase, snapshot  # noqa: F401 fixtures
from tests.leaderboard.views.conftest import page


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


def test_an_explanation_says_so_while_too_many_compute(client: Client, home: str) -> None:
    cache.set_many(dict.fromkeys([f"what-if/{number}" for number in range(AT_ONCE)], 1))
    for address in ("entries/best/score/", "entries/best/score/score.json"):
        response = client.get(home + address)
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert "Ask again in a few seconds." in response.content.decode()


def test_a_comparison_says_so_while_too_many_compute(client: Client, home: str) -> None:
    cache.set_many(dict.fromkeys([f"what-if/{number}" for number in range(AT_ONCE)], 1))
    told = client.get(f"{home}compare/?a=best&b=middle")
    assert (told.status_code, told["Retry-After"]) == (503, "5")
    assert "Ask again in a few seconds." in told.content.decode()


def test_a_comparison_shows_wins_and_where_one_loses(client: Client, home: str) -> None:
    html = page(client, f"{home}compare/?a=best&b=middle")
    cells = re.findall(r'<td class="num(?: score)?">(.*?)</td>', html)
    assert cells[2:5] == ["7", "0", "1"]
    assert "0.0156" in cells
    assert html.index("Gains most") < html.index("Left amygdala")
    # Label 1 has no value of one of them on the first case; the last one is lost.
    lines = re.findall(r'scope="row">([^<]*)</th>.{1,99}>(\d)\D(\d)\D(\d)</td>', html)
    assert sorted(lines) == [("Label 0", *"701"), ("Label 2", *"701"), ("Left amygdala", *"601")]
    keys = [json.loads(found)["key"] for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    assert keys == ["paired", "differences"]


def test_a_comparison_is_taken_along_case_by_case(
    client: Client,
    home: str,
    snapshot: Snapshot,  # noqa: F811 the fixture of that name
) -> None:
    address = f"{home}compare.csv?a=best&b=middle"
    response = client.get(address)
    assert response["Content-Disposition"].endswith('-validation-best-middle.csv"')
    rows = list(csv.reader(response.content.decode().splitlines()))
    assert rows[0] == ["dataset", "case", "metric", "Best", "Middle", "difference"]
    found = {(case, metric): [float(value) for value in numbers] for _, case, metric, *numbers in rows[1:]}
    assert len(found) == 2 * len(KEYS)
    first, second = (fmean(dice(method, 3)) for method in (0, 1))
    assert found[KEYS[3], "DSC"] == pytest.approx([first, second, first - second], abs=1e-9)
    for wrong in ("a=best&b=best", "a=best", "a=best&b=nobody", "a=best&b=middle&phase=nothing"):
        assert client.get(f"{home}compare.csv?{wrong}").status_code == 404
    for aspect in (Aspect.DOWNLOADS, Aspect.PER_CASE):
        rest = {each.value: ["public"] for each in Aspect} | {aspect.value: []}
        Phase.objects.update(visibility=rest)
        assert client.get(address).status_code == 404, aspect


def test_an_unofficial_board_has_an_address_a_banner_and_a_way_back(client: Client, home: str) -> None:
    board = f"{home}phases/validation/"
    html = page(client, f"{board}?scheme=mean-rank&weights=DSC:2")
    assert 'class="say unofficial"' in html
    assert 'href="." data-asked>Back to the official board' in html
    content = client.get(f"{board}leaderboard.json?scheme=mean-rank").json()
    assert (content["official"], content["scheme"], content["what_if"]["datasets"]) == (
        False,
        "mean-rank",
        ["t2"],
    )
    assert [entry["rank_interval"] for entry in content["entries"]] == [None] * 3
    assert client.get(f"{board}?scheme=nothing").status_code == 400
    assert client.get(f"{board}?weights=DSC:0,NDV:0,HD95:0,TRE:0").status_code == 400


ASKED = {
    "scheme": "mean-rank",
    "group": "in-domain",
    "datasets": "t2",
    "weights": "DSC:2",
    "columns": "DSC",
    "sort": "-DSC",
    "q": "best",
    "at": "2999-12-31",
}
RANKING = {"scheme", "group", "datasets", "weights"}
# What each form and link of a board changes, by what stands in it; all the rest of the address is kept.
FORMS = {"Rank again": RANKING, "Show these": {"columns", "q"}, "End of the day": {"at"}}
LINKS = {
    "All data": {"group", "datasets"},
    "In-domain": {"group", "datasets"},
    "T2-like": {"group", "datasets"},
    "Official scheme": {"scheme", "weights"},
    "Score": {"sort"},
    "To the board of now": {"at"},
    "Back to the official board": RANKING,
    "Rank heatmap of this ranking": set(),
    "CSV": set(),
    "JSON": set(),
    "LaTeX": set(),
}


def test_every_switch_of_a_board_keeps_what_it_does_not_change(client: Client, home: str) -> None:
    board = f"{home}phases/validation/"
    html = page(client, f"{board}?{urlencode(ASKED)}")
    forms = re.findall(r'<form [^>]*method="get".*?</form>', html, re.DOTALL)
    for words, own in FORMS.items():
        (form,) = [form for form in forms if words in form]
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        assert hidden == {"form": "1"} | {name: ASKED[name] for name in ASKED if name not in own}, words
        whole = client.get(board, hidden | {name: ASKED[name] for name in own})
        assert dict(parse_qsl(urlsplit(whole["Location"]).query)) == ASKED, words
    for words, own in LINKS.items():
        (href, *_) = re.findall(rf'<a href="([^"]*)"[^>]*>{words}', html)
        kept = dict(parse_qsl(urlsplit(unescape(href)).query))
        told = {name: kept.get(name) for name in ASKED if name not in own}
        assert told == {name: ASKED[name] for name in ASKED if name not in own}, words


def test_the_correction_is_switched_by_the_address(client: Client, home: str) -> None:
    address = f"{home}phases/validation/significance/"
    assert "Bonferroni over 3 pairs" in page(client, address)
    assert "Holm over 3 pairs" in page(client, f"{address}?correction=holm")


def test_the_heatmap_of_an_unofficial_board_has_a_page(client: Client, home: str) -> None:
    board = f"{home}phases/validation/"
    link = f"{board}heatmap/?scheme=mean-rank&amp;weights=DSC:2"
    assert link in page(client, f"{board}?scheme=mean-rank&weights=DSC:2")
    html = page(client, link.replace("&amp;", "&"))
    assert 'class="say unofficial"' in html
    assert 'data-figure="figure-rank-heatmap"' in html
    assert 'data-figure="figure-rank-heatmap"' in page(client, f"{board}heatmap/")
    assert client.get(f"{board}heatmap/?scheme=nothing").status_code == 400


def test_a_choice_of_datasets_is_refused_for_a_moment_while_too_many_compute(
    client: Client,
    home: str,
    snapshot: Snapshot,  # noqa: F811 the fixture of that name
) -> None:
    other = make.dataset(snapshot.phase.challenge, ("1_0",), slug="other")
    payload = snapshot.payload | {
        "datasets": [*snapshot.payload["datasets"], dataset_of(snapshot) | {"slug": other.slug}]
    }
    Snapshot.objects.filter(pk=snapshot.pk).update(payload=payload)
    cache.set_many({f"what-if/{number}": 1 for number in range(AT_ONCE)})
    response = client.get(f"{home}phases/validation/?datasets=t2")
    assert response.status_code == 503
    assert "Ask again in a few seconds" in response.content.decode()
    for ending in ("csv", "json", "tex"):
        told = client.get(f"{home}phases/validation/leaderboard.{ending}?datasets=t2")
        assert (told.status_code, told["Retry-After"]) == (503, "5"), ending
        assert "Ask again in a few seconds" in told.content.decode()


def dataset_of(snapshot: Snapshot) -> dict[str, object]:  # noqa: F811 the fixture of that name
    found: dict[str, object] = snapshot.payload["datasets"][0]
    return found


def test_a_board_of_an_earlier_day_has_an_address(
    client: Client,
    home: str,
    snapshot: Snapshot,  # noqa: F811 the fixture of that name
) -> None:
    Snapshot.objects.update(created_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    board = f"{home}phases/validation/"
    assert snapshot.content_hash[:8] in page(client, f"{board}?at=2026-03-05")
    assert "No board stood" in page(client, f"{board}?at=2026-03-04")
    assert "No board stood" in page(client, f"{board}?at=2026-03-05T11:59")
    assert client.get(f"{board}?at=yesterday").status_code == 400
    earlier = client.get(f"{board}leaderboard.json?at=2026-03-05").json()
    assert earlier["snapshot"] == snapshot.content_hash
    assert client.get(f"{board}leaderboard.json?at=2026-03-04").json()["entries"] == []


def test_an_earlier_board_leads_to_what_stood_then(
    client: Client,
    home: str,
    snapshot: Snapshot,  # noqa: F811 the fixture of that name
) -> None:
    Snapshot.objects.update(created_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    Phase.objects.update(scheme=ranking.preset("mean-rank"))
    ranking.mark_stale(snapshot.phase_id)
    ranking.update_board(snapshot.phase_id)
    board, day = f"{home}phases/validation/", "at=2026-03-05"
    of_then = [snapshot.content_hash, Snapshot.objects.latest().content_hash]
    todo, done = [f"{board}?{day}"], dict[str, str]()
    while todo:
        address = todo.pop()
        if urlsplit(address).path in done:
            continue
        answer = client.get(address)
        assert answer.status_code == 200, address
        html = done[urlsplit(address).path] = answer.content.decode()
        found = {urljoin(address, unescape(link)) for link in re.findall(r'<a [^>]*?href="([^"#]+)"', html)}
        of_then_too = [link for link in found if "at=2026-03-05T" in link]
        todo += [link for link in of_then_too if not urlsplit(link).path.endswith((".json", ".csv"))]
    whole = ("entries/best/", "entries/best/score/", "datasets/t2/", "compare/", "cases/")
    assert any(path.startswith(f"{home}cases/{KEYS[0]}/") for path in done)
    assert {home + path for path in whole} | {f"{board}significance/", f"{board}stability/"} <= set(done)
    for path, html in done.items():
        assert "An earlier board." in html, path
    files = [client.get(f"{home}entries/best/score/score.json{query}").json() for query in (f"?{day}", "")]
    assert [one["snapshot"] for one in files] == of_then
    assert files[0]["as_of"] == "2026-03-05T12:00:00Z"
    for path in done:
        answer = client.get(f"{path}?at=soon")
        assert answer.status_code == 400, path
        assert "soon is no date." in answer.content.decode(), path


def test_pages_say_so_while_a_board_of_an_old_layout_is_made_anew(
    client: Client,
    home: str,
    snapshot: Snapshot,  # noqa: F811 the fixture of that name
) -> None:
    Snapshot.objects.update(layout=LAYOUT - 1, payload={"of": "old"})
    board = f"{home}phases/validation/"
    assert "The board is being computed anew" in page(client, board)
    assert Completion.objects.filter(snapshot=snapshot).exists()
    for address in ("leaderboard.json", "heatmap/", "stability/", "significance/", "leaderboard.csv"):
        assert client.get(board + address).status_code in (200, 302, 404)
    for address in (
        home,
        f"{home}entries/best/",
        f"{home}datasets/t2/",
        "/",
        f"{home}compare/?a=best&b=middle",
    ):
        assert client.get(address).status_code in (200, 404)


def test_pages_say_so_while_intervals_are_being_computed(client: Client, phase: Phase) -> None:  # noqa: F811
    ranking.mark_stale(phase.pk)
    ranking.update_board(phase.pk)
    board = phase.get_absolute_url()
    for address in (board, f"{board}stability/"):
        assert "Intervals are being computed" in page(client, address)
    assert client.get(f"{board}significance/").status_code == 200
    html = page(client, f"{board}?scheme=mean-rank")
    assert "Intervals are being computed" not in html
