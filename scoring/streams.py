"""Reading compressed streams of unknown length up to what they may be."""

from __future__ import annotations

from typing import BinaryIO

from scoring.errors import InvalidField

CHUNK = 2**22
HEAD = 2**16


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
