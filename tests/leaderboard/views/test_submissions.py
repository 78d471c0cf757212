"""What a submission's page says of its file, and a form's file that does not come in."""

import gc
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import UnreadablePostError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from leaderboard.models import Entry, Notification, Phase, Submission
from tests.leaderboard import make
from tests.leaderboard.rig import no_room

pytestmark = pytest.mark.django_db


def page_of(state: str, severity: str) -> str:
    problem = {"code": "any", "file": "disp_3455_3454.nii.gz", "severity": severity, "message": "All zeros."}
    shown = make.submission(state=state, problems=[problem])
    client = Client()
    client.force_login(shown.submitted_by)
    return client.get(shown.get_absolute_url()).content.decode()


def test_problems_of_an_invalid_file_cost_nothing_and_lead_to_another_upload() -> None:
    page = page_of("invalid", "error")
    assert "1 problem in the file; no attempt was used" in page
    assert "Upload a mended file" in page


@pytest.mark.parametrize("state", ["queued", "scoring", "scored"])
def test_suspicions_of_a_file_that_is_scored_promise_no_attempt_back(state: str) -> None:
    page = page_of(state, "warning")
    assert "1 suspicion about the file, which is scored as it is" in page
    assert "no attempt was used" not in page
    assert "Upload a mended file" not in page


@pytest.fixture
def entry() -> Entry:
    return make.entry(make.team(make.phase(challenge=make.challenge(slug="lumir")).challenge))


@pytest.fixture
def client(entry: Entry) -> Client:
    client = Client()
    client.force_login(entry.team.memberships.get().user)
    return client


@pytest.fixture
def incoming() -> Iterator[Path]:
    """Where files of forms come in; nothing of them stays there."""
    folder = Path(site.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())
    yield folder
    gc.collect()
    assert set(folder.iterdir()) == before


PAGE = "/challenges/lumir/phases/validation/submit/"


@pytest.mark.parametrize("full", ["from the first byte", "in the middle of the file"])
def test_a_form_s_file_for_which_there_is_no_room_is_refused_with_words(
    client: Client, entry: Entry, incoming: Path, settings: Settings, full: str
) -> None:
    organizer = make.user()
    entry.team.challenge.organizers.add(organizer)
    sent = {"entry": str(entry.pk), "file": SimpleUploadedFile("fields.zip", os.urandom(300_000))}
    if full == "from the first byte":
        settings.MIN_FREE_BYTES = 2**60
        answer = client.post(PAGE, sent)
    else:
        with no_room([os.getpid()], after=150_000):
            answer = client.post(PAGE, sent)
    told = answer.content.decode()
    assert answer.status_code == 507
    assert "The server has no room for this file at the moment." in told
    assert "This field is required" not in told
    assert not Submission.objects.exists()
    assert Notification.objects.get(user=organizer).kind == "no-room"


def test_a_form_s_file_that_is_too_large_is_not_even_stored(
    client: Client, entry: Entry, incoming: Path, settings: Settings
) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    sent = {"entry": str(entry.pk), "file": SimpleUploadedFile("fields.zip", bytes(2_000_000))}
    answer = client.post(PAGE, sent)
    assert (answer.status_code, dict(answer.wsgi_request.FILES)) == (413, {})
    assert "more than the 1000\xa0bytes allowed" in answer.content.decode()


def test_no_file_of_a_stranger_is_stored(entry: Entry, incoming: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}
    answer = client.post(PAGE, {"file": SimpleUploadedFile("fields.zip", bytes(2000))}, headers=headers)
    assert (answer.status_code, dict(answer.wsgi_request.FILES)) == (302, {})


@pytest.mark.parametrize(
    "page", ["/organize/lumir/new-dataset/", "/challenges/lumir/phases/none/submit/", "/"]
)
def test_no_file_is_stored_of_somebody_of_whom_none_is_wanted_there(
    client: Client, incoming: Path, page: str
) -> None:
    answer = client.post(page, {"file": SimpleUploadedFile("fields.zip", bytes(2000))})
    assert dict(answer.wsgi_request.FILES) == {}
    assert answer.status_code in (404, 200)
    outside = make.user()
    client.force_login(outside)
    answer = client.post(PAGE, {"file": SimpleUploadedFile("fields.zip", bytes(2000))})
    assert (answer.status_code, dict(answer.wsgi_request.FILES)) == (302, {})


def test_a_form_s_file_to_a_closed_phase_is_refused_before_it_is_stored(
    client: Client, entry: Entry, incoming: Path
) -> None:
    Phase.objects.update(closes_at=timezone.now())
    answer = client.post(PAGE, {"entry": entry.pk, "file": SimpleUploadedFile("fields.zip", bytes(2000))})
    assert (answer.status_code, dict(answer.wsgi_request.FILES)) == (200, {})
    assert "closed on" in answer.content.decode()


def test_files_of_forms_count_as_uploads_begun(
    client: Client, entry: Entry, incoming: Path, settings: Settings
) -> None:
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"upload": "2/h/user"}
    sent = [
        client.post(PAGE, {"entry": "nobody's", "file": SimpleUploadedFile("fields.zip", bytes(2000))})
        for _ in range(3)
    ]
    assert [answer.status_code for answer in sent] == [200, 200, 429]
    assert dict(sent[2].wsgi_request.FILES) == {}
    assert "uploads in an hour" in sent[2].content.decode()


def test_two_forms_at_once_do_not_count_on_the_same_room(
    client: Client, entry: Entry, incoming: Path, settings: Settings
) -> None:
    """One has announced 8 GiB and sent nothing yet: the other finds no room for its own."""
    with tempfile.NamedTemporaryFile(dir=incoming) as other:
        other.truncate(8 * 2**30)
        settings.MIN_FREE_BYTES = max(shutil.disk_usage(incoming).free - 8 * 2**30 + 2**20, 1)
        answer = client.post(PAGE, {"entry": entry.pk, "file": SimpleUploadedFile("a.zip", bytes(2**21))})
        assert (answer.status_code, dict(answer.wsgi_request.FILES)) == (507, {})


def test_a_form_s_file_is_on_the_disk_before_any_lock_is_taken(
    client: Client, entry: Entry, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, synced, depths = len(connection.atomic_blocks), os.fdatasync, []

    def seen(file: int) -> None:
        depths.append(len(connection.atomic_blocks))
        synced(file)

    monkeypatch.setattr(os, "fdatasync", seen)
    sent = {"entry": entry.slug, "kind": "learning", "file": SimpleUploadedFile("a.zip", bytes(2000))}
    assert client.post(PAGE, sent).status_code == 302
    assert depths[0] == outside


class _Broken(io.BytesIO):
    """A sender that hangs up when all is read that came."""

    def read(self, size: int | None = -1, /) -> bytes:
        if not (found := super().read(size)):
            raise ConnectionResetError
        return found


def test_a_line_that_breaks_in_the_middle_of_a_form_s_file_leaves_nothing(
    client: Client, entry: Entry, incoming: Path
) -> None:
    head = (
        f'--edge\r\nContent-Disposition: form-data; name="entry"\r\n\r\n{entry.pk}\r\n'
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="fields.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    )
    body = _Broken(head.encode() + bytes(200_000))
    told: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": "300000"}
    with suppress(UnreadablePostError):
        client.generic("POST", PAGE, content_type="multipart/form-data; boundary=edge", **told)
    assert not Submission.objects.exists()
