"""Imports asked for in the browser: from a folder of the server and from an uploaded zip."""

import io
import json
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from leaderboard.domain.evaluation import imports
from leaderboard.enums import ImportState
from leaderboard.models import AuditEvent, Dataset, DatasetImport, Phase
from tests.leaderboard import buckets, make

FACTS = {"name": "Phantom", "group": "in-domain", "source": "made by code"}


def configs(folder: Path) -> list[dict[str, Any]]:
    names = ("segmentation.json", "landmark.json")
    return [{"name": name, "content": json.loads((folder / name).read_text())} for name in names]


@pytest.fixture
def phase(transactional_db: None, settings: Settings, tmp_path: Path) -> Phase:
    settings.IMPORT_ROOT = tmp_path
    return make.phase(rules="lumir24")


@pytest.fixture
def folder(phase: Phase, tmp_path: Path, phantom_folder: Path) -> Path:
    """The phantom's ground truth where organizers of the challenge may import from."""
    target = tmp_path / phase.challenge.slug / "phantom"
    for kind in ("imagesVal", "labelsVal", "landmarksVal", "masksVal"):
        shutil.copytree(phantom_folder / kind, target / kind)
    return target


def ask(phase: Phase, source: Any, configs: list[dict[str, Any]]) -> DatasetImport:
    asked = imports.ask(
        phase.challenge, make.user(), "phantom", configs, source, phase.rules, [phase], **FACTS
    )
    if isinstance(source, TemporaryUploadedFile):
        source.close()  # as the request does at its end
    return asked


def uploaded(path: Path) -> TemporaryUploadedFile:
    sent = TemporaryUploadedFile("ground-truth.zip", "application/zip", path.stat().st_size, None)
    shutil.copyfile(path, sent.temporary_file_path())
    return sent


def zipped(source: Path, target: Path) -> Path:
    return Path(shutil.make_archive(str(target / "gt"), "zip", source.parent, source.name))


def test_a_folder_of_the_server_becomes_a_dataset_of_the_phase(
    phase: Phase, folder: Path, phantom_folder: Path
) -> None:
    assert imports.folders_of(phase.challenge) == ["phantom"]
    assert imports.folders_of(make.challenge()) == []
    asked = ask(phase, "phantom", configs(phantom_folder))
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.DONE
    # Six segmentation and two landmark pairs; every subject's image, labels or landmarks, and masks.
    assert asked.report["cases"] == 8
    assert asked.report["new_version"] is True
    dataset = phase.datasets.get()
    assert (dataset.name, dataset.has_labels, dataset.has_landmarks) == ("Phantom", True, True)
    told = AuditEvent.objects.filter(public=True).values_list("what", flat=True)
    assert set(told) == {"Ground truth of Phantom imported", "Validation phase: datasets"}


def test_an_uploaded_zip_gives_the_same_version_and_is_removed(
    phase: Phase, folder: Path, phantom_folder: Path, tmp_path: Path
) -> None:
    imports.run(ask(phase, "phantom", configs(phantom_folder)).pk)
    version = Dataset.objects.get().ground_truth_version
    asked = ask(phase, uploaded(zipped(folder, tmp_path)), configs(phantom_folder))
    assert imports.zip_path(asked).is_file()
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.DONE
    assert asked.report["version"] == version
    assert asked.report["new_version"] is False
    assert not imports.zip_path(asked).exists()
    assert [path for path in imports.zip_path(asked).parent.iterdir() if path.is_dir()] == []


def test_everything_that_is_wrong_is_told_and_nothing_is_made(
    phase: Phase, folder: Path, phantom_folder: Path
) -> None:
    (folder / "labelsVal" / "PHANTOM_3455_0000.nii.gz").unlink()
    (folder / "imagesVal" / "PHANTOM_3456_0000.nii.gz").write_text("no image")
    asked = ask(phase, "phantom", configs(phantom_folder))
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.REFUSED
    assert [(found["code"], Path(found["file"]).parent.name) for found in asked.problems] == [
        ("gt_unreadable", "imagesVal"),
        ("gt_missing", "labelsVal"),
    ]
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ({"../outside.txt": b"x", "imagesVal/a": b"x"}, ["member_name"]),
        ({"/etc/passwd": b"x"}, ["member_name"]),
    ],
)
def test_a_zip_whose_names_lead_out_of_it_is_refused(
    phase: Phase, phantom_folder: Path, tmp_path: Path, members: dict[str, bytes], codes: list[str]
) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    asked = ask(phase, uploaded(path), configs(phantom_folder))
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.REFUSED
    assert [found["code"] for found in asked.problems] == codes


def damaged(of_member: int, value: bytes) -> bytes:
    """A zip with some bytes of its only member's local and central record, or of its data, replaced."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("imagesVal/a", bytes(range(256)) * 9)
    content = bytearray(packed.getvalue())
    begins = [of_member] if of_member > 30 else [of_member, content.index(b"PK\1\2") + of_member + 2]
    for begin in begins:
        content[begin : begin + len(value)] = value
    return bytes(content)


# Flags stand at byte 6 of a local header and the method at byte 8; two bytes further in the central one.
@pytest.mark.parametrize(
    "content",
    [
        b"not a zip",
        damaged(60, b"\xff" * 20),
        damaged(8, b"\x63\0"),
        damaged(6, b"\1\0"),
    ],
    ids=["no zip", "data that cannot be inflated", "an unknown method", "encrypted"],
)
def test_a_zip_that_cannot_be_read_is_refused(
    phase: Phase, phantom_folder: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(content)
    asked = ask(phase, uploaded(path), configs(phantom_folder))
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.REFUSED
    assert [found["code"] for found in asked.problems] == ["archive_corrupt"]


def test_an_import_is_done_once_and_waits_for_a_storage_that_is_away(
    phase: Phase, folder: Path, phantom_folder: Path, settings: Settings
) -> None:
    asked = ask(phase, "phantom", configs(phantom_folder))
    there, settings.STORAGES = settings.STORAGES, buckets.away()
    imports.run(asked.pk)
    settings.STORAGES = there
    asked.refresh_from_db()
    assert (asked.state, asked.tries, imports.waiting()) == (ImportState.WAITING, 0, [asked.pk])
    imports.run(asked.pk)
    finished = DatasetImport.objects.get().finished_at
    imports.run(asked.pk)
    assert DatasetImport.objects.get().finished_at == finished
    assert imports.waiting() == []


def test_an_import_that_loses_its_worker_again_and_again_is_given_up(
    phase: Phase, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "gt.zip"
    path.write_bytes(b"x")
    asked = ask(phase, uploaded(path), [])
    assert imports.zip_path(asked).exists()
    lost = timezone.now() - timedelta(minutes=1)
    DatasetImport.objects.update(tries=settings.MAX_TRIES, lease_until=lost)
    assert imports.waiting() == []
    asked.refresh_from_db()
    assert (asked.state, asked.detail) == (ImportState.FAILED, "The worker was lost every time.")
    assert not imports.zip_path(asked).exists()


def test_a_failure_of_ours_keeps_its_traceback(
    phase: Phase, phantom_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    asked = ask(phase, "phantom", configs(phantom_folder))
    DatasetImport.objects.update(rules="no such rules")
    imports.run(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ImportState.FAILED
    assert "KeyError: 'no such rules'" in asked.detail


def test_the_command_keeps_what_it_is_not_told_and_tells_what_it_changes(
    phase: Phase, phantom_folder: Path
) -> None:
    named = ["--config", str(phantom_folder / "segmentation.json"), "--ground-truth", str(phantom_folder)]
    common = [phase.challenge.slug, "phantom", *named, "--rules", "lumir24", "--group", "in-domain"]
    call_command("import_dataset", *common, "--name", "Phantom", "--public", "--contrast", "T1w")
    call_command("import_dataset", *common, "--name", "Phantoms", "--phase", phase.slug)
    dataset = phase.datasets.get()
    assert (dataset.name, dataset.public, dataset.contrast) == ("Phantoms", True, "T1w")
    told = AuditEvent.objects.filter(public=True).order_by("pk").values_list("what", "before", "after")
    assert list(told) == [
        ("Phantom: name", "Phantom", "Phantoms"),
        ("Validation phase: datasets", "none", "Phantoms"),
    ]
    phase.refresh_from_db()
    assert phase.board_stale_since is not None
