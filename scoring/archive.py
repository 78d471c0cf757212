"""A participant's zip (or folder) of displacement fields, read as streams and never unpacked to disk."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from scoring.errors import InvalidArchive, InvalidField
from scoring.streams import zip_faults

SUFFIXES = (".nii.gz", ".npz")

_LONGEST_NAME = 255
_TAIL = 2**17  # zipfile looks for the end of the table of contents in the last 64 KiB


_UTF8 = 0x800
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # by a password, strongly, with a masked table of contents


@dataclass(frozen=True)
class Limits:
    """What an upload may cost.  All sizes in bytes; ``ratio`` is unpacked over packed size of one member."""

    members: int = 5_000
    total_bytes: int = 200 * 2**30
    member_bytes: int = 2 * 2**30
    ratio: int = 1_100
    directory_bytes: int = 4 * 2**20


@dataclass(frozen=True)
class FieldArchive:
    """The files of a submission: name (relative to the one folder that holds the fields) -> where it lies."""

    path: Path
    limits: Limits
    _places: Mapping[str, Path | zipfile.ZipInfo]
    _zip: zipfile.ZipFile | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Sorted file names."""
        return tuple(sorted(self._places))

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A binary stream of one file, at most ``limits.member_bytes`` long.

        Raises:
            InvalidField: missing, member_size, or member_corrupt when the bytes read do not fit together.
        """
        place = self._places.get(name)
        if place is None:
            raise InvalidField("missing", name)
        with _faults_of(name):
            stream = (
                place.open("rb") if isinstance(place, Path) else cast(zipfile.ZipFile, self._zip).open(place)
            )
        told = None if isinstance(place, Path) else place.file_size
        with stream:
            yield cast(BinaryIO, _Capped(cast(BinaryIO, stream), name, self.limits.member_bytes, told))


def _faults_of(name: str) -> AbstractContextManager[None]:
    return zip_faults(lambda reason: InvalidField("member_corrupt", name, reason=reason))


class _Capped(io.RawIOBase):
    """A stream that ends in a coded error instead of going beyond its cap, or before the size it told."""

    def __init__(self, stream: BinaryIO, name: str, cap: int, told: int | None) -> None:
        super().__init__()
        self._stream, self._name, self._cap, self._left, self._told = stream, name, cap, cap, told

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = self._left + 1
        with _faults_of(self._name):
            data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InvalidField("member_size", self._name, size=f"more than {self._cap}", limit=self._cap)
        if not data and size and self._told not in (None, self._cap - self._left):
            raise InvalidField("member_corrupt", self._name, reason="its size is not the one that is told")
        return data


class _Directory(io.FileIO):
    """A file that hands out at most so much at once: a zip's table of contents is read in one piece."""

    cap = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = max(0, Path(str(self.name)).stat().st_size - self.tell())
        if size > self.cap:
            raise InvalidArchive("archive_directory", Path(str(self.name)).name, size=size, limit=self.cap)
        return super().read(size) or b""


@contextmanager
def open_fields(path: str | Path, limits: Limits | None = None) -> Iterator[FieldArchive]:
    """Open a zip or a folder of fields.

    The files may lie at the top level or in one common folder.  ``__MACOSX`` and names beginning with a
    dot are left out.

    Raises:
        InvalidArchive: with a code; nothing of a zip is read but its table of contents.
    """
    path, limits = Path(path), limits or Limits()
    if path.is_dir():
        yield FieldArchive(path, limits, _relative(_folder_files(path, limits), path))
        return
    if not path.is_file():
        raise InvalidArchive("archive_missing", path.name)
    with _open_zip(path, limits) as archive:
        yield FieldArchive(path, limits, _relative(_zip_members(archive, path, limits), path), archive)


@contextmanager
def _open_zip(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    with _Directory(path) as file:
        file.cap = max(limits.directory_bytes, _TAIL)
        if file.read(2) != b"PK":
            raise InvalidArchive("archive_not_zip", path.name)
        with zip_faults(lambda reason: InvalidArchive("archive_corrupt", path.name, reason=reason)):
            archive = zipfile.ZipFile(cast(BinaryIO, file))
        with archive:
            yield archive


def _ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts if part != "..")


def _folder_files(folder: Path, limits: Limits) -> dict[str, Path | zipfile.ZipInfo]:
    files: dict[str, Path | zipfile.ZipInfo] = {}
    for file in folder.rglob("*"):
        name = file.relative_to(folder).as_posix()
        if not _ignored(name) and file.is_file():
            files[name] = file
            if len(files) > limits.members:
                raise InvalidArchive("archive_members", folder.name, count="more", limit=limits.members)
    return files


def _zip_members(archive: zipfile.ZipFile, path: Path, limits: Limits) -> dict[str, Path | zipfile.ZipInfo]:
    # zipfile's own is_dir stumbles over an empty name
    infos = [i for i in archive.infolist() if not i.filename.endswith("/") and not _ignored(i.filename)]
    if len(infos) > limits.members:
        raise InvalidArchive("archive_members", path.name, count=len(infos), limit=limits.members)
    for info in infos:
        _check_member(info, limits)
    for name, count in Counter(i.filename for i in infos).items():
        if count > 1:
            raise InvalidArchive("duplicate", path.name, names=name)
    total = sum(i.file_size for i in infos)
    if total > limits.total_bytes:
        raise InvalidArchive("archive_size", path.name, size=total, limit=limits.total_bytes)
    _check_overlap(archive, path)
    return {i.filename: i for i in infos}


def _check_member(info: zipfile.ZipInfo, limits: Limits) -> None:
    name = info.filename
    if not _is_plain(info):
        raise InvalidArchive("member_name", json.dumps(info.orig_filename)[1:-1][:120] or "(no name)")
    if info.flag_bits & _ENCRYPTED:
        raise InvalidArchive("member_encrypted", name)
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise InvalidArchive("member_link", name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidArchive("member_method", name, method=info.compress_type)
    if info.file_size > limits.member_bytes:
        raise InvalidArchive("member_size", name, size=info.file_size, limit=limits.member_bytes)
    if info.file_size > limits.ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        raise InvalidArchive("member_ratio", name, ratio=ratio, limit=limits.ratio)


def _is_plain(info: zipfile.ZipInfo) -> bool:
    """Whether a name is a printable relative path; zipfile has cut it off at its first NUL."""
    name = info.orig_filename
    path = PurePosixPath(name)
    fine = bool(path.name) and not path.is_absolute() and ".." not in path.parts
    return fine and len(name) <= _LONGEST_NAME and name.isprintable() and not set("\\:") & set(name)


def _check_overlap(archive: zipfile.ZipFile, path: Path) -> None:
    """Members that share bytes let a small zip unpack to a huge one; honest ones lie one behind the other."""
    end = 0
    places = sorted(archive.infolist(), key=lambda i: i.header_offset)
    if places and places[0].header_offset < 0:  # not every version of zipfile refuses it
        raise InvalidArchive("archive_corrupt", path.name, reason="its table of contents is out of place")
    for info in places:
        if info.header_offset < end:
            raise InvalidArchive("archive_overlap", path.name)
        name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
        end = info.header_offset + 30 + len(name) + info.compress_size
    if end > archive.start_dir:
        raise InvalidArchive("archive_overlap", path.name)


def _relative(files: dict[str, Path | zipfile.ZipInfo], path: Path) -> dict[str, Path | zipfile.ZipInfo]:
    """Names relative to the folder that holds the fields; files elsewhere keep their whole path."""
    if not files:
        raise InvalidArchive("archive_empty", path.name)
    fields = [PurePosixPath(n) for n in files if n.endswith(SUFFIXES)]
    folders = Counter(f.parent for f in fields)
    if len(folders) > 1:
        raise InvalidArchive("archive_folders", path.name, folders=", ".join(sorted(map(str, folders))[:5]))
    folder = next(iter(folders), PurePosixPath("."))
    named: dict[str, Path | zipfile.ZipInfo] = {}
    for name, place in files.items():
        inner = PurePosixPath(name)
        short = inner.name if inner.parent == folder else str(inner)
        if short in named:  # a/b, ./a/b and a//b are one path
            raise InvalidArchive("duplicate", path.name, names=short)
        named[short] = place
    return named
