"""Pieces of uploads: what is kept of them, and which are refused."""

import hashlib
import io

import pytest
from django.db import connection

from leaderboard.domain import parts, uploads
from leaderboard.domain.evaluation.plan import upload_path
from leaderboard.domain.parts import part_path
from leaderboard.domain.uploads import BLOCK, Checksum
from leaderboard.messages import Refused
from leaderboard.models import Entry, Phase, Submission, Upload
from tests.leaderboard.domain.uploads.sent import DATA, SHA256, S, begun, log, state


class Breaking(io.BytesIO):
    """A line that breaks when its bytes are spent."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise ConnectionResetError
        return piece


def test_pieces_become_a_submission_without_a_second_copy(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    assert (state(upload), upload.submission.filename) == (S.UPLOADING, "my fields.zip")
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA[:1000])) == 1000
    inode = part_path(upload.pk).stat().st_ino
    assert uploads.append(upload.pk, 1000, io.BytesIO(DATA[1000:])) == len(DATA)
    uploads.finish(upload.pk)
    path = upload_path(Submission.objects.get(pk=upload.pk))
    assert path.read_bytes() == DATA
    assert path.stat().st_ino == inode
    assert not part_path(upload.pk).exists()
    assert state(upload) == S.RECEIVED
    assert log(upload) == [
        "The upload of my fields.zip, 10.0\xa0KB, has begun.",
        "Received my fields.zip, 10.0\xa0KB.",
    ]


def test_what_came_before_the_line_broke_is_kept(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase, 3 * BLOCK)
    data = b"x" * (BLOCK + 70_000)
    assert uploads.append(upload.pk, 0, Breaking(data)) == len(data)
    assert Upload.objects.get(pk=upload.pk).offset == len(data)


def test_bytes_that_the_database_does_not_know_of_are_cut_off(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(DATA[:500]))
    with part_path(upload.pk).open("ab") as file:
        file.write(b"of a process that was killed before its commit")
    uploads.append(upload.pk, 500, io.BytesIO(DATA[500:600]))
    assert part_path(upload.pk).read_bytes() == DATA[:600]


@pytest.mark.parametrize("offset", [0, 499, 501, 5000])
def test_a_wrong_offset_changes_nothing(entry: Entry, phase: Phase, offset: int) -> None:
    upload = begun(entry, phase)
    uploads.append(upload.pk, 0, io.BytesIO(DATA[:500]))
    with pytest.raises(Refused, match="goes on at byte 500"):
        uploads.append(upload.pk, offset, io.BytesIO(b"abc"))
    assert part_path(upload.pk).read_bytes() == DATA[:500]


def test_more_bytes_than_announced_are_refused(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(DATA + b"x"))
    assert refused.value.code == "upload_too_long"
    assert Upload.objects.get(pk=upload.pk).offset == 0


@pytest.mark.parametrize("checked", [False, True])
def test_no_transaction_is_open_while_bytes_are_on_their_way(
    entry: Entry, phase: Phase, checked: bool
) -> None:
    outside, seen = len(connection.atomic_blocks), set()

    class Looking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.add(len(connection.atomic_blocks))
            return super().read(size)

    checksum = Checksum("sha256", hashlib.sha256(DATA).digest()) if checked else None
    assert uploads.append(begun(entry, phase).pk, 0, Looking(DATA), checksum) == len(DATA)
    assert seen == {outside}


def test_of_many_who_send_the_same_piece_at_once_two_are_read(entry: Entry, phase: Phase) -> None:
    upload = begun(entry, phase)
    bodies = [io.BytesIO(DATA) for _ in range(3)]
    became: list[object] = []

    class Sending:
        """While its first bytes are read the next one sends the same."""

        def __init__(self, number: int) -> None:
            self.number = number

        def read(self, size: int, /) -> bytes:
            if bodies[self.number].tell() == 0:
                send(self.number + 1)
            return bodies[self.number].read(size)

    def send(number: int) -> None:
        try:
            became.append(uploads.append(upload.pk, 0, Sending(number)))
        except Refused as refused:
            became.append(refused.code)

    send(0)
    # The third ends first, then the second is stored, and what the first has read is too late.
    assert became == ["upload_busy", len(DATA), "upload_offset"]
    assert bodies[2].tell() == 0
    assert not parts._senders


@pytest.mark.parametrize("checksum", [None, Checksum("sha256", hashlib.sha256(DATA).digest())])
def test_what_is_called_off_while_bytes_are_on_their_way_stays_called_off(
    entry: Entry, phase: Phase, checksum: Checksum | None
) -> None:
    upload = begun(entry, phase)

    class Ending(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                uploads.terminate(upload.pk, upload.submission.submitted_by)
            return super().read(size)

    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, Ending(DATA), checksum)
    assert refused.value.code == "upload_gone"
    assert (state(upload), Upload.objects.get(pk=upload.pk).offset) == ("cancelled", 0)
    assert not part_path(upload.pk).exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_a_checksum_is_stored_whole_or_not_at_all(
    entry: Entry, phase: Phase, algorithm: str
) -> None:
    upload = begun(entry, phase)
    right = hashlib.new(algorithm, DATA[:700]).digest()
    with pytest.raises(Refused) as refused:
        uploads.append(upload.pk, 0, io.BytesIO(DATA[:699] + b"?"), Checksum(algorithm, right))
    assert refused.value.code == "upload_checksum"
    with pytest.raises(Refused):
        uploads.append(upload.pk, 0, Breaking(DATA[:699]), Checksum(algorithm, right))
    assert Upload.objects.get(pk=upload.pk).offset == 0
    assert uploads.append(upload.pk, 0, io.BytesIO(DATA[:700]), Checksum(algorithm, right)) == 700


def test_the_same_file_begun_twice_is_one_upload(entry: Entry, phase: Phase) -> None:
    first = begun(entry, phase, declared=SHA256)
    assert begun(entry, phase, declared=SHA256) == first
    assert begun(entry, phase) != first
    uploads.append(first.pk, 0, io.BytesIO(b"x"))
    assert begun(entry, phase, declared=SHA256) != first


def test_a_team_has_only_so_many_unfinished(entry: Entry, phase: Phase) -> None:
    for _ in range(phase.concurrent_submissions):
        begun(entry, phase)
    with pytest.raises(Refused) as refused:
        begun(entry, phase)
    assert refused.value.code == "too_many_uploads"
