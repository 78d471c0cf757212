"""Private files: a view decides who may have one, then the proxy or this process sends its bytes.

With ACCEL_REDIRECT the answer is empty and names the file to the proxy, which knows a location for it that
nobody reaches from outside, and which answers for ranges by itself. Without it the bytes come from here.
"""

import re
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import Storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.http import content_disposition_header, parse_etags, quote_etag

CACHING = "private, no-cache"
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def sent(
    request: HttpRequest, files: Storage, path: str, *, name: str, kind: str, size: int, sha256: str
) -> HttpResponseBase:
    """The file at `path`, which the viewer may have; browsers keep it and ask each time.

    Args:
        name: what it is called where it is saved.
        kind: its type of content.
        size: in bytes.
        sha256: of its content, in hexadecimal digits.
    """
    etag = quote_etag(sha256[:32])
    headers = {"Cache-Control": CACHING, "ETag": etag, "Vary": "Cookie"}
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    headers["Content-Disposition"] = str(content_disposition_header(as_attachment=False, filename=name))
    if settings.ACCEL_REDIRECT:
        return HttpResponse(
            content_type=kind, headers=headers | {"X-Accel-Redirect": accelerated(files, path)}
        )
    headers["Accept-Ranges"] = "bytes"
    streamed = partial(FileResponse, content_type=kind, filename=name)
    asked = _range(request, size, etag)
    if asked is None:
        headers["Content-Length"] = str(size)
        return streamed(files.open(path), headers=headers)
    first, last = asked
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    length = last - first + 1
    headers |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(length)}
    return streamed(_Part(files.open(path), first, length), headers=headers, status=206)


def accelerated(files: Storage, path: str) -> str:
    """The address by which the proxy alone finds a file below MEDIA_ROOT; it undoes the escaping."""
    below = Path(files.path(path)).relative_to(settings.MEDIA_ROOT)
    return f"{settings.ACCEL_REDIRECT}{quote(str(below))}"


def _range(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """First and last byte asked for, none where first lies behind last; None for the whole file.

    Several ranges at once and what cannot be read are answered with the whole (RFC 9110, 14.2).
    """
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last or size), size - 1)


class _Part:
    """A stretch of an open file."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file, self._left = file, length
        file.seek(start)

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
