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

from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import ImportState, SubmissionState
from leaderboard.models import Completion, DatasetImport, Letter, Snapshot, Submission


@dataclass(frozen=True)
class Found:
    """One kind of things that may go: how many, and of files how many bytes."""

    what: str
    count: int
    bytes: int = 0


def tidy(*, dry_run: bool = False) -> list[Found]:
    """Remove what may go; returns what was (with `dry_run`: would be) removed."""
    now = timezone.now()
    kinds: tuple[Callable[..., Found], ...] = (_files, _snapshots, _tables, _sessions, _letters, _imports)
    return [kind(now, dry_run=dry_run) for kind in kinds]


def unneeded_files(now: datetime) -> Iterator[Path]:
    """The files of submissions that ended without a score, after their time."""
    ended = [SubmissionState.INVALID, SubmissionState.CANCELLED]
    old = Submission.objects.filter(state__in=ended, finished_at__lt=now - settings.KEEP_INVALID)
    # Cancelled while it was being scored: what was scored of it may still be looked at.
    for submission in old.filter(evaluations=None).only("pk").iterator():
        path = upload_path(submission)
        if path.exists():
            yield path


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
    paths = list(unneeded_files(now))
    return _removed("files of invalid and cancelled submissions", paths, dry_run=dry_run)


def _snapshots(now: datetime, *, dry_run: bool) -> Found:
    return _deleted(
        "boards of which a later one of the same day is kept", unneeded_snapshots(now), dry_run=dry_run
    )


def _tables(now: datetime, *, dry_run: bool) -> Found:
    """Tables of scores beside snapshots that are gone; they can be computed anew."""
    folder = Path(settings.MEDIA_ROOT) / "tables"
    kept = set(Snapshot.objects.values_list("content_hash", flat=True))
    gone = [path for path in folder.glob("*.npz") if path.stem not in kept and _is_old(path, now)]
    return _removed("tables of boards that are gone", gone, dry_run=dry_run)


def _sessions(now: datetime, *, dry_run: bool) -> Found:
    return _deleted("log-ins that have expired", Session.objects.filter(expire_date__lt=now), dry_run=dry_run)


def _letters(now: datetime, *, dry_run: bool) -> Found:
    """Mails with secret links that could not be sent: the links have expired."""
    old = Letter.objects.filter(at__lt=now - settings.KEEP_LETTERS)
    return _deleted("mails that could not be sent", old, dry_run=dry_run)


def _imports(now: datetime, *, dry_run: bool) -> Found:
    """Zips of ground truth, and what killed workers unpacked of them, whose import has ended."""
    waiting = DatasetImport.objects.filter(state=ImportState.WAITING).values_list("pk", flat=True)
    kept = {str(pk) for pk in waiting}
    folder = Path(settings.UPLOADS_ROOT) / "imports"
    gone = [
        path for path in folder.glob("*") if path.stem.partition("-")[0] not in kept and _is_old(path, now)
    ]
    files = [file for path in gone for file in [path, *path.rglob("*")] if file.is_file()]
    found = _removed("files of imports that have ended", files, dry_run=dry_run)
    for path in [] if dry_run else gone:
        shutil.rmtree(path, ignore_errors=True)
    return found


def _is_old(path: Path, now: datetime) -> bool:
    # A table is written before its snapshot, and a zip before its import.
    return path.stat().st_mtime < (now - timedelta(days=1)).timestamp()


def _removed(what: str, paths: list[Path], *, dry_run: bool) -> Found:
    size = sum(path.stat().st_size for path in paths)
    for path in [] if dry_run else paths:
        path.unlink(missing_ok=True)
    return Found(what, len(paths), size)


def _deleted(
    what: str, rows: "QuerySet[Session] | QuerySet[Letter] | QuerySet[Snapshot]", *, dry_run: bool
) -> Found:
    pks: list[Any] = list(rows.values_list("pk", flat=True))
    if not dry_run:
        rows.model._default_manager.filter(pk__in=pks).delete()
    return Found(what, len(pks))
