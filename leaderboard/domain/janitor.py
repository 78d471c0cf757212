"""What is not needed any more and may go: once a day, or by hand with a look first.

Nothing that a score, a board or the audit log rests on is removed: files of scored, failed and waiting
submissions stay, and of each phase's boards at least the last one of every day.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDay
from django.utils import timezone

from leaderboard.domain.evaluation.plan import upload_name
from leaderboard.enums import ImportState, SubmissionState
from leaderboard.folder import Kept, store
from leaderboard.models import Completion, DatasetImport, Letter, Snapshot, Submission
from leaderboard.storage import KINDS

UNFINISHED_LIFE = timedelta(days=2)


@dataclass(frozen=True)
class Found:
    """One kind of things that may go: how many, and of files how many bytes."""

    what: str
    count: int
    bytes: int = 0


def tidy(*, dry_run: bool = False) -> list[Found]:
    """Remove what may go; returns what was (with `dry_run`: would be) removed.

    Raises ExceptionGroup of what some kinds stumbled over, after all the others.
    """
    now = timezone.now()
    kinds: tuple[Callable[..., Found], ...] = (
        _files,
        _snapshots,
        _tables,
        _sessions,
        _letters,
        _unfinished,
        _imports,
    )
    found, faults = [], []
    for kind in kinds:
        try:
            found.append(kind(now, dry_run=dry_run))
        except Exception as error:  # noqa: BLE001 raised below
            faults.append(error)
    if faults:
        raise ExceptionGroup("Some kinds could not be tidied; the others were.", faults)
    return found


def unneeded_files(now: datetime) -> Iterator[Kept]:
    """The files of submissions that ended without a score, after their time."""
    ended = [SubmissionState.INVALID, SubmissionState.CANCELLED]
    old = Submission.objects.filter(state__in=ended, finished_at__lt=now - settings.KEEP_INVALID)
    # Cancelled while it was being scored: what was scored of it may still be looked at.
    unneeded = {upload_name(submission) for submission in old.filter(evaluations=None).only("pk").iterator()}
    return (kept for kept in store("uploads").walk() if kept.name in unneeded)


def unneeded_snapshots(now: datetime) -> "QuerySet[Snapshot]":
    """Old boards with a later one of the same phase and day; never the newest, nor one before a freeze."""
    day = TruncDay("created_at")
    later = Snapshot.objects.filter(
        Q(created_at__gt=OuterRef("created_at"))
        | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk")),
        phase=OuterRef("phase"),
    )
    before_freeze = later.filter(created_at__lt=OuterRef("phase__freeze_at"))
    is_frozen = Q(phase__freeze_at__isnull=False, created_at__lt=F("phase__freeze_at"))
    return (
        Snapshot.objects.annotate(day=day)
        .filter(Exists(later.annotate(day=day).filter(day=OuterRef("day"))))
        .filter(~is_frozen | Exists(before_freeze))
        .exclude(pk__in=Completion.objects.values("snapshot"))
        .filter(created_at__lt=now - settings.KEEP_SNAPSHOTS)
    )


def _files(now: datetime, *, dry_run: bool) -> Found:
    found = list(unneeded_files(now))
    return _removed("files of invalid and cancelled submissions", "uploads", found, dry_run=dry_run)


def _snapshots(now: datetime, *, dry_run: bool) -> Found:
    return _deleted(
        "boards of which a later one of the same day is kept", unneeded_snapshots(now), dry_run=dry_run
    )


def _tables(now: datetime, *, dry_run: bool) -> Found:
    """Tables of scores beside snapshots that are gone; they can be computed anew."""
    shown = {
        f"{content_hash}.npz" for content_hash in Snapshot.objects.values_list("content_hash", flat=True)
    }
    # A table is written before its snapshot.
    gone = [kept for kept in store("tables").walk() if kept.name not in shown and _is_old(kept, now)]
    return _removed("tables of boards that are gone", "tables", gone, dry_run=dry_run)


def _sessions(now: datetime, *, dry_run: bool) -> Found:
    return _deleted("log-ins that have expired", Session.objects.filter(expire_date__lt=now), dry_run=dry_run)


def _letters(now: datetime, *, dry_run: bool) -> Found:
    """Mails with secret links that could not be sent: the links have expired."""
    old = Letter.objects.filter(at__lt=now - settings.KEEP_LETTERS)
    return _deleted("mails that could not be sent", old, dry_run=dry_run)


def _imports(now: datetime, *, dry_run: bool) -> Found:
    """Zips of ground truth, and what killed workers unpacked of them, whose import has ended."""
    waiting = DatasetImport.objects.filter(state=ImportState.WAITING).values_list("pk", flat=True)
    kept, before = {str(pk) for pk in waiting}, (now - timedelta(days=1)).timestamp()
    folder = Path(settings.UPLOADS_ROOT) / "imports"
    gone = [
        path
        for path in folder.glob("*")
        # A zip is written before its import.
        if path.stem.partition("-")[0] not in kept and path.stat().st_mtime < before
    ]
    files = [file for path in gone for file in [path, *path.rglob("*")] if file.is_file()]
    found = Found("files of imports that have ended", len(files), sum(file.stat().st_size for file in files))
    for path in [] if dry_run else gone:
        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)
    return found


def _unfinished(now: datetime, *, dry_run: bool) -> Found:
    """What a killed process began to write into a bucket: parts that are in no listing and cost room."""
    before = now - UNFINISHED_LIFE
    count = sum(store(kind).abort_unfinished(before, dry_run=dry_run) for kind in KINDS)
    return Found("writings into the storage that broke off", count)


def _is_old(kept: Kept, now: datetime) -> bool:
    return kept.modified < now - timedelta(days=1)


def _removed(what: str, kind: str, found: list[Kept], *, dry_run: bool) -> Found:
    for kept in [] if dry_run else found:
        store(kind).delete(kept.name)
    return Found(what, len(found), sum(kept.size for kept in found))


def _deleted(
    what: str, rows: "QuerySet[Session] | QuerySet[Letter] | QuerySet[Snapshot]", *, dry_run: bool
) -> Found:
    pks: list[Any] = list(rows.values_list("pk", flat=True))
    if not dry_run:
        rows.model._default_manager.filter(pk__in=pks).delete()
    return Found(what, len(pks))
