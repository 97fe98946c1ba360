"""Devices: which there are, which to take, and the way of numbers to and from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from torch import Tensor

from backends.errors import BadRequest

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's convert("L")
AUTOCAST_FROM = 8  # rows; below that a GPU waits for launches, and casts are more of them


def devices() -> list[str]:
    """Usable devices, best first; `cpu` is always the last."""
    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def choose(name: str = "auto") -> str:
    """The device called `name`, or the best one for `auto`. Raises `BadRequest` when it isn't there."""
    there = devices()
    if name == "auto":
        return there[0]
    if name not in there:
        raise BadRequest(f"There is no device {name!r} here.", f"Choose one of: {', '.join(there)}.")
    return name


def memory(device: str) -> dict[str, int]:
    """Bytes `used` by this process and `total` of a device."""
    if device == "cuda":
        return {"used": torch.cuda.memory_reserved(), "total": torch.cuda.mem_get_info()[1]}
    if device == "mps":
        return {"used": torch.mps.driver_allocated_memory(), "total": torch.mps.recommended_max_memory()}
    return {"used": psutil.Process().memory_info().rss, "total": psutil.virtual_memory().total}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; on a CPU torch says so with a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )


@contextmanager
def fast(device: str, rows: int) -> Iterator[None]:
    """Inference as the device likes it: half precision for batches on CUDA."""
    half = device == "cuda" and rows >= AUTOCAST_FROM
    with torch.inference_mode(), torch.autocast("cuda", torch.float16) if half else nullcontext():
        yield


def send(array: np.ndarray, device: str) -> Tensor:
    """An array as a tensor on `device`."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def fetch(tensor: Tensor) -> np.ndarray[Any, Any]:
    """A tensor as an array: one copy, through pinned memory from CUDA."""
    if tensor.device.type != "cuda":
        return tensor.cpu().numpy()
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    pinned.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream().synchronize()
    return pinned.numpy()


def to_uint8(images: Tensor) -> Tensor:
    """Images `[N, C, H, W]` in [0, 1] -> uint8 `[N, H, W, C]`, where they are."""
    return images.float().mul(255).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def from_pictures(pictures: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Pictures uint8 `[N, h, w, c]` of any size, c 1, 3 or 4 -> `[N, C, H, W]` in [0, 1], `shape` (H, W, C).

    The middle is cut out in the model's proportions; transparency is laid over white.
    """
    height, width, channels = shape
    images = pictures.permute(0, 3, 1, 2).float() / 255
    if images.shape[1] == 4:
        images = images[:, :3] * images[:, 3:] + 1 - images[:, 3:]
    if images.shape[1] == 3 and channels == 1:
        images = (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    images = _cut_middle(images, height / width).expand(-1, channels, -1, -1)
    if images.shape[2:] == (height, width):
        return images
    return F.interpolate(images, (height, width), mode="bilinear", antialias=True).clamp(0, 1)


def _cut_middle(images: Tensor, proportion: float) -> Tensor:
    """Cut to height / width = `proportion`."""
    height, width = images.shape[2:]
    high = max(1, min(height, round(width * proportion)))
    wide = max(1, min(width, round(height / proportion)))
    top, left = (height - high) // 2, (width - wide) // 2
    return images[:, :, top : top + high, left : left + wide]
