"""Pictures of any size, shape and mode into square uint8 images of one size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

from backends.errors import BadData
from trainers.data.api import Images

MARGIN = 4  # pixels; so little is padded, not stretched: 28 -> 32 keeps MNIST's strokes as they are
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def fit(images: Images, size: int, channels: int | None = None) -> Images:
    """`[N, h, w, c]` as `[N, size, size, channels]`: centre-cropped, then padded or resized."""
    images = with_channels(square(images), channels or images.shape[-1])
    height = images.shape[1]
    if height == size:
        return np.ascontiguousarray(images)
    if 0 < size - height <= MARGIN:
        before = (size - height) // 2
        after = size - height - before
        return np.pad(images, ((0, 0), (before, after), (before, after), (0, 0)), mode="edge")
    return _resize(images, size)


def square(images: Images) -> Images:
    """The largest square in the middle of each image."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def with_channels(images: Images, channels: int) -> Images:
    """Grey as colour or colour as grey, where needed: `[..., 1 or 3]` -> `[..., channels]`."""
    have = images.shape[-1]
    if have == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    grey = np.empty((*images.shape[:-1], 1), np.uint8)
    for index, image in enumerate(images):  # one at a time: floats of a whole set would fill the memory
        grey[index, ..., 0] = np.rint(image.astype(np.float32) @ LUMA)
    return grey


def over_white(images: Images) -> Images:
    """`[..., 4]` with alpha laid on white paper: `[..., 3]`."""
    out = np.empty((*images.shape[:-1], 3), np.uint8)
    for index, image in enumerate(images):
        alpha = image[..., 3:].astype(np.float32) / 255
        out[index] = np.rint(image[..., :3] * alpha + 255 * (1 - alpha))
    return out


def open_image(path: Path, size: int) -> Images:
    """One picture file as `[size, size, 3]`, or `[size, size, 1]` when it is grey. Raises `BadData`."""
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (2 * size, 2 * size))  # JPEG decodes at an eighth of the cost
            picture = ImageOps.exif_transpose(opened)
            picture.load()
            return _array(picture, size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadData(
            f"The picture {path} can't be read ({error or type(error).__name__}).",
            "It is damaged or not a picture: remove or replace it.",
        ) from error


def _array(picture: Image.Image, size: int) -> Images:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        paper = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, with_alpha).convert("RGB")
    grey = picture.mode in ("1", "L", "I;16", "I", "F")
    if picture.mode.startswith("I;16"):  # 16-bit grey: PIL would clip, not scale
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = picture.convert("L" if grey else "RGB")
    array = np.asarray(picture, np.uint8).reshape(picture.height, picture.width, -1)
    return fit(array[None], size)[0]


def _resize(images: Images, size: int) -> Images:
    """Antialiased: PIL widens its filter when it shrinks."""
    how = Image.Resampling.LANCZOS if size < images.shape[1] else Image.Resampling.BICUBIC
    grey = images.shape[-1] == 1
    out = np.empty((len(images), size, size, images.shape[-1]), np.uint8)
    for index, image in enumerate(images):
        picture = Image.fromarray(image[..., 0] if grey else np.ascontiguousarray(image))
        out[index] = np.asarray(picture.resize((size, size), how)).reshape(size, size, -1)
    return out


ImageFile.LOAD_TRUNCATED_IMAGES = False  # a truncated picture is an error that names its file
