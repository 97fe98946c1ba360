"""dSprites-like: white shapes on black with five exact factors, drawn when asked for, any part of the grid.

A spec may say more, separated by commas: pixels (`dsprites:32`), `colour` or `noisy`, `count=N`, `seed=N`,
and the factor that serves as label: `dsprites:32,noisy#scale`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData
from trainers.data.api import HELD_OUT, DataKind, Dataset, Images, Integers, Progress, Source, Wish

NAMES = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)  # in the order of the published file, the last changes fastest
SHAPES = ("square", "ellipse", "heart")
TOTAL = int(np.prod(SIZES))  # 737,280
USUAL = 20_000  # images when nobody says how many
LOOKS = ("plain", "colour", "noisy")
BLOCK = 256  # images drawn at a time
MOST_PIXELS = 512
ADVICE = "Write it like dsprites:32,noisy,count=5000,seed=1#shape (all of it optional)."

Floats = NDArray[np.float32]


def read(wish: Wish) -> Dataset:
    """A random part of the grid, the same one for the same seed; test images are none of the others."""
    spec = parse(wish.path)
    rows = _rows(wish, spec)
    factors = at_rows(rows)
    labelled = NAMES.index(spec.label)
    size = spec.pixels or wish.image_size
    shape_names = SHAPES if spec.label == "shape" else tuple(str(n) for n in range(SIZES[labelled]))
    return Dataset(
        images=_dressed(factors, rows, size, spec, wish.progress),
        labels=factors[:, labelled],
        classes=shape_names,
        name="dSprites-like" if spec.look == "plain" else f"dSprites-like, {spec.look}",
        licence="CC0 1.0",
        source="drawn here after Matthey et al. 2017, dSprites: Disentanglement testing Sprites dataset",
        factors=factors,
        factor_names=NAMES,
    )


def draw(factors: Integers, size: int) -> Floats:
    """Images of factors `[N, 5]` (see `NAMES`), values 0 to 1: `[N, size, size]`.

    At 64 pixels and more a pixel is inside or outside; smaller images are means of finer ones. The
    formulas were fitted to real images of the set, whose IoU with ours is .98 (hearts) to 1 (squares).
    """
    fine = size * max(1, -(-64 // size))
    inside = _inside(factors, fine)
    if fine == size:
        return inside.astype(np.float32)
    step = fine // size
    return inside.reshape(-1, size, step, size, step).mean((2, 4), dtype=np.float32)


def at_rows(rows: Integers) -> Integers:
    """The factors `[N, 5]` at rows `[N]` of the grid, numbered as in the published file."""
    return np.stack(np.unravel_index(rows, SIZES), axis=1).astype(np.int64)


@dataclass(frozen=True)
class Spec:
    """What a spec says behind `dsprites:`."""

    pixels: int = 0
    look: str = "plain"
    count: int = 0
    seed: int = 0
    label: str = "shape"


def parse(text: str) -> Spec:
    """Raises `BadData` for what can't be understood."""
    words, _, label = text.partition("#")
    numbers = {"pixels": 0, "count": 0, "seed": 0}
    look = "plain"
    for word in filter(None, (word.strip().lower() for word in words.split(","))):
        key, value = word.split("=", 1) if "=" in word else ("pixels", word)
        if word in (*LOOKS, "color"):
            look = "colour" if word == "color" else word
        elif key in numbers and value.isdecimal():
            numbers[key] = int(value)
        else:
            raise BadData(f"{word!r} means nothing to dSprites.", ADVICE)
    if numbers["pixels"] > MOST_PIXELS or numbers["count"] > TOTAL:
        raise BadData(f"dSprites has {TOTAL:,} images of up to {MOST_PIXELS} pixels.", "Ask for fewer.")
    if label and label not in NAMES:
        raise BadData(f"dSprites has no factor {label!r}.", f"It has: {', '.join(NAMES)}.")
    return Spec(**numbers, look=look, label=label or "shape")


def _rows(wish: Wish, spec: Spec) -> Integers:
    order = np.random.default_rng(spec.seed).permutation(TOTAL)
    cut = TOTAL // HELD_OUT
    part = {"test": order[:cut], "train": order[cut:], "all": order}[wish.split]
    wanted = wish.limit or spec.count or USUAL
    if wish.limit and spec.count:
        wanted = min(wish.limit, spec.count)
    return np.sort(part[:wanted]).astype(np.int64)


def _dressed(factors: Integers, rows: Integers, size: int, spec: Spec, progress: Progress) -> Images:
    """The drawn shapes in their look: uint8 `[N, size, size, 1 or 3]`."""
    channels = 1 if spec.look == "plain" else 3
    out = np.empty((len(rows), size, size, channels), np.uint8)
    for at in range(0, len(rows), BLOCK):
        progress(at / len(rows), "Drawing dSprites")
        grey = draw(factors[at : at + BLOCK], size)
        for index, image in enumerate(grey, at):
            dressed = _look(image[..., None], spec, int(rows[index]))
            out[index] = np.rint(255 * dressed)
    return out


def _look(image: Floats, spec: Spec, row: int) -> Floats:
    """Colour: each channel of the shape times U(.5, 1). Noisy: U(0, 1) around the shape.

    Locatello et al. 2019. What an image looks like depends on its row and the seed alone.
    """
    if spec.look == "plain":
        return image
    rng = np.random.default_rng([spec.seed, row])
    if spec.look == "colour":
        return image * rng.uniform(0.5, 1, 3).astype(np.float32)
    return np.minimum(image + rng.random((*image.shape[:2], 3), np.float32), 1)


def _inside(factors: Integers, size: int) -> NDArray[np.bool_]:
    """Which pixels are in the shape `[N, size, size]`; lengths are in pixels of a 64-pixel image."""
    scale, turn, x, y = (factors[:, k, None, None] for k in range(1, 5))
    place = ((np.arange(size, dtype=np.float32) + 0.5) * (64 / size) - 0.5).astype(np.float32)
    dx = place[None, None, :] - (15.5 + 32 * x / 31).astype(np.float32)
    dy = place[None, :, None] - (15.5 + 32 * y / 31).astype(np.float32)
    angle = -2 * np.pi * turn / 39  # 0 and 2 pi are both on the grid: two of its 40 angles are the same
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    grown = (0.5 + 0.1 * scale).astype(np.float32)
    u, v = (cosine * dx + sine * dy) / grown, (cosine * dy - sine * dx) / grown
    out = np.empty((len(factors), size, size), bool)
    for index, inside in enumerate((_square, _ellipse, _heart)):
        chosen = factors[:, 0] == index
        out[chosen] = inside(u[chosen], v[chosen])
    return out


def _square(u: Floats, v: Floats) -> NDArray[np.bool_]:
    return (np.abs(u) <= 9.6) & (np.abs(v) <= 9.6)


def _ellipse(u: Floats, v: Floats) -> NDArray[np.bool_]:
    return (u / 12.8) ** 2 + (v / 7.2) ** 2 <= 1


def _heart(u: Floats, v: Floats) -> NDArray[np.bool_]:
    """Two discs over a triangle that points down."""
    discs = (np.abs(u) - 4.71) ** 2 + (v + 4.27) ** 2 <= 4.94**2
    top, tip, half = -1.58, 8.97, 9.59
    triangle = (v >= top) & (v <= tip) & (np.abs(u) <= half * (tip - v) / (tip - top))
    return discs | triangle


KIND = DataKind("dsprites", "dSprites-like shapes, five exact factors", path="optional", advice=ADVICE)
SOURCES = (Source(KIND, read, lambda: True),)
