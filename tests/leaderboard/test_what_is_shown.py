"""The matrix of who sees what, held against every page and file: planted numbers, names and log lines."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from html import unescape
from statistics import fmean
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.utils import timezone

from leaderboard import rules
from leaderboard.domain import notifications, ranking
from leaderboard.enums import Aspect, Audience
from leaderboard.models import Notification, Phase, Snapshot, Submission
from leaderboard.queries.veil import veil_over
from tests.leaderboard import shown
from tests.leaderboard.shown import EVERYBODY, Place

pytestmark = pytest.mark.django_db
A = Audience
OWN, OTHER = 1, 2
# audiences of one aspect -> which teams' results (own: the member's, 1) each viewer sees of it
EXPECTED: dict[tuple[Audience, ...], dict[str, set[int]]] = {
    (): {"public": set(), "other": set(), "member": set(), "organizer": {0, 1, 2}},
    (A.PUBLIC,): {"public": {0, 1, 2}, "other": {0, 1, 2}, "member": {0, 1, 2}, "organizer": {0, 1, 2}},
    (A.PARTICIPANTS,): {"public": set(), "other": {0, 1, 2}, "member": {0, 1, 2}, "organizer": {0, 1, 2}},
    (A.OWN_TEAM,): {"public": set(), "other": {2}, "member": {1}, "organizer": {0, 1, 2}},
}
NUMBERS = (Aspect.AGGREGATES, Aspect.PER_DATASET, Aspect.PER_CASE)
PLANTED = (*NUMBERS, Aspect.NAMES, Aspect.LOGS)


@pytest.fixture
def place() -> Place:
    return shown.place()


def text(client: Client, addresses: Iterable[str]) -> str:
    """All that is shown, without the page's head, which names the viewer's own team.

    What is refused repeats the address that was asked for, and nothing else; a hidden heatmap leads back.
    """
    answers = [client.get(address) for address in addresses]
    assert {answer.status_code for answer in answers} <= {200, 302, 400, 404}
    bodies = [answer.content.decode() for answer in answers if answer.status_code == 200]
    return "".join(re.sub("<header.*?</header>", "", body, flags=re.DOTALL) for body in bodies)


def seen(aspect: Aspect, words: str) -> set[int]:
    return {team for team in range(3) if shown.marks(team).found(aspect, words)}


@pytest.mark.parametrize("aspect", PLANTED)
def test_an_aspect_is_found_by_exactly_those_to_whom_the_matrix_shows_it(
    place: Place, aspect: Aspect
) -> None:
    browsers = place.browsers()
    # A team's own pages name it, whatever a board shows.
    own = {place.submissions[team].get_absolute_url() for team in (OWN, OTHER)} | set(place.of_entry(OWN))
    for audiences, expected in EXPECTED.items():
        if audiences == (A.PUBLIC,):
            continue  # the test below looks at it for all aspects at once
        place.show(aspect, *audiences)
        for name, client in browsers.items():
            if name == "organizer" and audiences:
                continue
            pages = place.pages(logs=aspect is Aspect.LOGS)
            if aspect is Aspect.NAMES and name in ("member", "other"):
                pages = [page for page in pages if page not in own]
            assert seen(aspect, text(client, pages)) == expected[name], (audiences, name)


def test_what_is_shown_to_the_public_is_found_by_everybody(place: Place) -> None:
    place.show(Aspect.AGGREGATES, A.PUBLIC, rest=[A.PUBLIC])
    own = {place.submissions[team].get_absolute_url() for team in (OWN, OTHER)} | set(place.of_entry(OWN))
    with_logs = place.pages(logs=True)
    for name, client in place.browsers().items():
        found = {page: text(client, [page]) for page in place.pages()}
        of_all = "".join(found.values())
        assert [seen(aspect, of_all) for aspect in NUMBERS] == [{0, 1, 2}] * 3, name
        of_others = "".join(words for page, words in found.items() if page not in own)
        assert seen(Aspect.NAMES, of_others) == {0, 1, 2}, name
        assert seen(Aspect.LOGS, "".join(found[page] for page in with_logs)) == {0, 1, 2}, name


FORMATS = ("", "leaderboard.csv", "leaderboard.json", "leaderboard.tex")


@pytest.mark.parametrize("aspect", [Aspect.AGGREGATES, Aspect.NAMES, Aspect.DOWNLOADS])
def test_page_csv_json_and_latex_show_the_same(place: Place, aspect: Aspect) -> None:
    browsers = place.browsers()
    for audiences, expected in EXPECTED.items():
        place.show(aspect, *audiences)
        for name, client in browsers.items():
            found = {ending: text(client, [place.board + ending]) for ending in FORMATS}
            if aspect is Aspect.DOWNLOADS:
                page = found.pop("")
                assert seen(Aspect.AGGREGATES, page) == {0, 1, 2}
                assert ('href="leaderboard.csv' in page) == bool(expected[name])
                of_all, of_own = f"{place.home}datasets/t1/cases.csv", place.of_entry(OWN)[-1]
                assert seen(Aspect.PER_CASE, text(client, [of_all])) == expected[name]
                assert seen(Aspect.PER_CASE, text(client, [of_own])) == expected[name] & {OWN}
            planted = Aspect.AGGREGATES if aspect is Aspect.DOWNLOADS else aspect
            for ending, words in found.items():
                assert seen(planted, words) == expected[name], (audiences, name, ending)


NOW = timezone.now()
HOUR = timedelta(hours=1)
EVERYTHING = {name: {0, 1, 2} for name in ("public", "other", "member", "organizer")}
OWN_ONLY = {"public": set(), "other": {2}, "member": {1}, "organizer": {0, 1, 2}}
# dates -> what is seen where the matrix shows everything to everybody
TIMES: dict[str, tuple[dict[str, object], dict[str, set[int]]]] = {
    "before opening": ({"opens_at": NOW + HOUR}, EVERYTHING),
    "during": ({}, EVERYTHING),
    "before publication": ({"publish_at": NOW + HOUR}, OWN_ONLY),
    "after": ({"closes_at": NOW - HOUR, "publish_at": NOW - HOUR}, EVERYTHING),
}


@pytest.mark.parametrize("when", TIMES)
def test_the_matrix_holds_at_every_time(place: Place, when: str) -> None:
    dates, expected = TIMES[when]
    Phase.objects.update(**dates)
    for name, client in place.browsers().items():
        for rest, teams in ((EVERYBODY, expected), ([A.OWN_TEAM], OWN_ONLY)):
            if name == "organizer" and rest == EVERYBODY:
                continue  # they see all of it where others see the least
            place.show(Aspect.AGGREGATES, *rest, rest=rest)
            words = text(client, place.pages())
            assert [seen(aspect, words) for aspect in NUMBERS] == [teams[name]] * 3, (name, rest)


def test_a_frozen_board_stands_for_all_but_organizers(place: Place) -> None:
    Snapshot.objects.update(created_at=NOW - 2 * HOUR)
    Submission.objects.filter(pk=place.submissions[0].pk).update(state="withdrawn")
    ranking.mark_stale(place.phase.pk)
    ranking.update_board(place.phase.pk)
    Phase.objects.update(freeze_at=NOW - HOUR, publish_at=NOW + HOUR)
    pages = [page for page in place.pages() if not page.startswith("/submissions/")]
    for name, client in place.browsers().items():
        teams = {1, 2} if name == "organizer" else {0, 1, 2}
        # Whoever asks for the board of a later moment does not get round it.
        for later in ("", "at=2999-12-31"):
            words = text(client, [f"{page}{'&' if '?' in page else '?'}{later}" for page in pages])
            assert [seen(aspect, words) for aspect in NUMBERS] == [teams] * 3, (name, later)


def test_what_was_scored_after_the_freeze_is_told_to_its_team_alone(place: Place) -> None:
    Snapshot.objects.update(created_at=NOW - 2 * HOUR)
    place.show(Aspect.LOGS, *EVERYBODY)
    since = shown.scored(place.phase, place.entries[OWN], OWN).get_absolute_url()
    before = place.submissions[OWN].get_absolute_url()
    mean = f"{fmean(shown.cases(OWN, 0) + shown.cases(OWN, 1)):.4f}"

    def told(address: str) -> set[str]:
        return {name for name, client in place.browsers().items() if mean in text(client, [address])}

    everybody = {"public", "other", "member", "organizer"}
    assert told(since) == everybody
    Phase.objects.update(freeze_at=NOW - HOUR, publish_at=NOW + HOUR)
    assert (told(before), told(since)) == (everybody, {"member", "organizer"})


def links(page: str) -> set[str]:
    return {found.replace("&amp;", "&") for found in re.findall(r'<a [^>]*?href="([^"#]*)"', page)}


def test_hidden_names_are_behind_no_link_of_the_site(place: Place) -> None:
    """Numbers stand for names on all that the start and the board lead to, and every link leads on."""
    place.show(Aspect.NAMES)
    client, todo, done = Client(), ["/", f"{place.board}significance/"], set()
    while todo:
        address = todo.pop()
        # Sorting and choosing shows the same page again.
        where = re.sub(r"[?&](sort|columns|scheme|correction|show)=[^&]*", "", address)
        if where in done or not address.startswith(("/challenges/", "/")) or "/accounts/" in address:
            continue
        done.add(where)
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        words = b"".join(answer) if answer.streaming else answer.content
        if answer["Content-Type"] in ("application/zip", "application/x-tar"):
            continue
        assert seen(Aspect.NAMES, words.decode()) == set(), address
        if answer["Content-Type"].startswith("text/html"):
            todo += [urljoin(address, link) for link in links(words.decode())]
    assert f"{place.home}entries/_entry-2/score/?phase=validation" in done
    assert f"{place.home}entries/_entry-2/score/score.json?phase=validation" in done
    html = text(client, [f"{place.home}compare/?a=_entry-1&b=_entry-3&phase=validation"])
    assert "Entry 1 <span" in html
    for word in shown.WORDS:
        assert "No method or team matches." in text(client, [f"{place.board}?q={word}"])
        assert f'"{word}' not in text(client, [f"{place.board}leaderboard.json?q={word}"])
    for entry in place.entries:
        assert client.get(entry.get_absolute_url()).status_code == 404


def test_a_hidden_ranking_is_not_told_by_the_order_of_rows(place: Place) -> None:
    place.show(Aspect.AGGREGATES)
    html = text(Client(), [f"{place.home}datasets/t1/"])
    rows = re.findall(r'scope="row"><a href="[^"]*">(\w+) Net</a>', html)
    assert list(dict.fromkeys(rows)) == ["Aardvark", "Bumblebee", "Cormorant"]
    figures = [json.loads(found) for found in re.findall(r'json">(.*?)</script>', html, re.DOTALL)]
    matrix = next(figure for figure in figures if figure["key"] == "significance")
    assert matrix["views"][0]["data"][0]["y"][0].startswith("Aardvark")


def test_numbers_for_hidden_names_do_not_follow_the_ranking_nor_the_names(place: Place) -> None:
    """Of six snapshots at least one has another order, unless the numbers follow from something known."""
    place.show(Aspect.NAMES)
    orders = set()
    for number in range(6):
        veil = veil_over(Snapshot.objects.get().payload, f"{number}", _sight_without_names())
        orders.add(tuple(veil.entries[entry.slug] for entry in place.entries))
        assert set(veil.names.values()) == {"Entry 1", "Entry 2", "Entry 3"}
    assert len(orders) > 1


def _sight_without_names() -> rules.Sight:
    return rules.Sight(frozenset({A.PUBLIC}), {"per-dataset": ["public"]})


def test_what_is_not_shown_is_said_in_words_and_links_do_not_lead_there(place: Place) -> None:
    client = Client()
    place.show(Aspect.AGGREGATES)
    page = client.get(place.board).content.decode()
    assert "The ranks and scores of this phase are not shown to the public." in page
    assert "Ranks are not shown." in client.get("/").content.decode()
    Phase.objects.update(visibility={aspect: ["public"] for aspect in ("aggregates", "names", "downloads")})
    page = client.get(place.board).content.decode()
    assert "/significance/" not in page
    assert 'name="datasets"' not in page
    assert "results on single datasets" in client.get(f"{place.home}datasets/t1/").content.decode()
    refused = client.get(f"{place.board}?datasets=t1")
    assert refused.status_code == 400
    assert "Results of single datasets are not shown here" in refused.content.decode()
    assert client.get(f"{place.board}leaderboard.csv?datasets=t1").status_code == 404


# What an organizer names -> whom they see as; a word that is none of these is the public.
EYES = {"public": "public", "participants": "member", "other-team": "other", "nonsense": "public"}


@pytest.mark.parametrize("eyes", EYES)
def test_organizers_see_through_others_eyes_what_these_see(place: Place, eyes: str) -> None:
    """Of their own team where that is who they look as: on these pages the second one."""
    organizer = place.browsers()["organizer"]
    for audiences, expected in EXPECTED.items():
        place.show(Aspect.AGGREGATES, *audiences, rest=audiences)
        pages = [*place.of_entry(OWN), place.submissions[OWN].get_absolute_url()]
        words = text(organizer, [f"{page}?as={eyes}" for page in pages])
        assert seen(Aspect.AGGREGATES, words) & {OWN} == expected[EYES[eyes]] & {OWN}, audiences
        # A board is looked at as the team that leads it.
        board = text(organizer, [f"{place.board}{ending}?as={eyes}" for ending in FORMATS])
        leading = {"member": {0}, "other": set(), "public": set()}[EYES[eyes]]
        own_only = audiences == (A.OWN_TEAM,)
        assert seen(Aspect.AGGREGATES, board) == (leading if own_only else expected[EYES[eyes]]), audiences


def test_others_are_not_asked_through_whose_eyes_they_look(place: Place) -> None:
    place.show(Aspect.AGGREGATES, A.OWN_TEAM)
    for name, teams in {"public": set(), "member": {1}, "other": {2}}.items():
        client = place.browsers()[name]
        for eyes in (*EYES, "own-team", "organizers"):
            assert seen(Aspect.AGGREGATES, text(client, [f"{place.board}?as={eyes}"])) == teams
            assert 'class="eyes"' not in client.get(f"{place.board}?as={eyes}").content.decode()


def test_a_bar_says_through_whose_eyes_one_looks_and_every_link_keeps_them(place: Place) -> None:
    organizer = place.browsers()["organizer"]
    for page in (place.board, place.entries[1].get_absolute_url(), f"{place.home}datasets/t1/", "/"):
        html = organizer.get(f"{page}?as=public").content.decode()
        bar, rest = re.split("</aside>", html.partition('<aside class="eyes"')[2], maxsplit=1)
        assert "the public sees" in bar
        assert f'href="{page}">Back to your own' in bar
        kept = {urljoin(page, link) for link in links(rest) if link}
        shown_ones = {link for link in kept if link.startswith(("/challenges/", "/submissions/", "/teams/"))}
        assert shown_ones
        assert all("as=public" in link for link in shown_ones), page
    html = organizer.get(f"{place.board}?as=public").content.decode()
    html = organizer.get(f"{place.board}?scheme=mean-rank&as=public&columns=DSC,NDV").content.decode()
    assert f'href="{place.board}?scheme=mean-rank&amp;columns=DSC,NDV">Back to your own' in html
    assert 'href="?scheme=mean-rank&amp;columns=DSC,NDV&amp;as=other-team"' in html
    forms = re.findall(r'<form[^>]*method="get"[^>]*>(.{0,60})', html, re.DOTALL)
    assert forms
    assert all(form.startswith('<input type="hidden" name="as" value="public">') for form in forms)
    answer = organizer.get(f"{place.board}?form=1&scheme=mean-rank&as=public")
    assert answer["Location"] == f"{place.board}?scheme=mean-rank&as=public"
    assert (
        'class="eyes"' not in organizer.get(f"/organize/{place.challenge.slug}/?as=public").content.decode()
    )


def test_the_way_back_from_a_page_without_names_leads_to_the_one_with_them(place: Place) -> None:
    organizer = place.browsers()["organizer"]
    place.show(Aspect.NAMES)
    first, second, third = (entry.slug for entry in place.entries)
    ways = {
        "entries/_entry-2/": place.entries[1].get_absolute_url(),
        "entries/_entry-2/score/?phase=validation": f"{place.of_entry(1)[1]}?phase=validation",
        "compare/?a=_entry-1&b=_entry-3": f"{place.home}compare/?a={first}&b={third}",
        "cases/?entry=_entry-3": f"{place.home}cases/?entry={third}",
        f"cases/{shown.KEYS[0]}/?dataset=t1&entry=_entry-2": f"{place.home}cases/{shown.KEYS[0]}/?dataset=t1"
        f"&entry={second}",
    }
    for page, own in ways.items():
        html = organizer.get(f"{place.home}{page}{'&' if '?' in page else '?'}as=public").content.decode()
        (back,) = re.findall(r'href="([^"]*)">Back to your own', html)
        assert unescape(back) == own
        assert organizer.get(own).status_code == 200


def test_a_private_page_is_not_there_through_the_eyes_of_strangers(place: Place) -> None:
    place.show(Aspect.LOGS, A.OWN_TEAM)
    organizer = place.browsers()["organizer"]
    for page in (place.submissions[1].get_absolute_url(), place.teams[1].get_absolute_url()):
        answers = {eyes: organizer.get(f"{page}?as={eyes}") for eyes in EYES}
        assert {eyes: answer.status_code for eyes, answer in answers.items()} == {
            "public": 404,
            "participants": 200,
            "other-team": 404,
            "nonsense": 404,
        }
        assert all('class="eyes"' in answer.content.decode() for answer in answers.values())
    html = organizer.get(f"{place.submissions[1].get_absolute_url()}?as=participants").content.decode()
    assert "For organizers" not in html


def test_what_people_are_told_has_no_numbers(place: Place) -> None:
    """Mails and notices lead to the page, which asks the matrix."""
    submission = place.submissions[1]
    notifications.submission_ended(submission.pk)
    told = Notification.objects.filter(url=submission.get_absolute_url())
    words = " ".join(f"{one.title} {one.text}" for one in told)
    assert "is scored" in words
    assert [seen(aspect, words) for aspect in NUMBERS] == [set()] * 3
