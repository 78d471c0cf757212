"""The files of uploads: the part that has come, written by one process at a time, and the whole."""

import errno
import fcntl
import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from leaderboard import tasks
from leaderboard.domain.evaluation.plan import upload_name, upload_path
from leaderboard.folder import Folder, store
from leaderboard.messages import Refused
from leaderboard.models import Submission

# What the system says of a disk, a quota or a file that takes no more.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


SENDERS = 2
"""Of one upload, in one process: who comes back need not wait for its dead line, and no third is read."""
_senders: Counter[uuid.UUID] = Counter()
_counting = threading.Lock()


class Full(Exception):
    """There is no room for more bytes."""


class Lost(Exception):
    """Bytes that the database counts are not there any more."""


def part_path(pk: uuid.UUID) -> Path:
    """Where the bytes of an unfinished upload lie."""
    return Path(settings.UPLOADS_ROOT) / f"{pk}.part"


@contextmanager
def sending(pk: uuid.UUID) -> Iterator[None]:
    """To be held while bytes are read; raises Refused, before any is, where enough others send them."""
    with _counting:
        if _senders[pk] >= SENDERS:
            raise Refused("upload_busy")
        _senders[pk] += 1
    try:
        yield
    finally:
        with _counting:
            _senders.subtract([pk])
            if not _senders[pk]:
                del _senders[pk]


@contextmanager
def held(pk: uuid.UUID) -> Iterator[FileIO]:
    """The part of an upload, for this process alone to write to; raises Refused where another one is at it.

    A lock of the database ends when the database goes away, this one with who holds it.
    """
    with FileIO(os.open(part_path(pk), os.O_WRONLY | os.O_CREAT, 0o640), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("upload_busy") from None
        yield file


def write(file: FileIO, offset: int, length: int, blocks: Iterable[bytearray]) -> int:
    """Write from `offset` on and have it on the disk; returns the new end.

    The database must never know of more than is there. Raises Refused for bytes beyond `length`, Full, Lost.
    """
    end = offset
    # Or a hole of zeros would stand in for them.
    if os.fstat(file.fileno()).st_size < offset:
        raise Lost
    try:
        file.truncate(offset)
        file.seek(offset)
        for block in blocks:
            end += len(block)
            if end > length:
                raise Refused("upload_too_long", size=filesizeformat(length))
            _write_whole(file, block)
        os.fdatasync(file.fileno())
    except OSError as error:
        if error.errno in FULL:
            raise Full from error
        raise
    return end


def _write_whole(file: FileIO, block: bytearray) -> None:
    """All of a block: a disk that fills up takes a part of it without an error."""
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]


def settle(path: Path) -> None:
    """Have a whole file on the disk, which may take a minute; to be called before any lock is taken."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())


def keep(path: Path, submission: Submission) -> None:
    """Give a whole file the submission's name, on the disk before the database knows of it."""
    if not submission.stored:
        # A bucket takes as long as the line needs: not while somebody waits, nor under a lock.
        Folder("UPLOADS_ROOT").take(path, upload_path(submission).name, move=True)
    else:
        store("uploads").take(path, upload_name(submission), move=True)


def is_remote() -> bool:
    """Whether whole files are still to be stored for workers of other machines."""
    return store("uploads").remote


def speak_of(submission: Submission) -> None:
    """Send the message for a received file's next step when the transaction is committed."""
    task = tasks.check_submission if submission.stored else tasks.store_upload
    transaction.on_commit(partial(task.delay, str(submission.pk)), robust=True)
