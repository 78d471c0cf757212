"""Uploads in pieces: bytes go straight into their file, and how many of them count stands in the database.

The file of an unfinished upload is `<submission>.part`; bytes behind the offset in the database are of a
piece that broke off, and are overwritten. The finished file is renamed, never copied; where files are kept in
a bucket, `storing` brings it there.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from psycopg2.errors import LockNotAvailable

from leaderboard.domain import parts, people, room, states, storing, teams
from leaderboard.domain.attempts import require_attempt
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.domain.parts import part_path
from leaderboard.enums import SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Team, Upload
from leaderboard.queries.uploads import to_go_on_with, unfinished

logger = logging.getLogger(__name__)
BLOCK = 4 * 2**20
"""So many bytes are held in memory, and are lost at most when the server is killed."""
PIECE = 2**16
HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
INCOMING_LIFE = 86_400
"""Seconds after which a file that a killed process left of a plain upload is removed."""


class Readable(Protocol):
    """What a piece is read from: a request."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Checksum:
    """What a piece hashes to: `algorithm` is a key of HASHES."""

    algorithm: str
    digest: bytes


def begin(
    phase: Phase, entry: Entry, user: User, name: str, length: int, declared_sha256: str = ""
) -> Upload:
    """Begin an upload of `length` bytes; returns one that lies waiting for its first byte again.

    Whether the team has an attempt left is asked here so that nobody uploads in vain; what counts is
    asked when the file is whole. An upload that declares its hash may end in the grace period.
    Raises Refused.
    """
    name = Path(name).name[-255:] or "upload.zip"
    room.require_size(name, length)
    now = timezone.now()
    with transaction.atomic():
        team = teams.locked_with(entry)
        people.require_terms(user, phase.challenge)
        if declared_sha256:
            # The answer to the first call may have been lost on its way.
            same = {"submission__entry": entry, "declared_sha256": declared_sha256, "length": length}
            waiting = to_go_on_with(user, phase).filter(offset=0, **same).first()
            if waiting is not None:
                return waiting
        require_attempt(team, phase, now, sender=user)
        _require_turn(team, phase)
        room.require(phase, name, length, promised=room.promised())
        submission = Submission.objects.create(
            phase=phase, entry=entry, submitted_by=user, filename=name, size=length, created_at=now
        )
        states.log(submission.pk, "upload_begun", name=name, size=filesizeformat(length))
        return Upload.objects.create(
            submission=submission,
            length=length,
            declared_sha256=declared_sha256,
            expires_at=now + settings.UPLOAD_EXPIRY,
        )


def require_known(upload: Upload) -> None:
    """Raise Refused where an upload was called off or has expired."""
    cancelled = upload.submission.state != SubmissionState.UPLOADING and upload.finished_at is None
    if cancelled or (upload.expires_at <= timezone.now() and upload.offset < upload.length):
        raise Refused("upload_gone")


def append(pk: uuid.UUID, offset: int, body: Readable, checksum: Checksum | None = None) -> int:
    """Store the bytes of `body` from `offset` on; returns the new offset.

    No lock of the database is held while bytes are on their way: each block is stored by itself, under the
    file's lock and only where it continues what is there. Of two senders at once one gets Refused, and when
    the line breaks, what has come is kept. Bytes with a checksum are stored all or not at all, and for these
    the file's lock is held. Raises Refused.
    """
    upload = Upload.objects.select_related("submission__phase__challenge").get(pk=pk)
    _require_open(upload, offset)
    room.require(upload.submission.phase, upload.submission.filename, upload.length - offset)
    with parts.sending(pk):
        if checksum is not None:
            return _store(pk, offset, _blocks(body), checksum)
        for block in _blocks(body):
            offset = _store(pk, offset, [block])
    return offset


def finish(pk: uuid.UUID) -> None:
    """Make a submission of a whole upload, or cancel it where the rules do not allow it.

    While the phase is paused the upload lies waiting. Raises Refused with the reason of a cancellation.
    """
    refused = None
    with transaction.atomic():
        submission = Submission.objects.select_related("phase", "entry").get(pk=pk)
        # The team's row lock makes twenty uploads that end at once count one after the other.
        team = teams.locked_with(submission.entry)
        upload = Upload.objects.select_for_update().select_related("submission").get(pk=pk)
        if upload.submission.state != SubmissionState.UPLOADING or upload.offset < upload.length:
            return
        try:
            _require_attempt(team, submission.phase, upload)
            _hand_in(upload)
        except Refused as reason:
            if reason.code == "phase_paused":
                states.log_once(pk, "upload_waits")
                return
            refused = reason
            _call_off(pk, "upload_refused", reason=str(reason))
    if refused is not None:
        part_path(pk).unlink(missing_ok=True)
        raise refused


def terminate(pk: uuid.UUID, by: User) -> None:
    """Call off an unfinished upload and delete what has come. Raises Refused."""
    with transaction.atomic():
        _require_open(_lock(pk))
        _call_off(pk, "cancelled", who=by.get_username())
    part_path(pk).unlink(missing_ok=True)


def sweep() -> None:
    """Finish what is whole, call off what has expired, delete what no upload needs any more."""
    for pk in unfinished().filter(offset=F("length")).values_list("pk", flat=True):
        try:
            finish(pk)
        except Refused:
            continue
        except Exception:  # of one, which must not hold up the others
            logger.exception("The upload %s cannot be ended", pk)
    for pk in unfinished().filter(expires_at__lte=timezone.now()).values_list("pk", flat=True):
        try:
            _expire(pk)
        except Refused:
            continue
    _delete_leftovers()


def _require_turn(team: Team, phase: Phase) -> None:
    uploading = unfinished().filter(submission__entry__team=team, submission__phase=phase).count()
    if uploading >= phase.concurrent_submissions:
        raise Refused("too_many_uploads", uploading=uploading)


def _require_attempt(team: Team, phase: Phase, upload: Upload) -> None:
    sender = upload.submission.submitted_by
    begun = upload.submission.created_at if upload.declared_sha256 else None
    try:
        require_attempt(team, phase, timezone.now(), sender=sender, begun=begun)
    except Refused as refused:
        # The last of the rules: others at work are no reason to throw away a file that has come whole.
        if refused.code != "too_many_running":
            raise


def _require_open(upload: Upload, offset: int | None = None) -> None:
    require_known(upload)
    if upload.finished_at is not None:
        raise Refused("upload_done")
    if offset is not None and offset != upload.offset:
        raise Refused("upload_offset", offset=upload.offset)


def _lock(pk: uuid.UUID) -> Upload:
    """The locked rows of an upload and its submission, inside a transaction. Raises Refused where held."""
    try:
        return Upload.objects.select_for_update(nowait=True).select_related("submission").get(pk=pk)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Refused("upload_busy") from error
        raise


def _blocks(body: Readable) -> Iterator[bytearray]:
    """The bytes as they come; a line that breaks or falls silent ends them."""
    while True:
        block = bytearray()
        try:
            while len(block) < BLOCK and (piece := body.read(PIECE)):
                block += piece
        except OSError:
            piece = b""
        if block:
            yield block
        if not piece:
            return


def _store(pk: uuid.UUID, offset: int, blocks: Iterable[bytearray], checksum: Checksum | None = None) -> int:
    """The file's own lock is held, and none of the database: bytes may be on their way for long."""
    digest = HASHES[checksum.algorithm]() if checksum else None
    with parts.held(pk) as file:
        upload = Upload.objects.select_related("submission__phase__challenge").get(pk=pk)
        if upload.submission.state != SubmissionState.UPLOADING:
            # It ended while the bytes came, and to hold its part made that anew.
            part_path(pk).unlink(missing_ok=True)
        _require_open(upload, offset)
        try:
            end = parts.write(file, offset, upload.length, _hashed(blocks, digest))
        except parts.Lost:
            _call_off(pk, "upload_lost")
            raise Refused("upload_lost") from None
        except parts.Full as full:
            submission = upload.submission
            raise room.no_room(
                submission.phase.challenge, submission.filename, upload.length - offset
            ) from full
        if checksum and digest and digest.digest() != checksum.digest:
            raise Refused("upload_checksum")
        stored = unfinished().filter(pk=pk, offset=offset, finished_at=None)
        if not stored.update(offset=end, expires_at=timezone.now() + settings.UPLOAD_EXPIRY):
            # It was called off meanwhile.
            raise Refused("upload_gone")
    return end


def _hashed(blocks: Iterable[bytearray], digest: "hashlib._Hash | None") -> Iterator[bytearray]:
    for block in blocks:
        if digest is not None:
            digest.update(block)
        yield block


def _hand_in(upload: Upload) -> None:
    submission, now = upload.submission, timezone.now()
    submission.stored = not parts.is_remote()
    if not (part_path(upload.pk).exists() or upload_path(submission).exists()):
        raise Refused("upload_lost")
    states.move(submission.pk, SubmissionState.RECEIVED, received_at=now, stored=submission.stored)
    Upload.objects.filter(pk=upload.pk).update(finished_at=now)
    states.log(submission.pk, "received", name=submission.filename, size=filesizeformat(upload.length))
    # Inside the transaction: a row without its file would be worse than a file without its row. The file
    # has its new name already where an earlier try broke off between here and the commit.
    if not upload_path(submission).exists():
        parts.keep(part_path(upload.pk), submission)
    parts.speak_of(submission)


def _call_off(pk: uuid.UUID, code: str, **facts: str) -> None:
    if states.move(pk, SubmissionState.CANCELLED):
        states.log(pk, code, **facts)


def _expire(pk: uuid.UUID) -> None:
    with transaction.atomic():
        upload = _lock(pk)
        if upload.expires_at > timezone.now() or upload.offset == upload.length:
            return
        _call_off(pk, "upload_expired", come=filesizeformat(upload.offset))
    part_path(pk).unlink(missing_ok=True)


def _delete_leftovers() -> None:
    # First the files, then the rows: an upload that begins meanwhile has its row before its file.
    parts = list(Path(settings.UPLOADS_ROOT).glob("*.part"))
    needed = {part_path(pk).name for pk in unfinished().values_list("pk", flat=True)}
    for path in parts:
        if path.name not in needed:
            path.unlink(missing_ok=True)
    storing.delete_leftovers()
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - INCOMING_LIFE:
                path.unlink()
