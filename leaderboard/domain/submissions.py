"""Taking in a file, and the exits that people choose."""

from pathlib import Path

from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from leaderboard.domain import parts, people, room, states, teams
from leaderboard.domain.attempts import require_attempt
from leaderboard.domain.evaluation.plan import upload_name
from leaderboard.enums import SubmissionState
from leaderboard.folder import store
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission


def receive(phase: Phase, entry: Entry, user: User, file: TemporaryUploadedFile) -> Submission:
    """Take in an uploaded file as a submission and have it checked.

    The file, which `parts.settle` has seen to the disk, is renamed into the uploads' folder. Raises Refused.
    """
    name = Path(file.name or "upload.zip").name[-255:]
    room.require_size(name, file.size or 0)
    path, now = Path(file.temporary_file_path()), timezone.now()
    with transaction.atomic():
        # The team's row lock makes twenty uploads that end at once count one after the other.
        team = teams.locked_with(entry)
        people.require_terms(user, phase.challenge)
        require_attempt(team, phase, now, sender=user)
        submission = Submission.objects.create(
            phase=phase,
            entry=entry,
            submitted_by=user,
            state=SubmissionState.RECEIVED,
            filename=name,
            size=path.stat().st_size,
            received_at=now,
            stored=not parts.is_remote(),
        )
        states.log(submission.pk, "received", name=name, size=filesizeformat(submission.size))
        # Inside the transaction: a row without its file would be worse than a file without its row.
        parts.keep(path, submission)
        parts.speak_of(submission)
    return submission


def score_again(offered: Submission, by: User) -> Submission:
    """Have a file scored that was called off because it was scored before; this uses an attempt.

    A second call gets what the first one made. Raises Refused.
    """
    now, remote = timezone.now(), parts.is_remote()
    if remote and not store("uploads").exists(upload_name(offered)):
        raise Refused("file_gone")
    with transaction.atomic():
        team = teams.locked_with(offered.entry)
        if not offered.is_same_file:
            raise Refused("not_scored_before")
        made = offered.made_again
        if made is not None:
            return made
        people.require_terms(by, offered.phase.challenge)
        require_attempt(team, offered.phase, now, sender=by)
        made = Submission.objects.create(
            phase=offered.phase,
            entry=offered.entry,
            submitted_by=by,
            state=SubmissionState.RECEIVED,
            filename=offered.filename,
            size=offered.size,
            sha256=offered.sha256,
            received_at=now,
            same_as=offered,
            stored=not remote,
        )
        # In a bucket a copy takes as long as the file is large: that is work for the queue, under no lock.
        if not remote:
            _copy(offered, made)
        states.log(made.pk, "scored_again", who=by.get_username())
        parts.speak_of(made)
    return made


def _copy(offered: Submission, made: Submission) -> None:
    try:
        store("uploads").copy(upload_name(offered), upload_name(made))
    except FileNotFoundError:
        raise Refused("file_gone") from None


def cancel(submission: Submission, by: User) -> None:
    """Call off a submission that is not finished. Raises Refused."""
    with transaction.atomic():
        if not states.move(submission.pk, SubmissionState.CANCELLED):
            submission.refresh_from_db()
            raise Refused("cannot_cancel", state=submission.get_state_display().lower())
        states.log(submission.pk, "cancelled", who=by.get_username())
