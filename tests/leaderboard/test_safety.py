"""What strangers try on addresses, heads and cookies; forms are tried in `test_who_may`."""

import base64
import csv
import io
import json
import re
import uuid
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from leaderboard.domain import invitations, ranking
from leaderboard.models import Case, CaseResult, Entry, Letter, Submission, Team
from leaderboard.queries.exports import inert
from tests.leaderboard import make, payload, shown
from tests.leaderboard.addresses import patterns
from tests.leaderboard.who import VERBS

pytestmark = pytest.mark.django_db
PASSWORD = "rank-honestly"
ELSEWHERE = (
    "//evil.example/",
    "https://evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "http:///evil",
)


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def ada() -> User:
    user = make.user(username="ada", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def log_in(client: Client, address: str = "/accounts/login/", **more: str) -> str:
    answer = client.post(address, {"login": "ada", "password": PASSWORD} | more)
    assert "_auth_user_id" in client.session
    return answer["Location"]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_log_in_and_out_lead_to_this_site_only(ada: User, address: str) -> None:
    client = Client()
    assert log_in(client, next=address) == "/"
    assert client.post("/accounts/logout/", {"next": address})["Location"] == "/"
    assert log_in(client, f"/accounts/login/?next={address}") == "/"
    assert log_in(Client(), next="/profile/") == "/profile/"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_accepted_terms_lead_to_this_site_only(ada: User, address: str) -> None:
    challenge, client = make.challenge(slug="lumir"), Client()
    client.force_login(ada)
    answer = client.post(f"/challenges/lumir/terms/?next={address}", {"terms": "on", "version": 1})
    assert answer["Location"] == challenge.get_absolute_url()


class Counted(MD5PasswordHasher):
    """The hasher of these tests, which hides by its speed who is told by time; so its work is counted."""

    calls = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).calls += 1
        return super().encode(password, salt)


@pytest.mark.parametrize(
    ("address", "known", "unknown"),
    [
        (
            "signup",
            {"email": "ada@example.org", "username": "eve"},
            {"email": "eve@example.org", "username": "eve"},
        ),
        ("password/reset", {"email": "ada@example.org"}, {"email": "eve@example.org"}),
        ("login", {"login": "ada"}, {"login": "eve"}),
        ("login", {"login": "ada@example.org"}, {"login": "eve@example.org"}),
    ],
)
def test_neither_words_nor_work_tell_who_has_an_account(
    ada: User, settings: Settings, address: str, known: dict[str, str], unknown: dict[str, str]
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
    ada.set_password(PASSWORD)
    ada.save()
    secret = {"password": "something-else", "password1": "fixed-and-moving", "password2": "fixed-and-moving"}
    told = []
    for given in (known, unknown):
        client, before, mails = Client(), Counted.calls, Letter.objects.count()
        answer = client.post(f"/accounts/{address}/", secret | given)
        # The page repeats what was typed, and each has a token of its own.
        words = re.sub(r'value="[^"]*"', "", answer.content.decode())
        location = answer.headers.get("Location")
        told.append(
            (answer.status_code, location, words, Counted.calls - before, Letter.objects.count() - mails)
        )
    assert told[0] == told[1]
    assert told[0][0] == (200 if address == "login" else 302)


def test_a_made_up_host_is_refused_and_a_made_up_forwarded_one_not_read(ada: User) -> None:
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    payload.snapshot(phase)
    assert Client().get("/", headers={"Host": "evil.example"}).status_code == 400
    forwarded = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    board = "/challenges/lumir/phases/validation/leaderboard.tex"
    assert b"evil.example" not in Client().get(board, headers=forwarded).content
    Client().post("/accounts/password/reset/", {"email": ada.email}, headers=forwarded)
    text = Letter.objects.get(to=ada.email).text
    assert "/accounts/password/reset/key/" in text
    assert "evil.example" not in text


def test_the_session_s_key_changes_at_log_in_and_out(ada: User) -> None:
    """A key that somebody put into a browser before is worth nothing after."""
    invitation = invitations.make_link(*_team_and_captain())
    client = Client()
    client.get(reverse("invitation", args=[invitation.token]))
    planted = client.session.session_key
    assert Session.objects.filter(pk=planted).exists()
    log_in(client)
    known = client.session.session_key
    assert known != planted
    assert not Session.objects.filter(pk=planted).exists()
    client.post("/accounts/logout/")
    assert not Session.objects.filter(pk=known).exists()


def _team_and_captain() -> tuple[Team, User]:
    team = make.team(make.challenge())
    return team, team.members.get()


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(ada: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    log_in(client)
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def test_addresses_of_private_things_cannot_be_guessed() -> None:
    """122 random bits for a submission and its upload, at least 128 for an invitation."""
    submissions = {make.submission().pk for _ in range(3)}
    assert {pk.version for pk in submissions} == {4}
    assert {pk.variant for pk in submissions} == {uuid.RFC_4122}
    tokens = {invitations.make_link(*_team_and_captain()).token for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) * 6 >= 128 for token in tokens)


@pytest.mark.parametrize(
    "address",
    [
        "/invitations/%00/",
        "/challenges/lumir/cases/%00/",
        "/challenges/lumir/datasets/t1/?phase=%00",
        "/?q=a%2500%00",
    ],
)
def test_an_address_with_the_character_nul_makes_no_sense(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 400
    assert "The request made no sense" in answer.content.decode()
    assert "Content-Security-Policy" in answer


def test_a_cookie_with_the_character_nul_makes_no_sense() -> None:
    # In quotes a cookie may hold any character by its octal number.
    answer = Client().get("/profile/", headers={"Cookie": f'sessionid="{"0" * 20}\\000"'})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        *(
            (text, f"'{text}")
            for text in ("=1+1", "-1+cmd|' /C calc'!A0", "+1-2", "@x", "\t=1", "\r=1", "\uff1d1")
        ),
        *((text, text) for text in ("-1", "+0.5", "-1e-05", ".5", "-Inf", "Warp +1", "")),
    ],
)
def test_a_cell_that_begins_like_a_formula_is_a_whole_number_or_quoted(cell: str, sent: str) -> None:
    assert inert(cell) == sent


CSV_ADDRESSES = {
    "leaderboard_csv", "pairs_csv", "entry_cases_csv",
    "dataset_cases_csv", "compare_csv", "organize_download",
}  # fmt: skip


def of_figures(client: Client, page: str) -> list[str]:
    """The addresses of the numbers behind a page's figures."""
    html = client.get(page).content.decode()
    figures = re.findall(r'type="application/json">(.*?)</script>', html, re.DOTALL)
    asked = [
        urlencode({"figure": one["key"], "view": view["name"]})
        for one in map(json.loads, figures)
        for view in one["views"]
    ]
    return [f"{page}{'&' if '?' in page else '?'}{each}" for each in asked]


def test_no_table_that_can_be_saved_has_a_formula() -> None:
    place = shown.place()
    Team.objects.filter(pk=place.teams[0].pk).update(name="=1+1", affiliation="=1+1")
    for entry, name in zip(place.entries, ("-1+cmd", "@x", "\t=1"), strict=True):
        Entry.objects.filter(pk=entry.pk).update(name=name)
    Submission.objects.update(filename="@x", reason="-1+cmd")
    CaseResult.objects.filter(case__key=shown.KEYS[0]).update(values={"=1+1": 0.5})
    Case.objects.filter(key=shown.KEYS[1]).update(key="-1+cmd", fixed="=1+1", moving="\t=1")
    ranking.mark_stale(place.phase.pk)
    ranking.update_board(place.phase.pk)
    client, planted = place.browsers()["organizer"], set()
    named = {name for name, pattern, _ in patterns(get_resolver()) if pattern.endswith(".csv")}
    assert named == CSV_ADDRESSES
    compared = urlencode({"a": place.entries[0].slug, "b": place.entries[1].slug, "phase": "validation"})
    first, dataset = f"{place.home}entries/{place.entries[0].slug}/", f"{place.home}datasets/t1/"
    addresses = [f"/organize/lumir/downloads/{name}.csv" for name in VERBS["organize_download"]]
    addresses += [f"{place.board}leaderboard.csv", f"{place.board}pairs.csv", f"{first}cases.csv"]
    addresses += [f"{dataset}cases.csv", f"{place.home}compare.csv?{compared}"]
    for page in (place.board, first, dataset, f"{place.home}compare/?{compared}"):
        addresses += of_figures(client, page)
    assert len(addresses) > 15
    for address in addresses:
        text = client.get(address).getvalue().decode()
        cells = {cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row}
        assert {cell for cell in cells if inert(cell) != cell} == set(), address
        planted |= {cell for cell in cells if cell.startswith("'")}
    assert planted == {"'=1+1", "'-1+cmd", "'@x", "'\t=1"}


def test_uploads_are_begun_only_so_often(ada: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"upload": "2/h/user"}
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    make.team(phase.challenge, ada)
    other = make.team(phase.challenge).members.get()
    facts = {"phase": b"lumir/validation", "filename": b"a.zip", "name": b"Warp"}
    named = ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in facts.items())
    head = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": named}

    def begin(user: User) -> int:
        client = Client()
        client.force_login(user)
        return client.post("/uploads/", headers=head).status_code

    assert [begin(ada) for _ in range(3)] == [201, 201, 429]
    assert begin(other) != 429
