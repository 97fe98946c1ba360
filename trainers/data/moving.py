"""Moving digits: handwritten digits on their way across the picture, with exact factors.

Each clip is one drawing of a digit going in one of eight directions, eight frames long. A spec may name other
labelled data with at most 100 classes: `moving:mnist`, `moving:digits,count=5000#frame`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Integers, Source, Wish
from trainers.data.grid import asked, at_rows, rows_of

NAMES = ("digit", "drawing", "direction", "frame")
DRAWINGS, DIRECTIONS, FRAMES = 20, 8, 8
MOST_CLASSES = 100
USUAL = 12_800
SHARE = 0.5  # of the picture's side, the digit's
WAY = 0.42  # of the picture's side, from its middle to the first or last frame's, at most
ADVICE = "Write it like moving:mnist,count=5000,seed=1#digit (all of it optional)."


def read(wish: Wish) -> Dataset:
    """A random part of the grid of clips; images of one clip differ in the frame alone."""
    from trainers.data import registry

    spec = asked(wish.path, NAMES, ADVICE)
    if len(spec.others) > 1:
        raise BadData(f"{spec.others[1]!r} means nothing to moving digits.", ADVICE)
    size = wish.image_size
    shapes = registry.load(spec.others[0] if spec.others else "digits", _inner(size), channels=1)
    drawings = _drawings(shapes)  # [classes, drawings, s, s]
    sizes = (len(drawings), DRAWINGS, DIRECTIONS, FRAMES)
    factors = at_rows(rows_of(wish, spec, int(np.prod(sizes)), USUAL), sizes)
    label = NAMES.index(spec.label)
    return Dataset(
        images=draw(drawings, factors, spec.pixels or size),
        labels=factors[:, label],
        classes=shapes.classes if label == 0 else tuple(str(n) for n in range(sizes[label])),
        name=f"Moving {shapes.name}",
        licence=shapes.licence,
        source=shapes.source,
        factors=factors,
        factor_names=NAMES,
    )


def draw(drawings: Images, factors: Integers, size: int) -> Images:
    """Images uint8 `[N, size, size, 1]` of factors `[N, 4]`, from `drawings` `[K, D, s, s]`."""
    inner = _inner(size)
    out = np.zeros((len(factors), size, size, 1), np.uint8)
    scaled = {}
    for index, (digit, drawing, direction, frame) in enumerate(factors.tolist()):
        if (digit, drawing) not in scaled:
            picture = Image.fromarray(drawings[digit, drawing]).resize(
                (inner, inner), Image.Resampling.BILINEAR
            )
            scaled[digit, drawing] = np.asarray(picture)
        left, top = place(direction, frame, size)
        out[index, top : top + inner, left : left + inner, 0] = scaled[digit, drawing]
    return out


def place(direction: int, frame: int, size: int) -> tuple[int, int]:
    """Left and top of the digit: through the middle, from one edge to the other."""
    free = size - _inner(size)
    gone = min(WAY * size, free / 2) * (2 * frame / (FRAMES - 1) - 1)
    angle = 2 * np.pi * direction / DIRECTIONS
    return round(free / 2 + gone * np.cos(angle)), round(free / 2 + gone * np.sin(angle))


def _inner(size: int) -> int:
    return max(4, round(SHARE * size))


def _drawings(shapes: Dataset) -> Images:
    """The first drawings of each class. Raises `BadData` for data without labels or with too few images."""
    if shapes.labels is None or len(shapes.classes) > MOST_CLASSES:
        raise BadData("Moving digits need data with labels, of at most 100 classes.", ADVICE)
    rows = [np.flatnonzero(shapes.labels == number)[:DRAWINGS] for number in range(len(shapes.classes))]
    if min(map(len, rows)) < DRAWINGS:
        raise BadData(f"{shapes.name} has fewer than {DRAWINGS} images of a class.", "Choose other data.")
    return np.stack([shapes.images[at, :, :, 0] for at in rows])


KIND = DataKind("moving", "Moving digits, four exact factors", path="optional", advice=ADVICE)
SOURCES = (Source(KIND, read, lambda: True),)
