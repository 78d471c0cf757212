"""A strict reader of .npz files with one array: no pickles, and no size taken on trust."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from scoring.errors import InvalidField
from scoring.streams import CHUNK, read_rest, zip_faults

_HEADER = 2**14
# What numpy's reader of headers raises beside them.
_HEADER_FAULTS = (KeyError, TypeError, SyntaxError, TokenError, RecursionError, AttributeError)


def read_npz(
    stream: BinaryIO, name: str, accept: Callable[[tuple[int, ...]], object], values: int
) -> NDArray[Any]:
    """The one array of an .npz stream, of about ``values`` numbers, in the shape it was saved with.

    ``accept`` sees the shape before anything is decoded and raises if the array is not wanted.

    Raises:
        InvalidField: with a code.
    """
    packed = bytearray()
    read_rest(stream, packed, 8 * values, name)
    if not packed:
        raise InvalidField("empty_file", name)
    with (
        zip_faults(lambda reason: InvalidField("npz_corrupt", name, reason=reason), *_HEADER_FAULTS),
        _Packed(packed, name) as file,
        zipfile.ZipFile(file) as archive,
    ):
        file.cap = CHUNK
        return _only_array(archive, name, accept)


class _Packed(io.BytesIO):
    """A zip in memory; its table of contents is read in one piece, which ``cap`` keeps short."""

    cap = 2**17  # zipfile looks for the end of the table in the last 64 KiB

    def __init__(self, packed: bytearray, name: str) -> None:
        super().__init__(packed)
        self._name = name

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.cap:
            raise InvalidField("npz_arrays", self._name, count="too many")
        return super().read(size)


def _only_array(
    archive: zipfile.ZipFile, name: str, accept: Callable[[tuple[int, ...]], object]
) -> NDArray[Any]:
    members = archive.infolist()
    if len(members) != 1:
        raise InvalidField("npz_arrays", name, count=len(members))
    method = members[0].compress_type
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # lzma takes the memory that a file asks for
        raise InvalidField("npz_corrupt", name, reason=f"method {method}")
    with archive.open(members[0]) as stream:
        shape, fortran, dtype = _header(_Start(stream))
        if dtype.hasobject:
            raise InvalidField("npz_pickled", name)
        if dtype.kind not in "fiu" or dtype.itemsize > 8:
            raise InvalidField("wrong_type", name, dtype=str(dtype)[:40])
        accept(shape)
        data = _read_exactly(stream, math.prod(shape) * dtype.itemsize, name)
    array = np.frombuffer(data, dtype)
    return array.reshape(shape, order="F" if fortran else "C")


class _Start:
    """The start of a stream: the length that a header gives itself is not taken on trust."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._left = stream, _HEADER

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise ValueError("the header is too long")
        self._left -= size
        data: bytes = self._stream.read(size)
        return data


def _header(start: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis is fastest, and type."""
    version = npy.read_magic(start)
    if version > (3, 0):
        raise ValueError("the version is not known")
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        return read_header(start)
    except MemoryError:  # Python's parser, of brackets that are nested too deep
        raise ValueError("the header cannot be parsed") from None


def _read_exactly(stream: Any, needed: int, name: str) -> bytearray:
    data = bytearray()
    while chunk := stream.read(min(CHUNK, needed + 1 - len(data))):
        data += chunk
        if len(data) > needed:
            raise InvalidField("trailing_data", name)
    if len(data) < needed:
        raise InvalidField("truncated", name, size=len(data), needed=needed)
    return data
