"""Every address of the site, one of everything that they name, and a browser of each role."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from leaderboard.domain import invitations, teams, uploads
from leaderboard.enums import ImportState, NotificationKind, PictureKind, RegistrationTask, Role
from leaderboard.models import (
    Dataset,
    DatasetImport,
    Notification,
    Picture,
    Rendering,
    Rescoring,
)
from tests.leaderboard import make, shown
from tests.leaderboard.who import QUERIES, VERBS

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


def one_of_everything() -> Site:
    """A challenge in which every address has something to show, and somebody in each role."""
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
