"""Whole uploads on their way into the bucket that workers of every machine read; with folders there is none.

The submission is received already, and its file lies beside the web server as `<id>.whole` until the bucket
has it. Each step may be killed: the file is written again under the same name, and deleted at the very end.
"""

import hashlib
import time
import traceback
import uuid
from contextlib import suppress
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import Q
from structlog.contextvars import bind_contextvars

from leaderboard import tasks
from leaderboard.domain import failures, leases, states
from leaderboard.domain.evaluation.plan import upload_name, upload_path
from leaderboard.enums import SubmissionState
from leaderboard.folder import Unreachable
from leaderboard.folder import store as storage
from leaderboard.models import Submission

logger = structlog.get_logger(__name__)
TO_STORE = Q(state=SubmissionState.RECEIVED, stored=False)
LEFT_SECONDS = 3600
"""A file is whole before its row says so: one without work is left alone for so long."""
AT_ONCE = 500


def store(pk: str) -> None:
    """Bring one file to the bucket and have it checked; does nothing without its lease.

    Tries are counted only where the file is not there: whatever else fails here is never the file, and what
    is not stored would be lost.
    """
    token = leases.claim(Submission, pk, TO_STORE)
    if token is None:
        return
    bind_contextvars(submission=str(pk))
    submission = Submission.objects.select_related("same_as").get(pk=pk)
    path = upload_path(submission)
    try:
        with leases.kept(Submission, pk, token):
            origin = submission.same_as
            sha256 = _copied(submission, origin) if origin else _brought(submission, path)
    except FileNotFoundError as error:
        _missed(submission, token, error)
        return
    except OSError as error:
        logger.warning("upload_not_stored", exc_info=error)
        if isinstance(error, Unreachable):
            states.log_once(submission.pk, "storage_away")
        leases.give_back(Submission, pk, token)
        return
    held = Submission.objects.filter(TO_STORE, pk=pk, lease_token=token)
    if held.update(stored=True, sha256=sha256, tries=0, **leases.RELEASED):
        tasks.check_submission.delay(str(pk))
        path.unlink(missing_ok=True)


def _brought(submission: Submission, path: Path) -> str:
    """Bring the file that lies here to the bucket; returns its hash."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    storage("uploads").take(path, upload_name(submission))
    return sha256


def _copied(submission: Submission, origin: Submission) -> str:
    """Copy, inside the bucket, the file of the submission that this one is made of; returns its hash."""
    storage("uploads").copy(upload_name(origin), upload_name(submission))
    return submission.sha256


def _missed(submission: Submission, token: uuid.UUID, error: FileNotFoundError) -> None:
    """Look for a file again after a while: a worker of another machine may have been asked for it."""
    logger.warning("upload_missing", exc_info=error)
    states.log(submission.pk, "file_missing", detail="".join(traceback.format_exception(error)))
    held = Q(TO_STORE, lease_token=token)
    failures.fail(submission.pk, held, Q(tries__gte=settings.MAX_TRIES))
    later = leases.back_off(submission.tries)
    Submission.objects.filter(held, pk=submission.pk).update(lease_token=None, lease_until=later)


def waiting() -> list[str]:
    """Files that nobody is bringing."""
    idle = Submission.objects.filter(leases.free(), TO_STORE).order_by("received_at")
    return [str(pk) for pk in idle.values_list("pk", flat=True)[:AT_ONCE]]


def delete_leftovers() -> None:
    """Delete files beside the web server that the bucket has, or that were called off before it had them."""
    old = [path for path in Path(settings.UPLOADS_ROOT).glob("*.whole") if _is_old(path)]
    needed = (
        {str(pk) for pk in Submission.objects.filter(_NEEDED).values_list("pk", flat=True)} if old else set()
    )
    for path in old:
        if path.stem not in needed:
            path.unlink(missing_ok=True)


# One that failed may be tried again.
_NEEDED = TO_STORE | Q(state=SubmissionState.UPLOADING) | Q(state=SubmissionState.FAILED, stored=False)


def _is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):
        # Renaming sets this time, and nothing else does.
        return path.stat().st_ctime < time.time() - LEFT_SECONDS
    return False
