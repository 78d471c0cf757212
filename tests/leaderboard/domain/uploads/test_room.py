"""Which sizes are taken, and what of the disk is kept free."""

import io
import shutil

import pytest
from pytest_django import Settings

from leaderboard.domain import uploads
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission
from tests.leaderboard.domain.uploads.sent import begun


@pytest.mark.parametrize(("size", "code"), [(0, "file_empty"), (2**50, "file_too_large")])
def test_a_size_that_is_not_taken(entry: Entry, phase: Phase, size: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        begun(entry, phase, size)
    assert refused.value.code == code
    assert not Submission.objects.exists()


def test_room_is_kept_free_also_of_what_others_have_announced(
    entry: Entry, phase: Phase, settings: Settings
) -> None:
    free = shutil.disk_usage(settings.UPLOADS_ROOT).free
    settings.MAX_UPLOAD_BYTES = free
    settings.MIN_FREE_BYTES = free // 2
    upload = begun(entry, phase, free // 3)
    with pytest.raises(Refused) as refused:
        begun(entry, phase, free // 3)
    assert refused.value.code == "no_room"
    settings.MIN_FREE_BYTES = free
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(b"x"))
    assert refused.value.code == "no_room"
