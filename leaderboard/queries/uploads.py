"""Uploads that have begun and are not handed in yet."""

from django.contrib.auth.models import User
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from leaderboard.enums import SubmissionState
from leaderboard.models import Phase, Upload


def unfinished() -> QuerySet[Upload]:
    """All of them."""
    return Upload.objects.filter(submission__state=SubmissionState.UPLOADING)


def to_go_on_with(user: User, phase: Phase) -> QuerySet[Upload]:
    """Those that a person can go on with."""
    own = unfinished().filter(submission__submitted_by=user, submission__phase=phase)
    return own.filter(expires_at__gt=timezone.now()).select_related("submission__entry")


def expected_bytes() -> int:
    """How many bytes they may still bring."""
    rest: int | None = unfinished().aggregate(rest=Sum(F("length") - F("offset")))["rest"]
    return rest or 0
