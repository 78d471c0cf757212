"""Private files as they are sent: by this process in whole and in part, or by the proxy."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.http import HttpResponseBase
from django.test import RequestFactory
from pytest_django import Settings

from leaderboard.views.files import accelerated, sent

CONTENT = bytes(range(200))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TAG = f'"{SHA256[:32]}"'


def ask(tmp_path: Path, **headers: str) -> HttpResponseBase:
    (tmp_path / "one").write_bytes(CONTENT)
    request = RequestFactory().get(
        "/", headers={name.replace("_", "-"): told for name, told in headers.items()}
    )
    facts = {"name": "morph.nii.gz", "kind": "application/gzip"}
    return sent(request, FileSystemStorage(tmp_path), "one", size=len(CONTENT), sha256=SHA256, **facts)


def read(answer: HttpResponseBase) -> bytes:
    """All of an answer; without a server that ends the request, its file is closed here."""
    content = b"".join(answer)
    for close in answer._resource_closers:  # type: ignore[attr-defined]
        close()
    return content


@pytest.mark.parametrize(
    ("asked", "status", "told", "content"),
    [
        ("bytes=0-9", 206, "bytes 0-9/200", CONTENT[:10]),
        ("bytes=190-", 206, "bytes 190-199/200", CONTENT[190:]),
        ("bytes=190-5000", 206, "bytes 190-199/200", CONTENT[190:]),
        ("bytes=-10", 206, "bytes 190-199/200", CONTENT[-10:]),
        ("bytes=-5000", 206, "bytes 0-199/200", CONTENT),
        ("bytes=200-", 416, "bytes */200", b""),
        ("bytes=-0", 416, "bytes */200", b""),
        # What is no single range is answered with the whole: RFC 9110, 14.2.
        ("bytes=9-0", 200, None, CONTENT),
        ("bytes=0-1,5-6", 200, None, CONTENT),
        ("bytes=-", 200, None, CONTENT),
        ("lines=0-9", 200, None, CONTENT),
    ],
)
def test_a_stretch_is_sent_as_asked(
    tmp_path: Path, asked: str, status: int, told: str | None, content: bytes
) -> None:
    answer = ask(tmp_path, Range=asked)
    assert (answer.status_code, answer.get("Content-Range")) == (status, told)
    assert read(answer) == content
    if status != 416:
        assert answer["Content-Length"] == str(len(content))
        assert (answer["Accept-Ranges"], answer["ETag"]) == ("bytes", TAG)


def test_a_stretch_of_another_version_is_not_joined_to_this_one(tmp_path: Path) -> None:
    for tag, status in ((TAG, 206), ('"another"', 200)):
        answer = ask(tmp_path, Range="bytes=0-9", If_Range=tag)
        assert (answer.status_code, len(read(answer))) == (status, 10 if status == 206 else 200)


def test_the_proxy_is_told_where_the_file_lies_and_nothing_of_it(tmp_path: Path, settings: Settings) -> None:
    settings.ACCEL_REDIRECT, settings.MEDIA_ROOT = "/private/", tmp_path.parent
    answer = ask(tmp_path, Range="bytes=0-9")
    assert (answer.status_code, read(answer)) == (200, b"")
    assert answer["X-Accel-Redirect"] == f"/private/{tmp_path.name}/one"
    assert answer["Content-Disposition"] == 'inline; filename="morph.nii.gz"'
    assert (answer["Content-Type"], answer["ETag"]) == ("application/gzip", TAG)
    assert answer["Cache-Control"] == "private, no-cache"
    again = ask(tmp_path, If_None_Match=TAG)
    assert (again.status_code, "X-Accel-Redirect" in again) == (304, False)


def test_an_odd_name_reaches_the_proxy_as_it_is(tmp_path: Path, settings: Settings) -> None:
    settings.ACCEL_REDIRECT, settings.MEDIA_ROOT = "/private/", tmp_path
    odd = accelerated(FileSystemStorage(tmp_path), "a b/100%?x#ü\n.gz")
    assert odd == "/private/a%20b/100%25%3Fx%23%C3%BC%0A.gz"
