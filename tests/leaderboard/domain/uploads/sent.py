"""Uploads as tests begin them, and what became of them."""

import hashlib
import io

from leaderboard.domain import uploads
from leaderboard.enums import SubmissionState
from leaderboard.models import Entry, Phase, Submission, Upload

S = SubmissionState
DATA = bytes(range(256)) * 40  # 10,240 bytes
SHA256 = hashlib.sha256(DATA).hexdigest()


def begun(entry: Entry, phase: Phase, length: int = len(DATA), declared: str = "") -> Upload:
    captain = entry.team.memberships.get(role="captain").user
    return uploads.begin(phase, entry, captain, "../my fields.zip", length, declared)


def state(upload: Upload) -> str:
    return Submission.objects.get(pk=upload.pk).state


def log(upload: Upload) -> list[str]:
    return [event.message for event in Submission.objects.get(pk=upload.pk).events.all()]


def whole(entry: Entry, phase: Phase, declared: str = "") -> Upload:
    """An upload whose last byte has come, not finished yet."""
    upload = begun(entry, phase, declared=declared)
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA)) == len(DATA)
    return upload
