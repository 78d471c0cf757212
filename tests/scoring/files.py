"""NIfTI files byte by byte, so that tests can write what no library would."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = {
    "u1": 2,
    "i2": 4,
    "i4": 8,
    "f4": 16,
    "f8": 64,
    "i1": 256,
    "u2": 512,
    "u4": 768,
    "i8": 1024,
    "u8": 1280,
}


def nifti_header(shape: tuple[int, ...], code: int, **changes: Any) -> bytes:
    """The 352 bytes before the data of a NIfTI-1 file.

    ``changes``: order ('<' or '>'), dim (all eight), offset, slope, inter, magic, size, zooms, srow,
    extended.
    """
    order = changes.get("order", "<")
    dim = changes.get("dim", (len(shape), *shape, *(1,) * (7 - len(shape))))
    head = bytearray(352)
    struct.pack_into(order + "i", head, 0, changes.get("size", 348))
    struct.pack_into(order + "8h", head, 40, *dim)
    struct.pack_into(order + "2h", head, 70, code, changes.get("bitpix", 32))
    struct.pack_into(order + "8f", head, 76, 1, *changes.get("zooms", (1, 1, 1)), 1, 1, 1, 1)
    struct.pack_into(
        order + "3f", head, 108, changes.get("offset", 352), changes.get("slope", 1), changes.get("inter", 0)
    )
    if "srow" in changes:
        struct.pack_into(order + "h", head, 254, 1)
        struct.pack_into(order + "12f", head, 280, *changes["srow"])
    head[344:348] = changes.get("magic", b"n+1\0")
    head[348] = changes.get("extended", 0)
    return bytes(head)


def nifti(values: NDArray[Any], kind: str = "f4", **changes: Any) -> bytes:
    """An uncompressed NIfTI-1 file of ``values`` in file order (first axis fastest), stored as ``kind``."""
    order = changes.get("order", "<")
    data = values.astype(np.dtype(order + kind)).tobytes(order="F")
    shape = changes.pop("shape", values.shape)
    extension: bytes = changes.get("extension", b"")
    return nifti_header(shape, TYPES[kind], **changes) + extension + data


def gz(data: bytes) -> bytes:
    """One gzip member without a time stamp."""
    return gzip.compress(data, 6, mtime=0)
