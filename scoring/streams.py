"""Reading compressed streams of unknown length up to what they may be."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from scoring.errors import InvalidField

CHUNK = 2**22
HEAD = 2**16


# What the standard library raises of a zip that is broken, or packed in a way it does not know.
_ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, OverflowError,
    IndexError,
)  # fmt: skip


@contextmanager
def zip_faults(coded: Callable[[str], Exception], *further: type[Exception]) -> Iterator[None]:
    """Raise ``coded(reason)`` for whatever a broken zip makes its readers raise, ``further`` kinds too.

    What is no fault of the file passes: a disk that cannot be read or is full, too many open files.
    """
    kinds: tuple[type[Exception], ...] = (*_ZIP_FAULTS, *further)
    try:
        yield
    except kinds as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise coded(type(error).__name__) from None


def read_up_to(stream: BinaryIO, size: int) -> bytearray:
    """The next bytes of a stream, fewer only at its end."""
    packed = bytearray()
    while len(packed) < size and (chunk := stream.read(min(CHUNK, size - len(packed)))):
        packed += chunk
    return packed


def read_rest(stream: BinaryIO, packed: bytearray, needed: int, name: str) -> None:
    """Append the rest of a compressed stream that ``needed`` bytes shall come out of: it cannot be much
    longer.

    Raises:
        InvalidField: too_large.
    """
    limit = needed + needed // 100 + HEAD
    while chunk := stream.read(CHUNK):
        packed += chunk
        if len(packed) > limit:
            raise InvalidField("too_large", name, size=f"more than {limit}", limit=limit)
