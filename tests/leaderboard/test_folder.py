"""Files in folders: there whole or not at all, and nothing is left of what broke off."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from leaderboard.folder import Folder, store, written
from tests.leaderboard.rig import no_room

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def root(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "tables"


def names(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()}


def test_a_disk_that_fills_up_keeps_nothing_of_a_file(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(100))
    with no_room([os.getpid()], after=10):
        with pytest.raises(OSError, match="too large"):
            Folder("MEDIA_ROOT", "tables").take(source, "a/one")
        with pytest.raises(OSError, match="too large"), written("tables", "two") as file:
            file.write(bytes(100))
    assert names(root) == set()
    with written("tables", "two") as file:
        file.write(bytes(100))
    store("tables").take(source, "a/one")
    assert names(root) == {"one", "two"}
    assert source.exists()


def test_what_killed_processes_left_is_removed_after_a_while(root: Path) -> None:
    root.mkdir(parents=True)
    left = {".scan.nii.gz.4711", f".{'a' * 32}"}
    for name in (*left, ".keep", "scan.nii.gz"):
        (root / name).write_bytes(b"x")
        os.utime(root / name, (1, 1))
    (root / ".young.gz.4712").write_bytes(b"x")
    assert store("tables").abort_unfinished(NOW - timedelta(days=2), dry_run=True) == len(left)
    assert names(root) >= left
    assert store("tables").abort_unfinished(NOW - timedelta(days=2)) == len(left)
    assert names(root) == {".keep", "scan.nii.gz", ".young.gz.4712"}
