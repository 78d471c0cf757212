"""Every address of the site, asked by every role, against the table of `tests.leaderboard.who`."""

import fnmatch
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from leaderboard.models import (
    AuditEvent,
    Phase,
    Submission,
)
from tests.leaderboard.addresses import ADDRESSES, Site, one_of_everything, reversed_pattern
from tests.leaderboard.who import QUERIES, ROLES, TABLE, UPLOAD_METHODS, row_of

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
PIECE_TYPE = "application/offset+octet-stream"


@pytest.fixture
def site() -> Site:
    return one_of_everything()


def found(answer: HttpResponseBase) -> str:
    """The answer in the table's words; what comes as a stream is read to its end."""
    if answer.streaming:
        b"".join(cast("StreamingHttpResponse", answer))
    location = answer.headers.get("Location", "")
    is_log_in = answer.status_code == 302 and location.startswith(("/accounts/login/?", "/admin/login/?"))
    return "in" if is_log_in else str(answer.status_code)


def agrees(told: str, expected: str) -> bool:
    if expected == "own":
        return told not in ("in", "401", "403") and not told.startswith("5")
    return told == expected


@contextmanager
def undone(client: Client, expected: str) -> Iterator[None]:
    """What is answered by doing something is undone; what is refused must have done nothing anyway."""
    cookies = client.cookies.output(header="")
    if expected in ("404", "405", "401", "in"):
        yield
    else:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.load(cookies)


def unsafe(name: str, address: str, answer: HttpResponseBase) -> list[str]:
    """What is wrong with how a page is sent: it can be framed, or it needs what the policy forbids."""
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
        return []
    framed = answer["X-Frame-Options"] != "DENY"
    framed |= "frame-ancestors 'none'" not in answer["Content-Security-Policy"]
    styled = not name.startswith("admin:") and "style=" in cast("HttpResponse", answer).content.decode()
    faults = {"can be framed": framed, "has inline style": styled}
    return [f"{address} {fault}" for fault, is_true in faults.items() if is_true]


def told_of_changes() -> tuple[Any, ...]:
    states = Submission.objects.order_by("pk").values_list("state", flat=True)
    return AuditEvent.objects.count(), list(states), User.objects.count(), Phase.objects.count()


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_every_role_as_the_table_says(site: Site, role: str) -> None:
    client, at, wrong = site.clients[role], ROLES.index(role), []
    before = told_of_changes()
    for name, pattern, converters in ADDRESSES:
        row = row_of(name)
        for address in site.addresses(name, pattern, converters):
            with undone(client, row.get[at]):
                answer = client.get(address, headers=TUS)
                told = found(answer)
            wrong += unsafe(name, address, answer)
            if not agrees(told, row.get[at]):
                wrong.append(f"GET {name} {address}: {told}, not {row.get[at]}")
            for query in site.queries(name):
                answer = client.get(address + query)
                wrong += unsafe(name, address + query, answer)
                if found(answer) != told:
                    wrong.append(f"GET {address}{query}: {found(answer)}, not {told}")
            if name.startswith("admin:") and role == "superuser":
                continue
            with undone(client, row.post[at]):
                told = found(client.post(address, headers=TUS))
            if not agrees(told, row.post[at]):
                wrong.append(f"POST {name} {address}: {told}, not {row.post[at]}")
    assert not wrong, "\n".join(wrong)
    assert told_of_changes() == before


@pytest.mark.parametrize("role", ROLES)
def test_an_unfinished_upload_is_for_who_began_it_alone(site: Site, role: str) -> None:
    client, at = site.clients[role], ROLES.index(role)
    address, head = reverse("upload", args=[site.known["upload"]]), TUS | {"Upload-Offset": "0"}
    before, told = told_of_changes(), {}
    for method, answers in UPLOAD_METHODS.items():
        with undone(client, answers[at]):
            answer = client.generic(method, address, b"x", content_type=PIECE_TYPE, headers=head)
        told[method] = str(answer.status_code)
    assert told == {method: answers[at] for method, answers in UPLOAD_METHODS.items()}
    assert told_of_changes() == before


GUESSES = {name: uuid.uuid4() for name in ("submission", "upload", "rendering")}
NUMBERS = ("user", "invitation", "notification", "pk")
OBJECTS = [one for one in ADDRESSES if one[2] and not one[0].startswith(("admin:", "account_"))]


def test_what_is_guessed_is_not_there(site: Site) -> None:
    """Not even for superusers: every name and number of an address by itself."""
    client, wrong = site.clients["superuser"], []
    for name, pattern, converters in OBJECTS:
        given = dict(zip(converters, (site._place(name, key) for key in converters), strict=True))
        given |= {key: value[0] for key, value in given.items() if isinstance(value, tuple)}
        for key in converters:
            guess = 999_999_999 if key in NUMBERS else GUESSES.get(key, "nothing")
            address = reversed_pattern(pattern, given | {key: guess})
            posts_only = row_of(name).get[-1] == "405"
            answer = client.post(address, headers=TUS) if posts_only else client.get(address, headers=TUS)
            if answer.status_code != 404:
                wrong.append(f"{name} {address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_another_challenge_has_none_of_these_objects(site: Site) -> None:
    client, wrong = site.clients["superuser"], []
    owned = {"phase", "dataset", "entry", "submission", "team", "pk", "case", "rendering"}
    for name, pattern, converters in OBJECTS:
        if "challenge" not in converters or not owned & set(converters):
            continue
        for address in site.addresses(name, pattern, converters):
            moved = address.replace("/lumir/", "/elsewhere/", 1)
            answer = client.post(moved) if row_of(name).get[-1] == "405" else client.get(moved)
            if answer.status_code != 404:
                wrong.append(f"{name} {moved}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_every_post_needs_the_token_that_only_the_site_s_pages_know(site: Site) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = site.clients["superuser"].cookies
    before = told_of_changes()
    answers = {
        name: client.post(address, {"reason": "x", "confirmed": "x"}, headers=TUS).status_code
        for name, pattern, converters in ADDRESSES
        for address in site.addresses(name, pattern, converters)
    }
    # Browsers send reports of broken policy by themselves; the others take nothing.
    unasked = {"csp_reports", "healthz", "metrics", "readyz"}
    assert {name for name, status in answers.items() if status != 403} == unasked
    assert told_of_changes() == before


def test_a_second_factor_is_asked_for_first_where_it_is_required(site: Site, settings: Settings) -> None:
    settings.REQUIRE_ORGANIZER_MFA = True
    for name, pattern, converters in ADDRESSES:
        if pattern.startswith("organize/"):
            for address in site.addresses(name, pattern, converters):
                answer = site.clients["organizer"].get(address)
                assert answer["Location"] == reverse("mfa_activate_totp"), address


def test_without_it_an_organizer_is_nobody_special_elsewhere(site: Site, settings: Settings) -> None:
    """A password alone shows no hidden result, no team and no submission of others."""
    settings.REQUIRE_ORGANIZER_MFA = True
    client, at, wrong = site.clients["organizer"], ROLES.index("elsewhere"), []
    for name, pattern, converters in ADDRESSES:
        if pattern.startswith(("organize/", "admin/", "accounts/")):
            continue
        for address in site.addresses(name, pattern, converters):
            with undone(client, row_of(name).get[at]):
                told = found(client.get(address, headers=TUS))
            if not agrees(told, row_of(name).get[at]):
                wrong.append(f"{name} {address}: {told}, not {row_of(name).get[at]}")
    assert not wrong, "\n".join(wrong)


def test_every_row_of_the_table_is_of_an_address() -> None:
    names = [name for name, _, _ in ADDRESSES]
    assert [key for key in (*TABLE, *QUERIES) if not fnmatch.filter(names, key)] == []
