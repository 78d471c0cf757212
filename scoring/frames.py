"""Messages between two processes that do not trust each other: JSON, with arrays and bytes beside it.

Nothing is unpickled, and no size is taken on trust: a message that is longer than its receiver allows is
refused before room is made for it.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from typing import Any

import numpy as np

LARGEST = 64 * 2**20
_HEAD = struct.Struct(">II")
_NUMBERS = re.compile(r"[<>|][biuf][1248]")


def send(line: socket.socket, message: Any) -> None:
    """Send what JSON can say (NaN and infinity too), numpy arrays of numbers, and bytes."""
    parts: list[bytes] = []

    def stand_in(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            parts.append(value.tobytes())
            return {"$array": len(parts) - 1, "dtype": value.dtype.str, "shape": value.shape}
        if isinstance(value, bytes):
            parts.append(value)
            return {"$bytes": len(parts) - 1}
        raise TypeError(f"{type(value).__name__} cannot be sent")

    text = json.dumps(message, default=stand_in).encode()
    sizes = struct.pack(f">{len(parts)}Q", *map(len, parts))
    line.sendall(b"".join([_HEAD.pack(len(text), len(parts)), sizes, text, *parts]))


def receive(line: socket.socket, deadline: float | None = None, largest: int = LARGEST) -> Any:
    """The next message.

    Args:
        line: a connected stream socket.
        deadline: by ``time.monotonic()``; None waits for ever.
        largest: bytes that a message may have.

    Raises:
        EOFError: the other side is gone.
        TimeoutError: it was silent for too long.
        ValueError: what came is not a message, or too long a one.
    """
    size, count = _HEAD.unpack(_exactly(line, _HEAD.size, deadline, largest))
    sizes = struct.unpack(f">{count}Q", _exactly(line, 8 * count, deadline, largest))
    if size + sum(sizes) > largest:
        raise ValueError(f"a message of {size + sum(sizes)} bytes")
    text = _exactly(line, size, deadline, largest)
    parts = [_exactly(line, part, deadline, largest) for part in sizes]
    try:
        return json.loads(text, object_hook=lambda found: _restored(found, parts))
    except (KeyError, IndexError, TypeError, RecursionError) as error:
        raise ValueError("a message that makes no sense") from error


def _exactly(line: socket.socket, size: int, deadline: float | None, largest: int) -> bytearray:
    if size > largest:
        raise ValueError(f"a message of {size} bytes")
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        if deadline is not None:
            line.settimeout(max(deadline - time.monotonic(), 1e-3))
        came = line.recv_into(view[done:])
        if not came:
            raise EOFError
        done += came
    return data


def _restored(found: dict[str, Any], parts: list[bytearray]) -> Any:
    if "$bytes" in found:
        return bytes(parts[found["$bytes"]])
    if "$array" in found:
        if not _NUMBERS.fullmatch(found["dtype"]):
            raise ValueError("an array that is not of numbers")
        return np.frombuffer(parts[found["$array"]], found["dtype"]).reshape(found["shape"])
    return found
