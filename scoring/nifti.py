"""A small, strict reader of single-file gzip-compressed NIfTI-1, for streams that nobody vouches for.

The header is decoded first and decides how many bytes may come out; the size that a gzip trailer claims is
compared, never trusted.  NIfTI-2, pairs and gzip files of several members are refused.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import deflate
import numpy as np
from numpy.typing import NDArray

from scoring import kernels
from scoring.errors import InvalidField
from scoring.streams import CHUNK, HEAD, read_rest, read_up_to

TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
TYPE_NAMES = {
    1: "bits",
    32: "complex64",
    128: "RGB",
    1536: "float128",
    1792: "complex128",
    2048: "complex256",
    2304: "RGBA",
}
MAX_OFFSET = 2**20


@dataclass(frozen=True)
class Header:
    """What of a NIfTI-1 header matters here.  ``shape`` in file order, ``zooms_mm`` of the first three
    axes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    slope: float
    inter: float
    zooms_mm: tuple[float, float, float]
    extended: bool

    @property
    def needed(self) -> int:
        """Bytes from the start of the file to the end of the data."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize


def read_nifti(stream: BinaryIO, name: str, accept: Callable[[Header], None]) -> tuple[Header, NDArray[Any]]:
    """Header and unscaled data of a .nii.gz stream; the array's axes are reversed (last axis of the file
    first).

    ``accept`` sees the header before anything is decoded and raises if the data are not wanted.

    Raises:
        InvalidField: with a code.
    """
    packed = read_up_to(stream, HEAD)
    if not packed:
        raise InvalidField("empty_file", name)
    header = parse_header(_peek(packed, name), name)
    accept(header)
    read_rest(stream, packed, header.needed, name)
    data = _inflate(packed, header.needed, name)
    del packed
    if header.extended:
        _check_extensions(data, header, name)
    values = np.frombuffer(data, header.dtype, offset=header.offset)
    return header, values.reshape(header.shape[::-1])


def read_header(stream: BinaryIO, name: str) -> Header:
    """The header of a .nii.gz stream.  Raises InvalidField."""
    return parse_header(_peek(read_up_to(stream, HEAD), name), name)


def scaled(header: Header, raw: NDArray[Any]) -> NDArray[Any]:
    """Raw values times slope plus intercept in float64, or as they are where the header does not scale.

    Numbers of 8 bytes are scaled where they lie: ``raw`` is not to be used any more.
    """
    if header.slope == 1 and header.inter == 0:
        return raw
    values = raw.view(np.float64) if raw.dtype.itemsize == 8 else np.empty(raw.shape, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is told as such
        for at in np.ndindex(raw.shape[:-2]):
            plane = raw[at].astype(np.float64)
            plane *= header.slope
            plane += header.inter
            values[at] = plane
    return values


def _peek(packed: bytearray, name: str) -> bytes:
    if packed[:2] != b"\x1f\x8b":
        raise InvalidField("not_gzip", name)
    decoder = zlib.decompressobj(31)
    try:
        head = decoder.decompress(packed[:HEAD], 352)
    except zlib.error:
        raise InvalidField("gzip_corrupt", name) from None
    if len(head) < 352:
        raise InvalidField("not_nifti" if decoder.eof else "gzip_truncated", name)
    return head


def parse_header(head: bytes, name: str) -> Header:
    """The header in the first 352 bytes of a file."""
    order = "<" if head[0] else ">"
    size = struct.unpack(order + "i", head[:4])[0]
    if size == 540:
        raise InvalidField("nifti2", name)
    if size != 348 or head[344:348] not in (b"n+1\0", b"ni1\0"):
        raise InvalidField("not_nifti", name)
    if head[344:348] == b"ni1\0":
        raise InvalidField("nifti_pair", name)
    dim = struct.unpack(order + "8h", head[40:56])
    code = struct.unpack(order + "h", head[70:72])[0]
    pixdim = struct.unpack(order + "8f", head[76:108])
    offset, slope, inter = struct.unpack(order + "3f", head[108:120])
    if not 1 <= dim[0] <= 7 or min(dim[1 : dim[0] + 1]) < 1:
        raise InvalidField("bad_header", name, reason=f"dimensions {dim}")
    if code not in TYPES:
        raise InvalidField("wrong_type", name, dtype=TYPE_NAMES.get(code, f"type number {code}"))
    if not math.isfinite(offset) or offset != int(offset) or not 352 <= offset <= MAX_OFFSET:
        raise InvalidField("bad_header", name, reason=f"data offset {offset}")
    slope, inter = _scaling(slope, inter, name)
    zooms = pixdim[1], pixdim[2], pixdim[3]
    return Header(
        dim[1 : dim[0] + 1], np.dtype(order + TYPES[code]), int(offset), slope, inter, zooms, bool(head[348])
    )


def _scaling(slope: float, inter: float, name: str) -> tuple[float, float]:
    """A slope of zero, NaN or infinity means that the values are not scaled (NIfTI-1 and nibabel)."""
    if slope == 0 or not math.isfinite(slope):
        return 1.0, 0.0
    if not math.isfinite(inter):
        raise InvalidField("bad_scaling", name)
    return slope, inter


def _inflate(packed: bytearray, needed: int, name: str) -> bytearray:
    try:
        data: bytearray = deflate.gzip_decompress(packed, needed)
    except deflate.DeflateError:
        data = bytearray()
    trailer = struct.pack("<2I", deflate.crc32(data), needed % 2**32)
    # the decoder stops at the end of the first member; what lies behind it would be ignored silently
    whole = len(data) == needed and packed.endswith(trailer) and not _stands_before_the_end(trailer, packed)
    fault = None if whole else _diagnose(packed, needed, name)
    if fault is not None:
        raise fault
    return data


def _stands_before_the_end(trailer: bytes, packed: bytearray) -> bool:
    if not kernels.holds(np.frombuffer(packed, np.uint8)[:-8], np.frombuffer(trailer, np.uint8)):
        return False
    return packed.find(trailer) < len(packed) - 8


def _diagnose(packed: bytearray, needed: int, name: str) -> InvalidField | None:
    """Decode slowly, in bounded pieces, to say what is wrong; None if nothing is."""
    decoder, size, view = zlib.decompressobj(31), 0, memoryview(packed)
    for start in range(0, len(view), CHUNK):
        piece: bytes | memoryview = view[start : start + CHUNK]
        while len(piece) and not decoder.eof:
            try:
                size += len(decoder.decompress(piece, CHUNK))
            except zlib.error as error:
                return _zlib_fault(str(error), packed, needed, name)
            piece = decoder.unconsumed_tail
            if size > needed:
                return InvalidField("trailing_data", name)
        if decoder.eof and (decoder.unused_data or start + CHUNK < len(view)):
            return InvalidField("gzip_members", name)
    if not decoder.eof:
        return InvalidField("gzip_truncated", name)
    return InvalidField("truncated", name, size=size, needed=needed) if size < needed else None


def _zlib_fault(reason: str, packed: bytearray, needed: int, name: str) -> InvalidField:
    if "incorrect length check" in reason:
        claimed = int.from_bytes(packed[-4:], "little")
        return InvalidField("gzip_trailer", name, claimed=claimed, needed=needed)
    return InvalidField("gzip_corrupt", name)


def _check_extensions(data: bytearray, header: Header, name: str) -> None:
    order = header.dtype.byteorder if header.dtype.byteorder in "<>" else "="
    at = 352
    while at < header.offset:
        if header.offset - at < 16:
            raise InvalidField("bad_extension", name)
        size = struct.unpack_from(order + "i", data, at)[0]
        if size < 16 or size % 16 or at + size > header.offset:
            raise InvalidField("bad_extension", name)
        at += size
