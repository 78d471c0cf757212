"""Messages between processes that do not trust each other."""

from __future__ import annotations

import json
import math
import pickle
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from scoring import frames

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def line() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def raw(text: bytes, *parts: bytes) -> bytes:
    """A message byte by byte, whatever is in it."""
    sizes = b"".join(struct.pack(">Q", len(part)) for part in parts)
    return struct.pack(">II", len(text), len(parts)) + sizes + text + b"".join(parts)


def test_what_is_sent_comes_out_as_it_was(line: Pair) -> None:
    array = np.array([[0.1, math.inf], [-0.0, math.nan]])
    frames.send(
        line[0], {"values": {"DSC": np.float64(0.1), "n": np.int64(3)}, "items": [array], "png": b"\x89PNG"}
    )
    came = frames.receive(line[1])
    assert came["values"] == {"DSC": 0.1, "n": 3}
    assert came["items"][0].tobytes() == array.tobytes()
    assert came["items"][0].shape == (2, 2)
    assert came["png"] == b"\x89PNG"


def test_numbers_of_json_keep_their_last_bit_and_may_be_infinite(line: Pair) -> None:
    numbers = [0.1 + 0.2, 5e-324, math.inf, -math.inf]
    frames.send(line[0], numbers)
    assert frames.receive(line[1]) == numbers


def test_objects_are_neither_sent_nor_made(line: Pair) -> None:
    with pytest.raises(TypeError):
        frames.send(line[0], {"when": object()})
    packed = pickle.dumps(np.array([{}], object))
    line[0].sendall(raw(json.dumps({"$array": 0, "dtype": "|O8", "shape": [1]}).encode(), packed))
    with pytest.raises(ValueError, match="not of numbers"):
        frames.receive(line[1])


@pytest.mark.parametrize(
    "message",
    [
        raw(b"not json"),
        raw(b"["),
        raw(b"[" * 50_000),
        raw(b'{"$bytes": 0}'),
        raw(b'{"$bytes": {}}'),
        raw(b'{"$array": 0}', b"1234"),
        raw(b'{"$array": 0, "dtype": "<f4", "shape": [2]}', b"1234"),
        raw(b'{"$array": 0, "dtype": "<f4", "shape": "x"}', b"1234"),
        raw(b'{"$array": 0, "dtype": "<f4,<f4", "shape": [1]}', b"12345678"),
        raw(b'{"$array": 0, "dtype": 7, "shape": [1]}', b"1234"),
        struct.pack(">II", 2**32 - 1, 0),
        struct.pack(">II", 1, 2**32 - 1),
        struct.pack(">IIQ", 1, 1, 2**63),
    ],
)
def test_nonsense_is_refused_before_room_is_made_for_it(line: Pair, message: bytes) -> None:
    line[0].sendall(message)
    with pytest.raises(ValueError):  # noqa: PT011 any of them ends the talk
        frames.receive(line[1])


@pytest.mark.parametrize("message", [b"", b"\0\0", raw(b'{"a": 1}')[:-1]])
def test_an_end_within_a_message_is_an_end(line: Pair, message: bytes) -> None:
    line[0].sendall(message)
    line[0].close()
    with pytest.raises(EOFError):
        frames.receive(line[1])


def test_silence_ends_at_the_deadline(line: Pair) -> None:
    line[0].sendall(raw(b'{"a": 1}')[:-1])
    with pytest.raises(TimeoutError):
        frames.receive(line[1], deadline=time.monotonic() + 0.1)


def test_a_trickle_of_bytes_ends_at_the_deadline(line: Pair) -> None:
    done = threading.Event()

    def trickle() -> None:
        for byte in raw(b'"' + 300 * b"x" + b'"'):
            line[0].sendall(bytes([byte]))
            if done.wait(0.01):
                return

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        with pytest.raises(TimeoutError):
            frames.receive(line[1], deadline=time.monotonic() + 0.2)
    finally:
        done.set()
        sender.join()


def test_a_message_may_be_as_long_as_its_receiver_says(line: Pair) -> None:
    message: dict[str, Any] = {"many": "x" * 1000}
    frames.send(line[0], message)
    with pytest.raises(ValueError, match="bytes"):
        frames.receive(line[1], largest=1000)
