"""Pictures made smaller for a slow line: as they are, as PNG (to the bit), as JPEG (while a hand moves).

Which of them is decided by the measured rate of the line: what is sent sooner than it could be packed stays
as it is. The images of an array are packed as one tall picture.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.wire import StreamClosed

FAST = 25e6  # bytes a second: on a faster line packing costs more than it saves
SOON = 0.004  # seconds of transfer that nobody sees
LATE = 0.016  # seconds of transfer after which a moving picture may lose its last bits
QUALITY = 90
BLOCK = 8  # pixels of JPEG: images that begin at a multiple of it don't run into each other
TALLEST = 65_000  # pixels of JPEG
LARGEST = 1 << 26  # pixels of a PNG that Pillow reads without a question
Arrays = dict[str, NDArray[Any]]


def pack(arrays: Arrays, rate: float, lossy: bool = False) -> tuple[Arrays, dict[str, Any]]:
    """Arrays fit for a line of `rate` bytes a second, and how each that is packed was: for `unpack`.

    Pictures are uint8 `[N, H, W, C]`, C 1 or 3; all else is left alone. `lossy` allows JPEG. A rate of 0 is
    not known yet.
    """
    packed, how = dict(arrays), {}
    for name, array in arrays.items():
        kind = _kind(array, rate, lossy)
        if kind:
            content = _written(array, kind)
            if len(content) < array.nbytes:
                packed[name] = np.frombuffer(content, np.uint8)
                how[name] = {"kind": kind, "shape": list(array.shape)}
    return packed, how


def unpack(arrays: Arrays, how: dict[str, Any]) -> Arrays:
    """What `pack` was given (nearly so, where it was lossy). Raises `StreamClosed` for what isn't that."""
    found = dict(arrays)
    for name, facts in how.items():
        try:
            found[name] = _read(arrays[name], str(facts["kind"]), tuple(int(n) for n in facts["shape"]))
        except (OSError, ValueError, KeyError, TypeError, Image.DecompressionBombError) as error:
            raise StreamClosed(f"a picture came damaged ({error})") from error
    return found


def _kind(array: NDArray[Any], rate: float, lossy: bool) -> str:
    """How to pack an array; empty where it stays as it is."""
    pictures = array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3) and array.size
    if not pictures or not rate or rate > FAST or array.nbytes / rate < SOON:
        return ""
    count, height, width, _ = array.shape
    if lossy and array.nbytes / rate > LATE and max(count * _padded(height), width) <= TALLEST:
        return "JPEG"
    return "PNG" if count * height * width <= LARGEST else ""


def _padded(height: int) -> int:
    return -(-height // BLOCK) * BLOCK


def _written(images: NDArray[Any], kind: str) -> bytes:
    _, height, width, channels = images.shape
    if kind == "JPEG" and (more := _padded(height) - height):
        images = np.pad(images, ((0, 0), (0, more), (0, 0), (0, 0)), mode="edge")
    tall = images.reshape(-1, width, channels)
    picture = Image.fromarray(tall[..., 0] if channels == 1 else tall)
    buffer = io.BytesIO()
    if kind == "JPEG":
        picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    else:
        picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _read(content: NDArray[Any], kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    with Image.open(io.BytesIO(content.tobytes()), formats=[kind]) as picture:
        pixels = np.asarray(picture)
    count, height, width, channels = shape
    inside = _padded(height) if kind == "JPEG" else height
    return np.ascontiguousarray(pixels.reshape(count, inside, width, channels)[:, :height])
