"""One picture of any size and mode into a square image, and changed copies of such images. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from trainers.data.api import Images
from trainers.prepared.settings import CHANNELS, PAPERS, Preparation

Bytes = NDArray[np.uint8]
DIFFERENT = 24  # levels from the corners' colour; less is paper
ROOM = 0.06  # of the content's longer side, left around it


def shaped(picture: Image.Image, asked: Preparation) -> Bytes:
    """`[size, size, 1 or 3]` uint8. Raises what PIL raises for a damaged picture."""
    picture = ImageOps.exif_transpose(picture)
    picture.load()
    paper = PAPERS[asked.paper]
    picture, solid = _flat(picture, paper)
    if asked.centre == "content":
        picture = _around_content(picture, solid, paper)
    size = (asked.image_size, asked.image_size)
    how = Image.Resampling.LANCZOS if min(picture.size) > asked.image_size else Image.Resampling.BICUBIC
    if asked.fit == "stretch":
        picture = picture.resize(size, how)
    elif asked.fit == "crop":
        picture = ImageOps.fit(picture, size, how)
    else:
        picture = ImageOps.pad(picture, size, how, color=_colour(picture.mode, paper))
    if (channels := CHANNELS[asked.channels]) is not None:
        picture = picture.convert("L" if channels == 1 else "RGB")
    return np.asarray(picture, np.uint8).reshape(*size, -1)


def _flat(picture: Image.Image, paper: int) -> tuple[Image.Image, Bytes | None]:
    """Grey or colour on paper, and how solid each place was where anything was transparent."""
    if picture.mode.startswith("I;16"):  # 16-bit grey: PIL would clip, not scale
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        below = Image.new("RGBA", clear.size, (paper, paper, paper, 255))
        return Image.alpha_composite(below, clear).convert("RGB"), np.asarray(clear.getchannel("A"))
    return picture.convert("L" if picture.mode in ("1", "L", "I", "F") else "RGB"), None


def _around_content(picture: Image.Image, solid: Bytes | None, paper: int) -> Image.Image:
    """A square around what is on the picture; the picture itself where nothing is found."""
    seen = _content(picture) if solid is None or solid.min() == 255 else solid > 8
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if not len(rows):
        return picture
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = round(max(bottom - top, right - left) * (1 + 2 * ROOM)) + 1
    begin = round((left + right - side) / 2), round((top + bottom - side) / 2)
    # Beyond the picture's edge there is paper, of the picture's own colour if it has one.
    ground = _colour(picture.mode, paper) if solid is not None else _corner(picture)
    out = Image.new(picture.mode, (side, side), ground)
    out.paste(picture, (-begin[0], -begin[1]))
    return out


def _content(picture: Image.Image) -> NDArray[np.bool_]:
    """Where it differs from the colour of its corners `[H, W]`."""
    values = np.asarray(picture, np.int16).reshape(picture.height, picture.width, -1)
    corner = np.median(values[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    return np.asarray(np.abs(values - corner).max(axis=-1) > DIFFERENT)


def _corner(picture: Image.Image) -> tuple[int, ...] | int:
    values = np.asarray(picture).reshape(picture.height, picture.width, -1)
    found = [int(value) for value in np.median(values[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)]
    return tuple(found) if len(found) > 1 else found[0]


def _colour(mode: str, level: int) -> tuple[int, ...] | int:
    return level if mode == "L" else (level, level, level)


def copied(images: Images, asked: Preparation, rng: np.random.Generator) -> Images:
    """One changed copy of each of `[N, S, S, C]`: mirrored, turned, moved, lighter or darker by chance."""
    out = np.empty_like(images)
    size = images.shape[1]
    for row, image in enumerate(images):
        grey = image.shape[-1] == 1
        picture = Image.fromarray(image[..., 0] if grey else image)
        if asked.flip and rng.random() < 0.5:
            picture = ImageOps.mirror(picture)
        moved = tuple(rng.uniform(-asked.shift, asked.shift, 2) * size)
        picture = picture.rotate(
            rng.uniform(-asked.turn, asked.turn), Image.Resampling.BICUBIC, translate=moved,
            fillcolor=_corner(picture),
        )  # fmt: skip
        light = 1 + rng.uniform(-asked.light, asked.light)
        lit = np.asarray(picture, np.float32).reshape(image.shape) * light
        out[row] = np.clip(np.rint(lit), 0, 255)
    return out
