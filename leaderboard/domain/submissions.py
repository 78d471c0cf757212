"""Taking in a file, counting attempts, and the exits that people choose."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format

from leaderboard import tasks
from leaderboard.domain import states
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.enums import FREE_STATES, WORKING_STATES, SubmissionState
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Team
from leaderboard.rules import refusal_to_submit


@dataclass(frozen=True)
class Attempts:
    """What a team has used of one budget, and when the next attempt frees up (None: one is free now)."""

    used: int
    allowed: int
    next_at: datetime | None

    @property
    def left(self) -> int:
        return max(self.allowed - self.used, 0)


def attempts(team: Team, phase: Phase, at: datetime, *, invalid: bool = False) -> Attempts:
    """The valid (or the invalid) attempts of a team in the phase's rolling window that ends at `at`."""
    recent = _submissions(team, phase).filter(created_at__gt=at - phase.window)
    counted = (
        recent.filter(state=SubmissionState.INVALID) if invalid else recent.exclude(state__in=FREE_STATES)
    )
    allowed = phase.invalid_per_window if invalid else phase.attempts_per_window
    times = list(counted.order_by("-created_at").values_list("created_at", flat=True))
    next_at = times[allowed - 1] + phase.window if 0 < allowed <= len(times) else None
    return Attempts(len(times), allowed, next_at)


def require_attempt(team: Team, phase: Phase, at: datetime) -> None:
    """Raise Refused with the reason why `team` may not submit to `phase` at `at`."""
    code = refusal_to_submit(phase, at)
    if code is not None:
        raise Refused(code, phase=phase.name, opens=shown(phase.opens_at), closes=shown(phase.closes_at))
    window = _duration(phase)
    valid = attempts(team, phase, at)
    if valid.left == 0:
        raise Refused("attempts_used", allowed=valid.allowed, window=window, next=shown(valid.next_at))
    invalid = attempts(team, phase, at, invalid=True)
    if invalid.left == 0:
        raise Refused("invalid_used", allowed=invalid.allowed, window=window, next=shown(invalid.next_at))
    total = _submissions(team, phase).exclude(state__in=FREE_STATES).count()
    if phase.attempts_total is not None and total >= phase.attempts_total:
        raise Refused("attempts_used_up", allowed=phase.attempts_total, phase=phase.name)
    running = _submissions(team, phase).filter(state__in=WORKING_STATES).count()
    if running >= phase.concurrent_submissions:
        raise Refused("too_many_running", running=running)


def receive(phase: Phase, entry: Entry, user: User, file: TemporaryUploadedFile) -> Submission:
    """Take in an uploaded file as a submission and have it checked.

    The file is renamed into the uploads' folder, not copied. Raises Refused.
    """
    name = Path(file.name or "upload.zip").name[-255:]
    if not file.size:
        raise Refused("file_empty", name=name)
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        raise Refused("file_too_large", name=name, size=filesizeformat(file.size), limit=limit)
    digest = _sha256(Path(file.temporary_file_path()))
    return _take_in(phase, entry, user, Path(file.temporary_file_path()), name, digest)


def _take_in(phase: Phase, entry: Entry, user: User, path: Path, name: str, digest: str) -> Submission:
    now = timezone.now()
    with transaction.atomic():
        # The team's row lock makes twenty uploads that end at once count one after the other.
        team = Team.objects.select_for_update().get(pk=entry.team_id)
        require_attempt(team, phase, now)
        submission = Submission.objects.create(
            phase=phase,
            entry=entry,
            submitted_by=user,
            state=SubmissionState.RECEIVED,
            filename=name,
            size=path.stat().st_size,
            sha256=digest,
            received_at=now,
        )
        states.log(submission.pk, "received", name=name, size=filesizeformat(submission.size))
        # Inside the transaction: a row without its file would be worse than a file without its row.
        path.rename(upload_path(submission))
        transaction.on_commit(partial(tasks.check_submission.delay, str(submission.pk)), robust=True)
    return submission


def cancel(submission: Submission, by: User) -> None:
    """Call off a submission that is not finished. Raises Refused."""
    with transaction.atomic():
        if not states.move(submission.pk, SubmissionState.CANCELLED):
            submission.refresh_from_db()
            raise Refused("cannot_cancel", state=submission.get_state_display().lower())
        states.log(submission.pk, "cancelled", who=by.get_username())


def shown(at: datetime | None) -> str:
    """A time in words: in the viewer's zone, which is named."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"


def _submissions(team: Team, phase: Phase) -> QuerySet[Submission]:
    return Submission.objects.filter(entry__team=team, phase=phase)


def _duration(phase: Phase) -> str:
    hours = phase.window.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:g} days"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
