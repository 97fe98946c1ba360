"""Messages on a byte stream: a JSON header and raw arrays, each message with its length before it.

One protocol for pipes to a child process, a thread in this process and (over ssh) another machine.
It holds data only, so reading a message never runs code.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np

MAGIC = b"LEX1"
LIMIT = 4 << 30  # bytes; a longer message means that the stream is out of step


class StreamClosed(Exception):
    """The other side is gone."""


def write_message(stream: BinaryIO, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write one message and flush. Raises `StreamClosed` when nobody reads any more."""
    solid = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    layout = [[name, a.dtype.str, list(a.shape)] for name, a in solid.items()]
    text = json.dumps({"head": head, "arrays": layout}, separators=(",", ":")).encode()
    size = len(text) + sum(a.nbytes for a in solid.values())
    try:
        stream.write(MAGIC + struct.pack("<QI", size, len(text)) + text)
        for array in solid.values():
            if array.nbytes:
                stream.write(array.reshape(-1).view(np.uint8).data)
        stream.flush()
    except (OSError, ValueError) as error:
        raise StreamClosed(str(error)) from error


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Wait for one message. Raises `StreamClosed` at the end or when the bytes make no sense."""
    prefix = read_exactly(stream, 16)
    size, text_size = struct.unpack("<QI", prefix[4:])
    if prefix[:4] != MAGIC or size > LIMIT or text_size > size:
        raise StreamClosed("the stream is out of step")
    body = read_exactly(stream, size)
    header = json.loads(bytes(body[:text_size]))
    arrays, at = {}, text_size
    for name, dtype, shape in header["arrays"]:
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        # A copy, so that the array is aligned and does not keep the whole message alive.
        arrays[name] = np.frombuffer(body, kind, count, at).reshape(shape).copy()
        at += count * kind.itemsize
    return header["head"], arrays


def read_exactly(stream: BinaryIO, size: int) -> bytearray:
    """So many bytes. Raises `StreamClosed` when they don't come."""
    buffer = bytearray(size)
    view, got = memoryview(buffer), 0
    while got < size:
        try:
            count = stream.readinto(view[got:])  # type: ignore[attr-defined]
        except (OSError, ValueError) as error:
            raise StreamClosed(str(error)) from error
        if not count:
            raise StreamClosed("the stream has ended")
        got += count
    return buffer
