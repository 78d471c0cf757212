"""Room for uploads: how large one may be, what is promised to others, and what of the disk stays free."""

import shutil
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from leaderboard.domain import notifications
from leaderboard.messages import Refused
from leaderboard.models import Challenge, Phase
from leaderboard.queries.uploads import expected_bytes


def require_size(name: str, size: int) -> None:
    """Raise Refused where a file is empty or too large."""
    if size <= 0:
        raise Refused("file_empty", name=name)
    if size > settings.MAX_UPLOAD_BYTES:
        raise too_large(name, size)


def too_large(name: str, size: int) -> Refused:
    """The refusal of a file for its size."""
    limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
    return Refused("file_too_large", name=name, size=filesizeformat(size), limit=limit)


def promised() -> int:
    """The bytes that uploads which have begun may still bring, in pieces or by a form."""
    return expected_bytes() + sum(map(_missing, Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()))


def _missing(path: Path) -> int:
    """What a file of a form has not got yet: it is as long from the start as it may become."""
    with suppress(FileNotFoundError):
        facts = path.stat()
        return max(facts.st_size - facts.st_blocks * 512, 0)
    return 0


def is_short_by(more: int) -> bool:
    """Whether so many more bytes would leave too little of the disk."""
    return shutil.disk_usage(settings.UPLOADS_ROOT).free - more < settings.MIN_FREE_BYTES


def require(phase: Phase, name: str, more: int, promised: int = 0) -> None:
    """Raise Refused where a file's bytes, beside those promised to others, find no room."""
    if is_short_by(more + promised):
        raise no_room(phase.challenge, name, more)


def no_room(challenge: Challenge, name: str, size: int) -> Refused:
    """The refusal of a file for want of room; its facts are what organizers are told."""
    free = filesizeformat(shutil.disk_usage(settings.UPLOADS_ROOT).free)
    return Refused("no_room", challenge=challenge, name=name, size=filesizeformat(size), free=free)


def tell_of(refused: Refused) -> None:
    """Tell the organizers of a refusal for want of room; to be called outside of what it rolled back."""
    if refused.code == "no_room":
        notifications.no_room(**refused.facts)  # type: ignore[arg-type]  # the facts of `no_room` above
