"""The server side of tus 1.0: core, creation (with upload), expiration, checksum, termination.

A browser comes with its session and the CSRF token as a header, a command line with a key as
`Authorization: Bearer`. Who began an upload goes on with it, nobody else: the submission says who handed
it in, and only that person's machine has the file; the team can cancel it on the submission's page.
"""

import base64
import binascii
import functools
import json
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt

from leaderboard.domain import room, teams, upload_tokens, uploads
from leaderboard.domain.uploads import Checksum
from leaderboard.forms import EntryChoiceForm
from leaderboard.messages import Refused
from leaderboard.models import Phase, Upload
from leaderboard.views import access
from leaderboard.views.people import signed_in

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
PIECE_TYPE = "application/offset+octet-stream"
STATUS = {
    "upload_request": 400,
    "upload_phase": 404,
    "no_team": 403,
    "upload_offset": 409,
    "upload_gone": 410,
    "upload_lost": 410,
    "file_too_large": 413,
    "upload_too_long": 413,
    "upload_busy": 423,
    "upload_checksum": 460,
    "no_room": 507,
    "too_many_begun": 429,
}
HEARD_OUT = 64 * 2**20
SHA256 = re.compile(r"[0-9a-f]{64}")

View = Callable[..., HttpResponse]


class _InvalidFields(Exception):
    """Metadata that the form does not take: field -> its errors."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = fields
        super().__init__(json.dumps(fields))


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return _told("csrf", "Your session has changed. Load the page again; the upload goes on.", 403)


def _tus(view: View) -> Callable[..., HttpResponseBase]:
    """Speak tus: version, person, and refusals as status codes."""

    @csrf_exempt
    @functools.wraps(view)
    def answer(request: HttpRequest, **where: uuid.UUID) -> HttpResponseBase:
        if request.method == "OPTIONS":
            response = _capabilities()
        elif request.headers.get("Tus-Resumable") != VERSION:
            response = HttpResponse(status=412, headers={"Tus-Version": VERSION})
        else:
            response = _let_in(request) or _guarded(view, request, where)
        response["Tus-Resumable"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answer


def _let_in(request: HttpRequest) -> HttpResponse | None:
    """Know who asks, or say why not."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        user = upload_tokens.user_of(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            return _unknown("This key is false, or too old. Take a new one from the submit page.")
        request.user = user
        return None
    if not isinstance(request.user, User):
        return _unknown("Log in, or send a key of yours as a bearer token.")
    # What is asked of here is not exempt: only the site's own pages know the token.
    return _Csrf(lambda _: HttpResponse()).process_view(request, HttpResponse, (), {})


def _guarded(view: View, request: HttpRequest, where: dict[str, uuid.UUID]) -> HttpResponse:
    try:
        return view(request, **where)
    except Refused as refused:
        room.tell_of(refused)
        _hear_out(request)
        return _told(refused.code, str(refused), STATUS.get(refused.code, 403))
    except _InvalidFields as invalid:
        return _told("fields", "Something about the method is missing.", 400, fields=invalid.fields)
    except Http404:
        return _told("missing", "There is no such upload of yours.", 404)


def _hear_out(request: HttpRequest) -> None:
    """Read on, within bounds: whoever is hung up on in mid-sentence does not hear the answer."""
    with suppress(OSError):
        for _ in range(HEARD_OUT // uploads.PIECE):
            if not request.read(uploads.PIECE):
                return


@_tus
def create(request: HttpRequest) -> HttpResponse:
    """POST: begin an upload; its metadata name phase, method and file."""
    if request.method != "POST":
        return _not_allowed("POST, OPTIONS")
    length = _number(request, "Upload-Length")
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    if not ratelimit.consume(request, action="upload", user=request.user):
        raise Refused("too_many_begun", limit=settings.UPLOADS_PER_HOUR)
    upload = _begin(signed_in(request), length, metadata)
    response = HttpResponse(status=201, headers={"Location": _address(upload)})
    offset = upload.offset
    if request.headers.get("Content-Type") == PIECE_TYPE:
        offset = _take(request, upload, 0)
        response["Upload-Offset"] = str(offset)
    return _dated(response, upload, offset)


@_tus
def piece(request: HttpRequest, upload: uuid.UUID) -> HttpResponse:
    """HEAD: how far it is; PATCH: the next bytes; DELETE: call it off."""
    found = access.own_upload_or_404(request, upload)
    method = request.method
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", "POST")
    answers = {"HEAD": _state, "PATCH": _patch, "DELETE": _delete}
    return (
        answers[method](request, found) if method in answers else _not_allowed("HEAD, PATCH, DELETE, OPTIONS")
    )


def _state(request: HttpRequest, upload: Upload) -> HttpResponse:
    uploads.require_known(upload)
    facts = {"filename": upload.submission.filename, "sha256": upload.declared_sha256}
    told = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in facts.items() if value
    )
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        "Upload-Metadata": told,
    }
    return _dated(HttpResponse(headers=headers), upload, upload.offset)


def _patch(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.headers.get("Content-Type") != PIECE_TYPE:
        return _told("type", f"A piece is sent as {PIECE_TYPE}.", 415)
    offset = _take(request, upload, _number(request, "Upload-Offset"))
    return _dated(HttpResponse(status=204, headers={"Upload-Offset": str(offset)}), upload, offset)


def _delete(request: HttpRequest, upload: Upload) -> HttpResponse:
    uploads.terminate(upload.pk, signed_in(request))
    return HttpResponse(status=204)


def _take(request: HttpRequest, upload: Upload, offset: int) -> int:
    """Store the request's bytes; the last of them makes the file a submission."""
    new = uploads.append(upload.pk, offset, request, _checksum(request.headers.get("Upload-Checksum", "")))
    if new == upload.length:
        uploads.finish(upload.pk)
    return new


def _begin(user: User, length: int, metadata: dict[str, str]) -> Upload:
    name = metadata.get("phase", "")
    challenge, _, slug = name.partition("/")
    phase = Phase.objects.select_related("challenge").filter(challenge__slug=challenge, slug=slug).first()
    if phase is None:
        raise Refused("upload_phase", name=name or "without a name")
    team = teams.team_of(user, phase.challenge)
    if team is None:
        raise Refused("no_team", challenge=phase.challenge.name)
    declared = metadata.get("sha256", "").lower()
    if declared and not SHA256.fullmatch(declared):
        raise Refused("upload_request", what="sha256 is 64 hexadecimal digits")
    form = EntryChoiceForm({"kind": "learning"} | metadata, team=team)
    if not form.is_valid():
        raise _InvalidFields(
            {field: [str(error) for error in errors] for field, errors in form.errors.items()}
        )
    with transaction.atomic():
        entry = teams.chosen_entry(team, **form.method())
        return uploads.begin(phase, entry, user, metadata.get("filename", ""), length, declared)


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not re.fullmatch(r"\d{1,18}", value, re.ASCII):
        raise Refused("upload_request", what=f"{header} is a number of bytes")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """`key base64,key base64` as texts."""
    metadata = {}
    for item in filter(None, (item.strip() for item in header.split(","))):
        key, _, value = item.partition(" ")
        metadata[key] = _decoded("Upload-Metadata", value).decode(errors="replace").replace("\0", "")
    return metadata


def _checksum(header: str) -> Checksum | None:
    if not header:
        return None
    algorithm, _, digest = header.partition(" ")
    if algorithm not in uploads.HASHES:
        raise Refused("upload_request", what=f"Upload-Checksum is one of {', '.join(uploads.HASHES)}")
    return Checksum(algorithm, _decoded("Upload-Checksum", digest))


def _decoded(header: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("upload_request", what=f"{header} holds base64") from None


def _capabilities() -> HttpResponse:
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
        "Tus-Checksum-Algorithm": ",".join(uploads.HASHES),
    }
    return HttpResponse(status=204, headers=headers)


def _address(upload: Upload) -> str:
    return reverse("upload", args=[upload.pk])


def _dated(response: HttpResponse, upload: Upload, offset: int) -> HttpResponse:
    """With the time at which an upload that is not whole expires."""
    if offset < upload.length:
        # A piece that was stored has put it off.
        upload.refresh_from_db(fields=["expires_at"])
        response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return response


def _unknown(message: str) -> HttpResponse:
    response = _told("unknown", message, 401)
    response["WWW-Authenticate"] = "Bearer"
    return response


def _not_allowed(methods: str) -> HttpResponse:
    response = _told("method", f"Allowed are {methods}.", 405)
    response["Allow"] = methods
    return response


def _told(code: str, message: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"code": code, "message": message, **more}, status=status)
