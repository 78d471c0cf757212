"""Backups: every table from one moment, then every file that they name, with a hash for each.

Tables are copied by the database's own COPY inside one read-only transaction, so that no client program
of a certain version is needed. Files come after the tables: what a row names had its file before.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from leaderboard.domain.evaluation.plan import upload_name, upload_path
from leaderboard.enums import ImportState, SubmissionState
from leaderboard.folder import Folder, Store, files, store
from leaderboard.models import DatasetImport, Submission, Upload
from leaderboard.storage import KINDS

MANIFEST = "manifest.json"
FORMAT = 1
BLOCK = 2**20
# Kinds of which every file is kept; they never change once they have their name. Others are named by rows.
TREES = ("ground-truth", "pictures", "tables")


class Unusable(Exception):
    """Why a backup cannot be made or restored, in words."""


@dataclass
class Manifest:
    """What a backup holds; it is written last, so that a folder without one is no backup."""

    made_at: str
    migrations: list[list[str]]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT


@dataclass(frozen=True)
class _Wanted:
    """A file of one kind, or one beside the web server; of an unfinished one, how many of its bytes count."""

    kept: str
    kind: str = ""
    name: str = ""
    path: Path = Path()
    size: int | None = None


def backup(target: Path, *, link: bool = False) -> Manifest:
    """Write a backup into an empty folder.

    link: hard links instead of copies of files that never change, on the same file system. Such a backup
    is quick and small and keeps what is deleted, but it dies with the disk.

    Raises Unusable.
    """
    with _for_us_alone():
        return _backup(target, link=link)


@contextmanager
def _for_us_alone() -> Iterator[None]:
    """Backups hold addresses of mail and hashes of passwords: nobody else reads what is made here."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _backup(target: Path, *, link: bool) -> Manifest:
    target.mkdir(parents=True, exist_ok=True)
    if link and any(store(kind).remote for kind in KINDS):
        raise Unusable("Files in a bucket cannot be linked; make the backup without --link.")
    if any(target.iterdir()):
        raise Unusable(f"{target} is not empty. Name a folder of its own for each backup.")
    (target / "tables").mkdir()
    manifest = Manifest(timezone.now().isoformat(), _applied())
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One moment for all tables, whatever is committed meanwhile.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Between two tables the first is hashed here, which of a large one takes minutes.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            for table in _tables():
                manifest.tables[table] = _dump(cursor, table, target)
        wanted = list(_named())
    for file in [*wanted, *_trees()]:
        try:
            manifest.files[file.kept] = _keep(file, target / "files" / file.kept, link=link)
        except FileNotFoundError:
            manifest.missing.append(file.kept)
    _write_manifest(target, manifest)
    return manifest


def restore(source: Path) -> Manifest:
    """Fill an empty database and empty folders from a backup whose every hash is right. Raises Unusable.

    Broken off before the rows are there, it is repeated: files that it has brought back are in nobody's way.
    """
    manifest = read(source)
    _require_empty(manifest)
    _require_known(manifest)
    problems = list(_spoiled(source, manifest))
    if problems:
        raise Unusable("The backup is damaged: " + "; ".join(problems[:20]))
    # First the files: a row without its file would be worse than a file without its row.
    for kept in manifest.files:
        _bring_back(source / "files" / kept, kept)
    MigrationExecutor(connection).migrate(_leaves(manifest))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(_quoted, _tables()))}")
        for table, facts in manifest.tables.items():
            _load(cursor, table, facts["columns"], source)
        _continue_sequences(cursor)
    call_command("migrate", verbosity=0, interactive=False)
    return manifest


def read(source: Path) -> Manifest:
    """The manifest of a backup. Raises Unusable."""
    try:
        told = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{source} is no whole backup: its {MANIFEST} cannot be read.") from error
    if told.get("format") != FORMAT:
        raise Unusable(f"The backup has format {told.get('format')}; this version reads {FORMAT}.")
    return Manifest(**told)


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return sorted(connection.introspection.table_names(cursor))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _columns(cursor: Any, table: str) -> list[str]:
    return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def _dump(cursor: Any, table: str, target: Path) -> dict[str, Any]:
    columns = _columns(cursor, table)
    path = target / "tables" / f"{table}.gz"
    with gzip.open(path, "wb", compresslevel=3) as file:
        listed = ", ".join(map(_quoted, columns))
        cursor.copy_expert(f"COPY {_quoted(table)} ({listed}) TO STDOUT", file)
        rows = cursor.rowcount
    _settle(path)
    return {"rows": rows, "columns": columns, "sha256": sha256(path)}


def _load(cursor: Any, table: str, columns: list[str], source: Path) -> None:
    with gzip.open(source / "tables" / f"{table}.gz", "rb") as file:
        cursor.copy_expert(f"COPY {_quoted(table)} ({', '.join(map(_quoted, columns))}) FROM STDIN", file)


def _continue_sequences(cursor: Any) -> None:
    """Have the next row of each table numbered behind the last."""
    for table in _tables():
        for sequence in connection.introspection.get_sequences(cursor, table):
            column = _quoted(sequence["column"])
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), COALESCE(MAX({column}), 1), MAX({column}) "  # noqa: S608
                f"IS NOT NULL) FROM {_quoted(table)}",
                [_quoted(table), sequence["column"]],
            )


def _named() -> Iterator[_Wanted]:
    """Uploads that rows name; of an unfinished one the bytes that count."""
    uploads = Path(settings.UPLOADS_ROOT)
    unfinished = Upload.objects.filter(submission__state=SubmissionState.UPLOADING, offset__gt=0)
    for pk, offset in unfinished.values_list("pk", "offset"):
        yield _Wanted(f"uploads/{pk}.part", path=uploads / f"{pk}.part", size=offset)
    whole = Submission.objects.exclude(state=SubmissionState.UPLOADING).exclude(received_at=None)
    for submission in whole.only("pk", "stored").iterator():
        if submission.stored:
            name = upload_name(submission)
            yield _Wanted(f"uploads/{name}", kind="uploads", name=name)
        else:
            path = upload_path(submission)
            yield _Wanted(f"uploads/{path.name}", path=path)
    zipped = DatasetImport.objects.filter(state=ImportState.WAITING, folder="")
    for number in zipped.values_list("pk", flat=True):
        yield _Wanted(f"uploads/imports/{number}.zip", path=uploads / "imports" / f"{number}.zip")


def _trees() -> Iterator[_Wanted]:
    for kind in TREES:
        for kept in store(kind).walk():
            yield _Wanted(f"{KINDS[kind][2]}/{kept.name}", kind=kind, name=kept.name)


def _place_of(kept: str) -> tuple[str, str]:
    """The kind and name of a file; of what lies beside the web server the kind is empty."""
    place = next((f"{place}/" for _, _, place in KINDS.values() if kept.startswith(f"{place}/")), "")
    kind = next((kind for kind, (_, _, found) in KINDS.items() if f"{found}/" == place), "")
    name = PurePosixPath(kept.removeprefix(place))
    if not place or name.is_absolute() or ".." in name.parts:
        raise Unusable(f"The backup names a file outside its folder: {kept}")
    beside = kind == "uploads" and (name.suffix != ".zip" or len(name.parts) > 1)
    return "" if beside else kind, str(name)


def _bring_back(path: Path, kept: str) -> None:
    kind, name = _place_of(kept)
    (store(kind) if kind else Folder("UPLOADS_ROOT")).take(path, name)


def _keep(file: _Wanted, target: Path, *, link: bool) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.kind and link:
        os.link(files(file.kind).path(file.name), target)
    elif file.kind:
        store(file.kind).fetch(file.name, target)
    else:
        _copy(file, target)
    _settle(target)
    return {"size": target.stat().st_size, "sha256": sha256(target)}


def _settle(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(file: _Wanted, target: Path) -> None:
    """Of a file that grows, no more than counts."""
    left = file.size
    with file.path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(BLOCK if left is None else min(BLOCK, left)):
            copy.write(block)
            left = None if left is None else left - len(block)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(target: Path, manifest: Manifest) -> None:
    """Once all that it names is on the disk."""
    part = target / f".{MANIFEST}"
    part.write_bytes(json.dumps(vars(manifest), indent=1).encode())
    for path in (part, *(path for path in target.rglob("*") if path.is_dir())):
        _settle(path)
    part.rename(target / MANIFEST)
    _settle(target)


def _spoiled(source: Path, manifest: Manifest) -> Iterator[str]:
    tables = {f"tables/{name}.gz": facts for name, facts in manifest.tables.items()}
    files = {f"files/{name}": facts for name, facts in manifest.files.items()}
    for name, facts in (tables | files).items():
        if not (source / name).is_file():
            yield f"{name} is missing"
        elif sha256(source / name) != facts["sha256"]:
            yield f"{name} has changed"


def _require_empty(manifest: Manifest) -> None:
    if Submission._meta.db_table in _tables():
        with connection.cursor() as cursor:
            for table in ("auth_user", Submission._meta.db_table, "leaderboard_challenge"):
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_quoted(table)})")  # noqa: S608
                if cursor.fetchone()[0]:
                    raise Unusable("The database is not empty. A backup is restored into a new database.")
    places: list[tuple[str, Store]] = [("uploads", Folder("UPLOADS_ROOT"))]
    places += [(place, store(kind)) for kind, (_, _, place) in KINDS.items()]
    for place, storage in places:
        for kept in storage.walk():
            if manifest.files.get(f"{place}/{kept.name}", {}).get("size") != kept.size:
                raise Unusable(
                    f"The place of {kept.name} is not empty. A backup is restored into empty folders."
                )


def _applied() -> list[list[str]]:
    return [list(key) for key in sorted(MigrationExecutor(connection).loader.applied_migrations)]


def _require_known(manifest: Manifest) -> None:
    known = MigrationExecutor(connection).loader.graph.nodes
    unknown = [name for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise Unusable(f"The backup is of a newer version: it knows {', '.join(unknown[:5])}.")


def _leaves(manifest: Manifest) -> list[tuple[str, str]]:
    """The last migrations that the backup's database had."""
    applied = {(app, name) for app, name in manifest.migrations}
    graph = MigrationExecutor(connection).loader.graph
    return [key for key in applied if not any(child.key in applied for child in graph.node_map[key].children)]
