"""Grids of images as PNG files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainers.files import replace_file

if TYPE_CHECKING:
    from torch import Tensor

GAP = 1  # pixels between two images


def write_grid(path: Path, images: Tensor) -> None:
    """Write images `[N, C, H, W]` in [0, 1] as a grid, as square as can be, row by row."""
    pixels = images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    drawn = grid(pixels)
    buffer = io.BytesIO()
    Image.fromarray(drawn[..., 0] if drawn.shape[-1] == 1 else drawn).save(buffer, "PNG")
    replace_file(path, buffer.getvalue())


def grid(images: np.ndarray) -> np.ndarray:
    """uint8 `[N, H, W, C]` -> `[rows (H + gap), columns (W + gap), C]`, grey between and around."""
    count, height, width, channels = images.shape
    columns = int(np.ceil(count**0.5))
    rows = -(-count // columns)
    page = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), 128, np.uint8)
    for index, image in enumerate(images):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        page[top : top + height, left : left + width] = image
    return page
