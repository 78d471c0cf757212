"""A bounded room of this machine for files that are kept elsewhere.

A file is fetched once for all processes of the machine, appears whole or not at all, and is not evicted while
somebody uses it. What was used longest ago goes first. Nothing is lost with the whole of it.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from django.conf import settings

PART = ".part"
Fetch = Callable[[Path], None]


@contextmanager
def held(name: str, size: Callable[[], int], fetch: Fetch) -> Iterator[Path]:
    """The file of a name, there for as long as the body runs.

    Args:
        name: relative path; the content of one name never changes.
        size: tells the bytes that will come; asked where it is not here.
        fetch: writes them into the path that it is given, which is as long already.

    Raises:
        OSError: there is no room (ENOSPC), and what `size` and `fetch` raise.
    """
    path = Path(settings.SCRATCH_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    while (file := _held(path) or _fetched(path, size, fetch)) is None:
        pass
    with file:
        yield path


def _held(path: Path) -> FileIO | None:
    """The open file with a lock against eviction, where it is here."""
    while True:
        try:
            file = FileIO(path)
        except FileNotFoundError:
            return None
        fcntl.flock(file, fcntl.LOCK_SH)
        if _is_still(file, path):
            os.utime(path)
            return file
        file.close()


def _fetched(path: Path, size: Callable[[], int], fetch: Fetch) -> FileIO | None:
    """The same after this process fetched it; None where another one was at it, and has now ended."""
    part = path.with_name(path.name + PART)
    file = FileIO(os.open(part, os.O_RDWR | os.O_CREAT, 0o640), "r+")
    try:
        if not _is_ours(file) or not _is_still(file, part):
            file.close()
            return None
        if path.exists():
            # Another one ended between our look for the file and our opening of its part: this is a new one.
            part.unlink()
            file.close()
            return None
        # As long from the start as it will become: that is how others on their way count it.
        file.truncate(size())
        try:
            make_room()
        except OSError:
            file.truncate(0)
            raise
        fetch(part)
        part.rename(path)
        fcntl.flock(file, fcntl.LOCK_SH)
    except BaseException:
        file.close()
        raise
    return file


def _is_ours(file: FileIO) -> bool:
    """Lock it to write, or wait until who writes is done: what it then holds, others may hold too."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return False
    return True


def _is_still(file: FileIO, path: Path) -> bool:
    """Whether the path leads to the open file: while we waited for its lock it may have been evicted."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def make_room() -> None:
    """Evict until what is here, or on its way, fits in. Raises OSError (ENOSPC) where it does not."""
    found = []
    for path in Path(settings.SCRATCH_ROOT).rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
    used = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if used <= settings.SCRATCH_BYTES:
            return
        used -= size if _evicted(path) else 0
    if used > settings.SCRATCH_BYTES:
        raise OSError(errno.ENOSPC, "SCRATCH_BYTES are used up by files at work")


def _evicted(path: Path) -> bool:
    with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    return False
