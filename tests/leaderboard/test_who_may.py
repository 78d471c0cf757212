"""Every address of the site, asked by every role, against the table of `tests.leaderboard.who`."""

import fnmatch
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain import invitations, teams, uploads
from leaderboard.enums import ImportState, NotificationKind, PictureKind, RegistrationTask, Role
from leaderboard.models import (
    AuditEvent,
    Dataset,
    DatasetImport,
    Notification,
    Phase,
    Picture,
    Rendering,
    Rescoring,
    Submission,
)
from tests.leaderboard import make, shown
from tests.leaderboard.who import QUERIES, ROLES, TABLE, UPLOAD_METHODS, VERBS, row_of

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
PIECE_TYPE = "application/offset+octet-stream"
PASSWORD = "rank-honestly"


@dataclass(frozen=True)
class Site:
    """One of everything that addresses name, and the browser of each role."""

    known: Mapping[str, Any]
    clients: Mapping[str, Client]

    def addresses(self, name: str, pattern: str, converters: list[str]) -> list[str]:
        """All addresses of a pattern, for the objects of the team `member` is in."""
        regex = re.findall(r"\(\?P<(\w+)>", pattern)
        given = {key: self._place(name, key) for key in (*converters, *regex)}
        words = [key for key, value in given.items() if isinstance(value, tuple)]
        choices = given[words[0]] if words else ("",)
        return [
            reversed_pattern(pattern, given | ({words[0]: choice} if words else {})) for choice in choices
        ]

    def queries(self, name: str) -> list[str]:
        """What the pages of that name show besides; each is to be put behind an address."""
        return [query.format(**self.known) for query in QUERIES.get(name, ())]

    def _place(self, name: str, key: str) -> Any:
        if name in VERBS and key in ("verb", "name"):
            return VERBS[name]
        return self.known[OTHERS.get((name, key), key)]


# Where an address names something else by the same word.
OTHERS = {
    ("organize_import", "pk"): "import",
    ("organize_import_again", "pk"): "import",
    ("organize_organizer_remove", "user"): "organizer",
}


def reversed_pattern(pattern: str, given: Mapping[str, Any]) -> str:
    """The address of a whole pattern, of path or of regular expression."""
    path = re.sub(r"\(\?P<(\w+)>(?:\[[^\]]*\]|[^)\[])*\)", lambda found: str(given[found[1]]), pattern)
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(given[found[1]]), path)
    return "/" + path.replace("^", "").replace("$", "")


def patterns(
    resolver: URLResolver, space: str = "", before: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """Name, whole pattern and converters of every address."""
    for one in resolver.url_patterns:
        whole = before + str(one.pattern)
        if isinstance(one, URLPattern):
            converters = re.findall(r"<(?:\w+:)?(\w+)>", re.sub(r"\(\?P<\w+>", "(", whole))
            yield f"{space}{one.name}", whole, converters
        else:
            yield from patterns(one, f"{one.namespace}:" if one.namespace else space, whole)


ADDRESSES = list(patterns(get_resolver()))


@pytest.fixture
def site(settings: Settings) -> Site:
    place = shown.place()
    team, phase = place.teams[1], place.phase
    member, helper = team.members.get(), make.user()
    teams.enter(team, helper, Role.MEMBER)
    invitation = invitations.make_link(team, member)
    told = Notification.objects.create(user=member, kind=NotificationKind.TEAM, key="k", title="T", url="/")
    decided = {"applied": False, "decided_at": timezone.now(), "decided_by": place.organizer}
    rescoring = Rescoring.objects.create(phase=phase, by=place.organizer, reason="New scorer.", **decided)
    asked = DatasetImport.objects.create(
        challenge=place.challenge,
        by=place.organizer,
        slug="t1",
        facts={"name": "T1"},
        configs=[{"name": "a.json", "content": {}}],
        rules="lumir25",
        state=ImportState.REFUSED,
        problems=[{"file": "a.nii.gz", "found": "the file is missing", "expected": "a file"}],
    )
    second = make.user()
    place.challenge.organizers.add(second)
    upload = uploads.begin(phase, place.entries[1], member, "fields.zip", 10, "")
    # The same kind of images in two tasks.
    Dataset.objects.update(contrast="T1w")
    Dataset.objects.filter(slug="t2").update(task=RegistrationTask.SUBJECT_TO_ATLAS)
    case = place.datasets[0].cases.all()[0]
    drawn = Rendering.objects.create(case=case, made_of="1", state="done")
    Picture.objects.create(rendering=drawn, kind=PictureKind.FIXED, plane="axial", bytes=1, sha256="0" * 64)
    known = {
        "case": case.key,
        "rendering": drawn.name,
        "name": "fixed-axial.webp",
        "challenge": place.challenge.slug,
        "phase": phase.slug,
        "dataset": "t1",
        "entry": place.entries[1].slug,
        "leader": place.entries[0].slug,
        "team": team.slug,
        "submission": place.submissions[1].pk,
        "upload": upload.pk,
        "user": helper.pk,
        "organizer": second.pk,
        "invitation": invitation.pk,
        "token": invitation.token,
        "notification": told.pk,
        "pk": rescoring.pk,
        "import": asked.pk,
        "key": "none",
        "uidb36": "none",
        "object_id": member.pk,
        "id": member.pk,
        "content_type_id": "1",
        "app_label": "auth",
        "url": "anything",
    }
    people = {
        "member": member,
        "other": place.teams[2].members.get(),
        "elsewhere": make.user(),
        "organizer": place.organizer,
        "superuser": make.user(is_superuser=True, is_staff=True),
    }
    make.challenge(slug="elsewhere").organizers.add(people["elsewhere"])
    clients = {"public": Client(), "unverified": unverified()} | {
        role: signed_in(user) for role, user in people.items()
    }
    return Site(known, clients)


def signed_in(user: User) -> Client:
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = Client()
    client.force_login(user)
    return client


def unverified() -> Client:
    """Somebody whose address is not confirmed has tried to log in; they are not let in."""
    user, client = make.user(password=PASSWORD), Client()
    EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)
    answer = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    return client


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
