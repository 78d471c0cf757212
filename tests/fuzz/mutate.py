"""Changes to files: bytes anywhere, and what is inside of gzip and zip members."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

LONGEST = 2**18
INTERESTING = (0, 1, 2, 3, 7, 8, 15, 16, 31, 127, 128, 255, 348, 352, 540, 32767, 32768, 65535, 2**31 - 1,
               2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)  # fmt: skip
FLOATS = (0.0, -0.0, 1.0, -1.0, 352.0, 352.5, 1e30, -1e30, 3.4e38, 1e-45, float("nan"), float("inf"))

Change = Callable[[random.Random, bytearray], None]


def _flip(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)


def _noise(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at : at + rng.randint(1, 8)] = rng.randbytes(rng.randint(1, 8))


def _number(rng: random.Random, data: bytearray) -> None:
    kind, at = rng.choice("BHIQ"), rng.randrange(len(data))
    value = rng.choice(INTERESTING) % 2 ** (8 * struct.calcsize(f"<{kind}"))
    packed = struct.pack(rng.choice("<>") + kind, value)
    data[at : at + len(packed)] = packed


def _float(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at : at + 4] = struct.pack(rng.choice("<>") + "f", rng.choice(FLOATS))


def _remove(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randint(1, max(1, len(data) // 8))]


def _repeat(rng: random.Random, data: bytearray) -> None:
    at, size = rng.randrange(len(data)), rng.randint(1, 64)
    data[at:at] = bytes(data[at : at + size]) * rng.randint(1, 50)


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


CHANGES: tuple[Change, ...] = (_flip, _flip, _noise, _number, _number, _float, _remove, _repeat, _cut)


def changed(rng: random.Random, data: bytes, within: tuple[int, int] | None = None) -> bytes:
    """A few changes anywhere, or in a part of the file."""
    begin, end = within or (0, len(data))
    part = bytearray(data[begin:end]) or bytearray(b"\0")
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        rng.choice(CHANGES)(rng, part)
        if not part:
            break
    return (data[:begin] + bytes(part) + data[end:])[:LONGEST]


def spliced(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    cut = rng.randint(0, len(data))
    return (data[:cut] + other[rng.randint(0, len(other)) :])[:LONGEST]


def inside_gzip(rng: random.Random, data: bytes) -> bytes:
    """Changes to what is compressed, most often to its header."""
    try:
        plain = zlib.decompressobj(31).decompress(data, LONGEST)
    except zlib.error:
        return changed(rng, data)
    head = (0, min(400, len(plain))) if rng.random() < 0.8 else None
    return gzip.compress(changed(rng, plain, head), 1, mtime=0)


def _beginning(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        return member.read(LONGEST)


def inside_zip(rng: random.Random, data: bytes) -> bytes:
    """Changes to a member, or to the table of contents behind the members."""
    if rng.random() < 0.5:
        table = data.find(b"PK\1\2")
        return changed(rng, data, (table, len(data)) if table >= 0 else None)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: _beginning(archive, info) for info in archive.infolist()[:8]}
    except Exception:  # noqa: BLE001 a hostile file that cannot be read is changed as it is
        return changed(rng, data)
    if not members:
        return changed(rng, data)
    stream, chosen = io.BytesIO(), rng.choice(sorted(members))
    head = (0, min(200, len(members[chosen]))) if rng.random() < 0.6 else None
    inner = inside_gzip(rng, members[chosen]) if chosen.endswith("gz") else None
    members[chosen] = inner or changed(rng, members[chosen], head)
    with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content[:LONGEST])
    return stream.getvalue()
