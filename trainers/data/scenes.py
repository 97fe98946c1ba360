"""Scenes like 3D Shapes: a solid in a room, six exact factors, ray-cast when asked for, any part of the grid.

After Burgess and Kim 2018 (3D Shapes): the same factors and sizes, 480,000 images; camera, room and solids
are our own. What is seen where depends on scale, shape and orientation alone, so these 480 views are cast
once, and an image is a view in its three hues.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Integers, Source, Wish
from trainers.data.grid import asked, at_rows, rows_of

NAMES = ("floor hue", "wall hue", "object hue", "scale", "shape", "orientation")
SIZES = (10, 10, 10, 8, 4, 15)  # the last changes fastest
SHAPES = ("cube", "cylinder", "sphere", "capsule")
TOTAL = int(np.prod(SIZES))
USUAL = 20_000
FINER = 2  # rays a side in each pixel
ROOM = 3.0  # half the room's side; the solid stands in its middle, the camera goes round it
EYE, DISTANCE, LOOK_AT = 1.9, 2.8, 0.55  # height, distance, height of what it looks at
LENS = 0.75  # half the picture's side at distance 1
LIGHT = np.array([-0.45, 0.8, -0.4])
ADVICE = "Write it like scenes:32,count=5000,seed=1#shape (all of it optional)."
Floats = NDArray[np.float64]


def read(wish: Wish) -> Dataset:
    """A random part of the grid, the same one for the same seed; test images are none of the others."""
    spec = asked(wish.path, NAMES, ADVICE)
    if spec.others:
        raise BadData(f"{spec.others[0]!r} means nothing to scenes.", ADVICE)
    factors = at_rows(rows_of(wish, spec, TOTAL, USUAL), SIZES)
    label = NAMES.index(spec.label)
    wish.progress(0.0, "Casting scenes")
    return Dataset(
        images=draw(factors, spec.pixels or wish.image_size),
        labels=factors[:, label],
        classes=SHAPES if spec.label == "shape" else tuple(str(n) for n in range(SIZES[label])),
        name="Scenes like 3D Shapes",
        licence="CC0 1.0",
        source="cast here after Burgess and Kim 2018, 3D Shapes Dataset",
        factors=factors,
        factor_names=NAMES,
    )


def draw(factors: Integers, size: int) -> Images:
    """Images uint8 `[N, size, size, 3]` of factors `[N, 6]` (see `NAMES`)."""
    hues = np.array([colorsys.hsv_to_rgb(n / 10, 0.85, 0.95) for n in range(10)], np.float32)
    out = np.empty((len(factors), size, size, 3), np.uint8)
    views, which = np.unique(factors[:, 3:], axis=0, return_inverse=True)
    for index, (scale, shape, orientation) in enumerate(views):
        at = np.flatnonzero(which.reshape(-1) == index)
        light = view(int(scale), int(shape), int(orientation), size)  # [size, size, 3]
        colours = hues[factors[at, :3]]  # [n, 3 surfaces, 3 channels]
        out[at] = np.rint(255 * np.clip(light[None] @ colours[:, None], 0, 1))
    return out


@lru_cache(maxsize=480)
def view(scale: int, shape: int, orientation: int, size: int) -> NDArray[np.float32]:
    """How much light of floor, wall and solid each pixel shows: `[size, size, 3]`, 0 to 1."""
    eye, rays = camera(np.deg2rad(-30 + 60 * orientation / (SIZES[5] - 1)), size * FINER)
    radius = 0.45 + 0.4 * scale / (SIZES[3] - 1)
    reach, floor, shade = _room(eye, rays, radius)
    distance, normal = SOLIDS[SHAPES[shape]](eye, rays, radius)
    hit = distance < reach
    sun = LIGHT / np.linalg.norm(LIGHT)
    on_solid = 0.45 + 0.55 * np.clip(normal @ sun, 0, 1)
    light = np.zeros((*reach.shape, 3))
    light[..., 0] = np.where(~hit & floor, shade, 0)
    light[..., 1] = np.where(~hit & ~floor, shade, 0)
    light[..., 2] = np.where(hit, on_solid, 0)
    return light.reshape(size, FINER, size, FINER, 3).mean((1, 3)).astype(np.float32)


def camera(angle: float, size: int) -> tuple[Floats, Floats]:
    """The eye `[3]` (x right, y up, z away) and a ray through each pixel `[size, size, 3]` of length one."""
    eye = np.array([DISTANCE * np.sin(angle), EYE, -DISTANCE * np.cos(angle)])
    ahead = np.array([0, LOOK_AT, 0]) - eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross([0, 1, 0], ahead)
    right /= np.linalg.norm(right)
    place = LENS * (2 * (np.arange(size) + 0.5) / size - 1)
    rays = ahead + place[None, :, None] * right - place[:, None, None] * np.cross(ahead, right)
    return eye, rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _room(eye: Floats, rays: Floats, radius: float) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """How far floor or wall is, which it is, and its shade, darker under the solid."""
    with np.errstate(divide="ignore"):
        walls = np.minimum(*((np.sign(rays[..., k]) * ROOM - eye[k]) / rays[..., k] for k in (0, 2)))
        ground = np.where(rays[..., 1] < 0, -eye[1] / rays[..., 1], np.inf)
    reach = np.minimum(walls, ground)
    place = eye + reach[..., None] * rays
    floor = ground <= walls
    from_solid = np.hypot(place[..., 0], place[..., 2]) / radius
    shadow = 1 - 0.45 * np.clip(1.6 - from_solid, 0, 1)
    facing = np.where(np.abs(place[..., 0]) > ROOM - 1e-6, 0.82, 0.95)
    return reach, floor, np.where(floor, 0.95 * shadow, facing)


def _sphere(eye: Floats, rays: Floats, radius: float, height: float | None = None) -> tuple[Floats, Floats]:
    """Distances (infinite where it is missed) and normals of a ball at `height`, which stands by default."""
    start = eye - np.array([0, radius if height is None else height, 0])
    middle = rays @ start
    root = middle**2 - (start @ start - radius**2)
    distance = np.where(root >= 0, -middle - np.sqrt(np.maximum(root, 0)), np.inf)
    return distance, _towards(start, rays, distance) / radius


def _cube(eye: Floats, rays: Floats, radius: float) -> tuple[Floats, Floats]:
    half = 0.8 * radius
    start = eye - np.array([0, half, 0])
    with np.errstate(divide="ignore"):
        near = (-np.sign(rays) * half - start) / rays
        far = (np.sign(rays) * half - start) / rays
    enter, leave = near.max(-1), far.min(-1)
    distance = np.where(enter <= leave, enter, np.inf)
    return distance, -np.sign(rays) * (near == enter[..., None])


def _cylinder(eye: Floats, rays: Floats, radius: float) -> tuple[Floats, Floats]:
    wide, tall = 0.75 * radius, 1.8 * radius
    side, normal = _tube(eye, rays, wide, 0, tall)
    with np.errstate(divide="ignore"):
        lid = np.where(rays[..., 1] < 0, (tall - eye[1]) / rays[..., 1], np.inf)
    place = _towards(eye, rays, lid)
    lid = np.where(np.hypot(place[..., 0], place[..., 2]) <= wide, lid, np.inf)
    return np.minimum(side, lid), np.where((lid < side)[..., None], np.array([0, 1.0, 0]), normal)


def _capsule(eye: Floats, rays: Floats, radius: float) -> tuple[Floats, Floats]:
    wide, tall = 0.6 * radius, 2 * radius
    parts = [_tube(eye, rays, wide, wide, tall - wide), _sphere(eye, rays, wide, wide),
             _sphere(eye, rays, wide, tall - wide)]  # fmt: skip
    distances = np.stack([part[0] for part in parts])
    nearest = distances.argmin(0)
    normals = np.stack([part[1] for part in parts])
    return distances.min(0), np.take_along_axis(normals, nearest[None, ..., None], 0)[0]


def _tube(eye: Floats, rays: Floats, radius: float, low: float, high: float) -> tuple[Floats, Floats]:
    """The side of an upright cylinder between two heights."""
    flat = rays * np.array([1, 0, 1])
    start = eye * np.array([1, 0, 1])
    square, middle = (flat**2).sum(-1), flat @ start
    root = middle**2 - square * (start @ start - radius**2)
    distance = np.where(root >= 0, (-middle - np.sqrt(np.maximum(root, 0))) / square, np.inf)
    place = _towards(eye, rays, distance)
    distance = np.where((place[..., 1] >= low) & (place[..., 1] <= high), distance, np.inf)
    return distance, place * np.array([1, 0, 1]) / radius


def _towards(start: Floats, rays: Floats, distance: Floats) -> Floats:
    """Where rays are after a distance; nowhere in particular where that is infinite."""
    return start + np.where(np.isfinite(distance), distance, 0)[..., None] * rays


SOLIDS = {"cube": _cube, "cylinder": _cylinder, "sphere": _sphere, "capsule": _capsule}
KIND = DataKind("scenes", "Scenes like 3D Shapes, six exact factors", path="optional", advice=ADVICE)
SOURCES = (Source(KIND, read, lambda: True),)
