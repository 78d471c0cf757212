"""The restore drill: a backup of a site that runs, restored into an empty database and an empty folder."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard import embedded
from leaderboard.bucket import Bucket
from leaderboard.domain import backups
from leaderboard.domain.evaluation.ground_truth import import_dataset
from leaderboard.enums import CaseState, SubmissionState
from leaderboard.folder import files as stored
from leaderboard.models import CaseResult, Phase, Submission, Upload
from leaderboard.settings import BASE_DIR
from leaderboard.storage import KINDS, backends
from tests.leaderboard import buckets, make, payload

ASK = """
import sys, django
django.setup()
from django.test import Client
sys.stdout.buffer.write(Client().get(sys.argv[1], SERVER_NAME="localhost").content)
"""


@dataclass(frozen=True)
class Site:
    """Another installation: its own database, its own folder, its own bucket where files lie in one."""

    environment: dict[str, str]
    data: Path
    storage: str

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
def phase(transactional_db: None, folders: Path, storage: str, phantom_folder: Path) -> Phase:
    """A site in use: ground truth, a board, results, files of every kind, an upload on its way."""
    phase = make.phase(challenge=make.challenge(slug="lumir"))
    configs = [phantom_folder / "landmark.json"]
    facts = {"name": "Set", "group": "in-domain"}
    dataset = import_dataset(phase.challenge, "set", configs, phantom_folder, phase.rules, **facts).dataset
    phase.datasets.add(dataset)
    payload.snapshot(phase)
    scored = make.submission(phase=phase, state=SubmissionState.SCORED)
    stored("uploads").save(f"{scored.pk}.zip", ContentFile(os.urandom(3_000_000)))
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
    stored("pictures").save("one.png", ContentFile(os.urandom(500)))
    if storage == "folders":
        (folders / "media" / "pictures" / ".one.part").write_bytes(b"being written")
    return phase


@pytest.fixture
def empty(
    request: pytest.FixtureRequest, storage: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    data = tmp_path / "other"
    place = storage if storage == "folders" else buckets.made(request.getfixturevalue("s3_server"))
    with embedded.postgresql(tmp_path_factory.mktemp("pg")) as address:
        given = {"DATABASE_URL": address, "DATA_DIR": str(data)} | buckets.environment_of(place)
        names = ("UPLOADS_ROOT", "GROUND_TRUTH_ROOT", "MEDIA_ROOT")
        yield Site({key: value for key, value in os.environ.items() if key not in names} | given, data, place)


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


def files(root: Path, storage: str, scratch: Path) -> dict[str, str]:
    """Place and name of each file of a site -> its hash."""
    named = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    mine = ("uploads", "ground-truth", "media")
    found = {name: backups.sha256(path) for name, path in named.items() if name.split("/")[0] in mine}
    if storage == "folders":
        return found
    for kind, given in backends(storage, *buckets.KEYS).items():
        bucket = Bucket(**given["OPTIONS"])
        for kept in bucket.walk():
            bucket.fetch(kept.name, scratch)
            found[f"{KINDS[kind][2]}/{kept.name}"] = backups.sha256(scratch)
    return found


@pytest.mark.parametrize("storage", ["folders", "bucket"], indirect=True)
def test_the_drill(phase: Phase, folders: Path, storage: str, empty: Site, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    call_command("backup", str(target))
    board = reverse("leaderboard_json", args=[phase.challenge.slug, phase.slug])
    before = Client().get(board).content
    address = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    expected = tables(address)
    if storage == "folders":
        damaged_it_changes_nothing(empty, target)

    # One that broke off has brought back a part of the files.
    part = next((target / "files" / "uploads").glob("*.part"))
    (empty.data / "uploads").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(part, empty.data / "uploads" / part.name)
    restored = empty.run("manage.py", "restore", str(target))
    assert restored.returncode == 0, restored.stderr.decode()
    assert tables(empty.environment["DATABASE_URL"]) == expected
    assert expected["leaderboard_submission"][0] == 2

    kept = files(folders, storage, tmp_path / "fetched")
    kept[f"uploads/{part.name}"] = hashlib.sha256(bytes(range(60))).hexdigest()
    kept.pop("media/pictures/.one.part", None)
    assert files(empty.data, empty.storage, tmp_path / "fetched") == kept
    assert {name.split("/")[0] for name in kept} == {"uploads", "ground-truth", "media"}
    if storage == "folders":
        asked = empty.run("-c", ASK, board)
        assert asked.returncode == 0, asked.stderr.decode()
        assert asked.stdout == before
        assert json.loads(before)["entries"]
        a_second_time_is_refused(empty, target)


def damaged_it_changes_nothing(empty: Site, target: Path) -> None:
    kept = next((target / "files" / "uploads").glob("*.zip"))
    whole = kept.read_bytes()
    kept.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    refused = empty.run("manage.py", "restore", str(target))
    assert refused.returncode == 1
    assert f"files/uploads/{kept.name} has changed".encode() in refused.stderr
    assert tables(empty.environment["DATABASE_URL"]) == {}
    kept.write_bytes(whole)


def a_second_time_is_refused(empty: Site, target: Path) -> None:
    code = "import django; django.setup(); from leaderboard.models import Challenge as C; C.objects.create()"
    assert empty.run("-c", code).returncode == 0, "new rows are numbered behind the old ones"
    again = empty.run("manage.py", "restore", str(target))
    assert again.returncode == 1
    assert b"The database is not empty" in again.stderr


def test_only_files_of_the_very_backup_may_lie_where_it_is_restored(db: None, folders: Path) -> None:
    (folders / "uploads" / "one.zip").write_bytes(b"three")
    manifest = backups.Manifest("", [])
    for facts, is_its_own in ({}, False), ({"size": 4}, False), ({"size": 5}, True):
        manifest.files["uploads/one.zip"] = facts
        with nullcontext() if is_its_own else pytest.raises(backups.Unusable, match="The place of one"):
            backups._require_empty(manifest)


def test_an_unfinished_backup_is_none_and_nobody_else_reads_one(phase: Phase, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backups.backup(target)
    assert {stat.S_IMODE(path.stat().st_mode) for path in [target, *target.rglob("*")]} == {0o600, 0o700}
    (target / backups.MANIFEST).unlink()
    with pytest.raises(backups.Unusable, match="is no whole backup"):
        backups.read(target)


def test_what_the_database_names_and_is_gone_is_told(phase: Phase, folders: Path, tmp_path: Path) -> None:
    gone = Submission.objects.get(state=SubmissionState.SCORED).pk
    (folders / "uploads" / f"{gone}.zip").unlink()
    with pytest.raises(CommandError, match=f"uploads/{gone}.zip") as ended:
        call_command("backup", str(tmp_path / "backup"))
    assert ended.value.returncode == 2
    # What is there was kept all the same.
    assert backups.read(tmp_path / "backup").missing == [f"uploads/{gone}.zip"]
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
