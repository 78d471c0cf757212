"""The restore drill: a backup of a site that runs, restored into an empty database and an empty folder."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard import embedded
from leaderboard.domain import backups
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.models import CaseResult, Phase, Submission, Upload
from leaderboard.settings import BASE_DIR
from tests.leaderboard import make, payload

ASK = """
import sys, django
django.setup()
from django.test import Client
sys.stdout.buffer.write(Client().get(sys.argv[1], SERVER_NAME="localhost").content)
"""


@dataclass(frozen=True)
class Site:
    """Another installation: its own database, its own folder."""

    environment: dict[str, str]
    data: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[bytes]":
        python = [sys.executable, *command]
        return subprocess.run(python, env=self.environment, cwd=BASE_DIR, capture_output=True, check=False)


@pytest.fixture
def folders(settings: Settings, tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for name in ("UPLOADS", "GROUND_TRUTH", "MEDIA"):
        setattr(settings, f"{name}_ROOT", root / name.lower().replace("_", "-"))
        (root / name.lower().replace("_", "-")).mkdir(parents=True)
    return root


@pytest.fixture
def phase(transactional_db: None, folders: Path, phantom_folder: Path) -> Phase:
    """A site in use: ground truth, a board, results, files of every kind, an upload on its way."""
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    configs = [phantom_folder / "landmark.json"]
    facts = {"name": "Set", "group": "in-domain"}
    dataset = import_dataset(phase.challenge, "set", configs, phantom_folder, phase.rules, **facts).dataset
    phase.datasets.add(dataset)
    payload.snapshot(phase)
    scored = make.submission(phase=phase, state=SubmissionState.SCORED)
    (folders / "uploads" / f"{scored.pk}.zip").write_bytes(os.urandom(3_000_000))
    numbers = {
        "values": {"TRE": float("nan"), "DSC": 0.1 + 0.2},
        "seconds": 0.5,
        "finished_at": timezone.now(),
    }
    evaluation = make.evaluation(scored)
    CaseResult.objects.create(
        evaluation=evaluation, case=dataset.cases.all()[0], state=CaseState.DONE, **numbers
    )
    on_its_way = make.submission(
        phase=phase,
        entry=scored.entry,
        state=SubmissionState.UPLOADING,
        filename="Überfeld\t\\N.zip",
        received_at=None,
    )
    later = timezone.now() + timedelta(days=1)
    Upload.objects.create(submission=on_its_way, length=100, offset=60, expires_at=later)
    # Forty bytes more have come than the database knows of.
    (folders / "uploads" / f"{on_its_way.pk}.part").write_bytes(bytes(range(100)))
    (folders / "media" / "pictures").mkdir()
    (folders / "media" / "pictures" / "one.png").write_bytes(os.urandom(500))
    (folders / "media" / "pictures" / ".one.part").write_bytes(b"being written")
    return phase


@pytest.fixture
def empty(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path / "other"
    with embedded.postgresql(tmp_path_factory.mktemp("pg")) as address:
        given = {"DATABASE_URL": address, "DATA_DIR": str(data)}
        names = ("UPLOADS_ROOT", "GROUND_TRUTH_ROOT", "MEDIA_ROOT")
        yield Site({key: value for key, value in os.environ.items() if key not in names} | given, data)


def tables(address: str) -> dict[str, tuple[int, str]]:
    """Table -> number of rows and a hash over them in an order of their own."""
    parts = urlsplit(address)
    host, _, name = parts.path[1:].rpartition("/")
    found = {}
    with psycopg2.connect(host=host, user=parts.username, dbname=name) as line, line.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')  # noqa: S608 our own tables
            rows = cursor.fetchall()
            found[table] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    line.close()
    return found


def files(root: Path) -> dict[str, str]:
    named = {path.relative_to(root): path for path in root.rglob("*") if path.is_file()}
    return {str(name): backups.sha256(path) for name, path in named.items()}


def test_the_drill(phase: Phase, folders: Path, empty: Site, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    board = reverse("leaderboard_json", args=[phase.challenge.slug, phase.slug])
    before = Client().get(board).content
    address = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    expected = tables(address)

    restored = empty.run("manage.py", "restore", str(target))
    assert restored.returncode == 0, restored.stderr.decode()
    assert tables(empty.environment["DATABASE_URL"]) == expected
    assert expected["leaderboard_submission"][0] == 2

    kept = files(folders)
    part = next(name for name in kept if name.endswith(".part") and name.startswith("uploads/"))
    kept[part] = hashlib.sha256(bytes(range(60))).hexdigest()
    del kept["media/pictures/.one.part"]
    found = {
        name: value
        for name, value in files(empty.data).items()
        if name.split("/")[0] in {"uploads", "ground-truth", "media"}
    }
    assert found == kept

    asked = empty.run("-c", ASK, board)
    assert asked.returncode == 0, asked.stderr.decode()
    assert asked.stdout == before
    assert json.loads(before)["entries"]

    code = "import django; django.setup(); from leaderboard.models import Challenge as C; C.objects.create()"
    assert empty.run("-c", code).returncode == 0, "new rows are numbered behind the old ones"
    again = empty.run("manage.py", "restore", str(target))
    assert again.returncode == 1
    assert b"The database is not empty" in again.stderr


def test_a_damaged_or_unfinished_backup_changes_nothing(phase: Phase, empty: Site, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backups.backup(target)
    kept = next((target / "files" / "uploads").glob("*.zip"))
    damaged = bytearray(kept.read_bytes())
    damaged[1000] ^= 1
    kept.write_bytes(damaged)
    refused = empty.run("manage.py", "restore", str(target))
    assert refused.returncode == 1
    assert f"files/uploads/{kept.name} has changed".encode() in refused.stderr
    assert tables(empty.environment["DATABASE_URL"]) == {}
    (target / backups.MANIFEST).unlink()
    assert b"is no whole backup" in empty.run("manage.py", "restore", str(target)).stderr


def test_what_the_database_names_and_is_gone_is_told(phase: Phase, folders: Path, tmp_path: Path) -> None:
    gone = Submission.objects.get(state=SubmissionState.SCORED).pk
    (folders / "uploads" / f"{gone}.zip").unlink()
    assert backups.backup(tmp_path / "backup").missing == [f"uploads/{gone}.zip"]
    with pytest.raises(backups.Unusable, match="is not empty"):
        backups.backup(tmp_path / "backup")


def test_links_take_no_room(phase: Phase, folders: Path, tmp_path: Path) -> None:
    backups.backup(tmp_path / "backup", link=True)
    scored = Submission.objects.get(state=SubmissionState.SCORED).pk
    kept = tmp_path / "backup" / "files" / "uploads" / f"{scored}.zip"
    assert kept.samefile(folders / "uploads" / f"{scored}.zip")


def test_no_file_is_written_outside_its_folder(settings: Any) -> None:
    for name in ("uploads/../../escaped", "uploads//etc/passwd"):
        with pytest.raises(backups.Unusable, match="outside"):
            backups._place_of(name)
