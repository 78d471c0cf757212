"""The tus protocol, request by request."""

import base64
import hashlib
import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.domain import upload_tokens
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.domain.parts import part_path
from leaderboard.enums import SubmissionState
from leaderboard.models import Entry, Membership, Notification, Phase, Submission, Upload
from tests.leaderboard import make

pytestmark = pytest.mark.django_db
S = SubmissionState
DATA = bytes(range(256)) * 20
PIECE = "application/offset+octet-stream"


@pytest.fixture
def phase() -> Phase:
    return make.phase(challenge=make.challenge(slug="lumir"))


@pytest.fixture
def captain(phase: Phase) -> User:
    user = make.user()
    make.entry(make.team(phase.challenge, user), name="Demons")
    return user


class Tus:
    """A client that speaks tus; `headers` go with every request."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {"Tus-Resumable": "1.0.0"} | headers

    def call(self, method: str, address: str, data: bytes = b"", **headers: object) -> Any:
        kind = PIECE if data else ""
        told = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        kind = told.pop("Content-Type", kind)
        return self.client.generic(method, address, data, kind, headers=self.headers | told)

    def begin(self, length: int = len(DATA), data: bytes = b"", **metadata: str) -> Any:
        metadata = {"phase": "lumir/validation", "entry": "demons", "filename": "fields.zip"} | metadata
        return self.call("POST", "/uploads/", data, Upload_Length=length, Upload_Metadata=encoded(metadata))

    def send(self, address: str, offset: int, data: bytes, **headers: object) -> Any:
        return self.call("PATCH", address, data, Upload_Offset=offset, **headers)

    def offset(self, address: str) -> int:
        return int(self.call("HEAD", address)["Upload-Offset"])


def encoded(metadata: dict[str, str]) -> str:
    return ",".join(f"{key} {b64(value.encode())}" for key, value in metadata.items())


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def code(answer: Any) -> str:
    told: str = json.loads(answer.content)["code"]
    return told


@pytest.fixture
def tus(captain: User) -> Tus:
    return Tus(Authorization=f"Bearer {upload_tokens.token_for(captain)}")


@pytest.fixture
def address(tus: Tus) -> str:
    where: str = tus.begin()["Location"]
    return where


def test_the_server_tells_what_it_can() -> None:
    answer = Client().options("/uploads/")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert set(answer["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "checksum", "termination",
    }  # fmt: skip
    assert answer["Tus-Checksum-Algorithm"].split(",") == ["sha1", "sha256"]
    assert answer["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)


def test_a_file_in_three_pieces_becomes_a_submission(tus: Tus, captain: User) -> None:
    answer = tus.begin(sha256=hashlib.sha256(DATA).hexdigest())
    assert answer.status_code == 201
    address = answer["Location"]
    assert tus.offset(address) == 0
    for start, end in ((0, 1000), (1000, 5000), (5000, len(DATA))):
        answer = tus.send(address, start, DATA[start:end])
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(end))
        assert (answer["Tus-Resumable"], answer["Cache-Control"]) == ("1.0.0", "no-store")
    submission = Submission.objects.get()
    assert (submission.state, submission.filename) == (S.RECEIVED, "fields.zip")
    assert (submission.submitted_by, submission.entry.name) == (captain, "Demons")
    assert upload_path(submission).read_bytes() == DATA
    head = tus.call("HEAD", address)
    assert (head["Upload-Offset"], head["Upload-Length"]) == (str(len(DATA)),) * 2
    assert f"filename {b64(b'fields.zip')}" in head["Upload-Metadata"]
    assert address == reverse("upload", args=[submission.pk])


def test_the_first_piece_may_come_with_the_beginning(tus: Tus) -> None:
    answer = tus.begin(data=DATA[:300])
    assert (answer.status_code, answer["Upload-Offset"]) == (201, "300")
    assert tus.offset(answer["Location"]) == 300
    assert tus.begin(data=DATA).status_code == 201
    assert Submission.objects.filter(state=S.RECEIVED).count() == 1


def test_a_new_method_is_named_with_the_upload(tus: Tus) -> None:
    assert tus.begin(entry="", name="Fast fields", hardware="1 GPU").status_code == 201
    entry = Entry.objects.get(name="Fast fields")
    assert (entry.hardware, entry.kind) == ("1 GPU", "learning")
    assert tus.begin(entry="", name="fast FIELDS").status_code == 201
    assert Entry.objects.count() == 2


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"length": "many"}, 400, "upload_request"),
    ({"length": "-1"}, 400, "upload_request"),
    ({"length": "٣"}, 400, "upload_request"),
    ({"length": 0}, 403, "file_empty"),
    ({"length": 2**43}, 413, "file_too_large"),
    ({"sha256": "abc"}, 400, "upload_request"),
    ({"phase": "lumir/nothing"}, 404, "upload_phase"),
    ({"phase": ""}, 404, "upload_phase"),
    ({"entry": "of-another-team"}, 400, "fields"),
    ({"entry": ""}, 400, "fields"),
    ({"entry": "", "name": "x" * 81}, 400, "fields"),
    ({"entry": "", "name": "Taken"}, 403, "entry_name_taken"),
]


@pytest.mark.parametrize(("asked", "status", "expected"), REFUSED)
def test_a_beginning_that_is_refused_leaves_nothing(
    tus: Tus, phase: Phase, asked: dict[str, Any], status: int, expected: str
) -> None:
    make.entry(make.team(phase.challenge), name="Taken")
    answer = tus.begin(**asked)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert not Submission.objects.exists()


def test_metadata_that_are_not_base64_are_refused(tus: Tus) -> None:
    answer = tus.call("POST", "/uploads/", Upload_Length=5, Upload_Metadata="filename ###")
    assert (answer.status_code, code(answer)) == (400, "upload_request")


def test_the_disk_is_not_filled(tus: Tus, settings: Any, phase: Phase) -> None:
    address = tus.begin()["Location"]
    settings.MIN_FREE_BYTES = 2**60
    phase.challenge.organizers.add(olga := make.user())
    for answer in (tus.begin(), tus.send(address, 0, DATA)):
        assert (answer.status_code, code(answer)) == (507, "no_room")
    # Both within an hour: told once, though what was refused was rolled back.
    told = Notification.objects.get(kind="no-room")
    assert (told.user, told.url) == (olga, reverse("organize", args=["lumir"]))
    assert "fields.zip" in told.text


def test_a_wrong_offset_is_a_conflict(tus: Tus, address: str) -> None:
    tus.send(address, 0, DATA[:100])
    for offset in (0, 99, 101):
        answer = tus.send(address, offset, b"abc")
        assert (answer.status_code, code(answer)) == (409, "upload_offset")
    assert tus.offset(address) == 100


def test_more_than_announced_is_too_large(tus: Tus, address: str) -> None:
    assert tus.send(address, 0, DATA + b"!").status_code == 413
    assert tus.offset(address) == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_held_against_the_piece(tus: Tus, address: str, algorithm: str) -> None:
    told = f"{algorithm} {b64(hashlib.new(algorithm, DATA[:50]).digest())}"
    answer = tus.send(address, 0, DATA[1:51], Upload_Checksum=told)
    assert (answer.status_code, tus.offset(address)) == (460, 0)
    assert tus.send(address, 0, DATA[:50], Upload_Checksum=told).status_code == 204
    assert tus.offset(address) == 50


@pytest.mark.parametrize("told", ["md5 abcd", "sha1 ###"])
def test_a_checksum_that_cannot_be_read_is_refused(tus: Tus, address: str, told: str) -> None:
    assert tus.send(address, 0, DATA[:50], Upload_Checksum=told).status_code == 400
    assert tus.offset(address) == 0


def test_another_content_type_is_no_piece(tus: Tus, address: str) -> None:
    answer = tus.send(address, 0, DATA, Content_Type="application/octet-stream")
    assert (answer.status_code, tus.offset(address)) == (415, 0)


@pytest.mark.parametrize("version", ["", "0.2.2"])
def test_another_version_is_told_ours(tus: Tus, address: str, version: str) -> None:
    answer = tus.call("HEAD", address, Tus_Resumable=version)
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    assert "Upload-Offset" not in answer


def test_methods_that_are_not_there(tus: Tus, address: str) -> None:
    assert tus.call("GET", "/uploads/").status_code == 405
    answer = tus.call("GET", address)
    assert (answer.status_code, answer["Allow"]) == (405, "HEAD, PATCH, DELETE, OPTIONS")


def test_a_method_may_be_named_in_a_header(tus: Tus, address: str) -> None:
    override = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": 0}
    assert tus.call("POST", address, DATA[:9], **override).status_code == 204
    assert tus.offset(address) == 9
    assert tus.call("GET", address, X_HTTP_Method_Override="DELETE").status_code == 405


def test_an_upload_tells_when_it_expires(tus: Tus) -> None:
    begun = tus.begin()
    answers = [begun, tus.call("HEAD", begun["Location"]), tus.send(begun["Location"], 0, b"x")]
    for answer in answers:
        left = parsedate_to_datetime(answer["Upload-Expires"]) - timezone.now()
        assert timedelta(0) <= settings.UPLOAD_EXPIRY - left < timedelta(minutes=1)
    # Looking at it puts nothing off, a piece does.
    ends = timezone.now() + timedelta(hours=1)
    Upload.objects.update(expires_at=ends)
    looked = tus.call("HEAD", begun["Location"])
    assert parsedate_to_datetime(looked["Upload-Expires"]) == ends.replace(microsecond=0)
    piece = tus.send(begun["Location"], 1, b"x")
    assert parsedate_to_datetime(piece["Upload-Expires"]) > ends
    assert "Upload-Expires" not in tus.send(begun["Location"], 2, DATA[2:])


def test_an_expired_upload_is_gone(tus: Tus, address: str) -> None:
    Upload.objects.update(expires_at=timezone.now())
    for answer in (tus.call("HEAD", address), tus.send(address, 0, DATA), tus.call("DELETE", address)):
        assert answer.status_code == 410
        assert "Upload-Offset" not in answer


def test_a_terminated_upload_is_gone(tus: Tus, address: str) -> None:
    tus.send(address, 0, DATA[:10])
    assert tus.call("DELETE", address).status_code == 204
    assert tus.call("HEAD", address).status_code == 410
    submission = Submission.objects.get()
    assert submission.state == S.CANCELLED
    assert not part_path(submission.pk).exists()


def test_what_is_received_is_not_terminated_here(tus: Tus, address: str) -> None:
    tus.send(address, 0, DATA)
    answer = tus.call("DELETE", address)
    assert (answer.status_code, code(answer)) == (403, "upload_done")
    assert Submission.objects.get().state == S.RECEIVED


def test_a_refusal_at_the_end_is_told(tus: Tus, phase: Phase, address: str) -> None:
    tus.send(address, 0, DATA[:100])
    Phase.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    answer = tus.send(address, 100, DATA[100:])
    assert (answer.status_code, code(answer)) == (403, "phase_closed")
    assert Submission.objects.get().state == S.CANCELLED


def test_to_others_there_is_no_such_upload(tus: Tus, phase: Phase, captain: User, address: str) -> None:
    colleague, stranger, organizer = make.user(), make.user(), make.user()
    team = captain.teams.get()
    Membership.objects.create(
        team=team, challenge=phase.challenge, user=colleague, role="member", terms_version=1
    )
    make.team(phase.challenge, stranger)
    phase.challenge.organizers.add(organizer)
    for user in (colleague, stranger, organizer):
        other = Tus(Authorization=f"Bearer {upload_tokens.token_for(user)}")
        for answer in (
            other.call("HEAD", address),
            other.send(address, 0, DATA),
            other.call("DELETE", address),
        ):
            assert answer.status_code == 404
    assert tus.offset(address) == 0


def test_who_left_the_team_cannot_go_on(tus: Tus, captain: User, address: str) -> None:
    Membership.objects.filter(user=captain).delete()
    assert tus.send(address, 0, DATA).status_code == 404


def test_without_a_team_nothing_is_begun(phase: Phase) -> None:
    tus = Tus(Authorization=f"Bearer {upload_tokens.token_for(make.user())}")
    answer = tus.begin()
    assert (answer.status_code, code(answer)) == (403, "no_team")


@pytest.mark.parametrize("header", ["", "Bearer false", "Bearer ", "Basic YTpi"])
def test_without_a_key_nothing_is_told(address: str, header: str) -> None:
    answer = Tus(Authorization=header).call("HEAD", address)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_browser_needs_the_page_s_token(captain: User, phase: Phase) -> None:
    tus = Tus()
    tus.client.force_login(captain)
    answer = tus.begin()
    assert (answer.status_code, code(answer)) == (403, "csrf")
    page = tus.client.get(reverse("submit", args=["lumir", "validation"]))
    tus.headers["X-CSRFToken"] = str(page.context["csrf_token"])
    address = tus.begin()["Location"]
    assert tus.send(address, 0, DATA).status_code == 204
    del tus.headers["X-CSRFToken"]
    assert tus.offset(address) == len(DATA)
    for answer in (tus.send(address, 0, DATA), tus.call("DELETE", address)):
        assert answer.status_code == 403


def test_the_page_of_an_unfinished_upload_tells_how_far_it_is_and_leads_back(
    tus: Tus, address: str, captain: User, phase: Phase
) -> None:
    tus.send(address, 0, DATA[: len(DATA) // 4])
    client, colleague = Client(), make.user()
    client.force_login(captain)
    place = Submission.objects.get().get_absolute_url()
    back = f'href="{phase.get_absolute_url()}submit/">Go on with the upload</a>'
    for page in (place, f"{place}progress/"):
        html = client.get(page).content.decode()
        assert "25 % of 5.0\xa0KB arrived." in html
        assert back in html
    Membership.objects.create(
        team=captain.teams.get(), challenge=phase.challenge, user=colleague, terms_version=1
    )
    client.force_login(colleague)
    html = client.get(place).content.decode()
    assert "25 % of 5.0\xa0KB arrived." in html
    assert back not in html
