"""Files in a folder of this machine, or one that several machines share."""

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol, cast

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages

# What is being written into a folder; a process that is killed leaves it there.
PART = re.compile(r"\.(.+\.\d+|[0-9a-f]{32})")


class Unreachable(OSError):
    """The storage does not answer: nothing is wrong with a file, and later it may be there."""


@dataclass(frozen=True)
class Kept:
    """A file as a listing has it; `modified` by the storage's clock."""

    name: str
    size: int
    modified: datetime


class Store(Protocol):
    """What folder and bucket have beside Django's storages. Names are relative, with slashes."""

    remote: bool

    def exists(self, name: str) -> bool: ...
    def delete(self, name: str) -> None: ...

    def take(self, path: Path, name: str, *, move: bool = False) -> None:
        """Have a file of this machine under a name, whole or not at all; what was there is replaced."""

    def copy(self, name: str, other: str) -> None:
        """Have a file under another name too. Raises FileNotFoundError."""

    def at_hand(self, name: str, sha256: str = "") -> AbstractContextManager[Path]:
        """A path on this machine under which a file can be read in the body. Raises FileNotFoundError."""

    def fetch(self, name: str, target: Path) -> None:
        """Write a file's content to a path of this machine. Raises FileNotFoundError."""

    def folder_at_hand(self, folder: str, names: Iterable[str]) -> AbstractContextManager[Path]:
        """The same for files below a folder; those that do not exist are not there."""

    def walk(self, below: str = "") -> Iterator[Kept]:
        """Every file below a folder, in the order of names; what begins with a dot is being written."""

    def workshop(self) -> Path:
        """A folder to write what `take` moves here at no cost."""

    def look(self) -> None:
        """Raise OSError where nothing can be read or written."""

    def abort_unfinished(self, before: datetime, *, dry_run: bool = False) -> int:
        """End writings that began before and that nobody goes on with; returns how many."""


def store(kind: str) -> Store:
    """One of `leaderboard.storage.KINDS`."""
    return cast(Store, storages[kind])


def files(kind: str) -> Storage:
    """The same as Django sees it."""
    return storages[kind]


@contextmanager
def written(kind: str, name: str) -> Iterator[IO[bytes]]:
    """A file to be written in the body; then the storage has it under a name, whole or not at all."""
    part = store(kind).workshop() / f".{uuid.uuid4().hex}"
    try:
        with part.open("xb") as file:
            # Or a scratch in which it lies might make room of it.
            fcntl.flock(file, fcntl.LOCK_SH)
            yield file
            file.flush()
            store(kind).take(part, name, move=True)
    finally:
        part.unlink(missing_ok=True)


class Folder(FileSystemStorage):
    """A folder that a setting names, looked up each time."""

    remote = False

    def __init__(self, setting: str, below: str = "") -> None:
        super().__init__()
        self._setting, self._below = setting, below

    @property
    def base_location(self) -> str:  # Django reads it once
        return str(Path(getattr(settings, self._setting)) / self._below)

    @property
    def location(self) -> str:
        return os.path.abspath(self.base_location)  # noqa: PTH100 links stay as they are

    def take(self, path: Path, name: str, *, move: bool = False) -> None:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        part = path if move else target.with_name(f".{target.name}.{os.getpid()}")
        try:
            if not move:
                shutil.copyfile(path, part)
            with part.open("rb") as file:
                os.fdatasync(file.fileno())
            part.rename(target)
        except OSError:
            # On a disk that is full half a copy would take the room that is left.
            if not move:
                part.unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def copy(self, name: str, other: str) -> None:
        os.link(self.path(name), self.path(other))

    @contextmanager
    def at_hand(self, name: str, sha256: str = "") -> Iterator[Path]:  # noqa: ARG002 a bucket needs it
        path = Path(self.path(name))
        if not path.is_file():
            raise FileNotFoundError(name)
        yield path

    def fetch(self, name: str, target: Path) -> None:
        shutil.copyfile(self.path(name), target)

    @contextmanager
    def folder_at_hand(self, folder: str, names: Iterable[str]) -> Iterator[Path]:  # noqa: ARG002
        yield Path(self.path(folder))

    def walk(self, below: str = "") -> Iterator[Kept]:
        root = Path(self.path(below))
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                facts, name = path.stat(), str(path.relative_to(self.location))
                yield Kept(name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def workshop(self) -> Path:
        folder = Path(self.location)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def look(self) -> None:
        """Nothing beyond what is asked of every disk."""

    def abort_unfinished(self, before: datetime, *, dry_run: bool = False) -> int:
        parts = [path for path in Path(self.location).rglob(".*") if PART.fullmatch(path.name)]
        old = [path for path in parts if path.is_file() and path.stat().st_mtime < before.timestamp()]
        for path in [] if dry_run else old:
            path.unlink(missing_ok=True)
        return len(old)
