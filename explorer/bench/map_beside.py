"""A process that lays out maps and times it, ours and the libraries': lines of JSON in, lines of JSON out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.api import LatentSpace, Part
from explorer.latent.maps.classic import classic
from explorer.latent.maps.graph import fuzzy_graph
from explorer.latent.maps.inverse import Inverse
from explorer.latent.maps.making import make
from explorer.latent.maps.methods import Wish
from explorer.latent.maps.neighbours import neighbour_table
from explorer.latent.maps.pca import pca
from explorer.latent.maps.placing import Places
from explorer.latent.maps.quality import measure
from explorer.latent.maps.series import series
from explorer.latent.maps.umap import started, umap
from explorer.latent.task import Task

SIZE, CLASSES, BLOBS, RANK = 64, 10, 3, 8


def mixture(count: int, seed: int = 0) -> np.ndarray:
    """Ten classes of three flat Gaussians each in 64 dimensions, with noise: `[N, 64]`."""
    rng = np.random.default_rng(seed)
    which = rng.integers(CLASSES * BLOBS, size=count)
    centres = rng.normal(scale=2.0, size=(CLASSES * BLOBS, SIZE))
    axes = rng.normal(size=(CLASSES * BLOBS, RANK, SIZE))
    flat = np.einsum("nr,nrd->nd", rng.normal(size=(count, RANK)), axes[which]) if count <= 60_000 else (
        np.concatenate([np.einsum("nr,nrd->nd", rng.normal(size=(len(w), RANK)), axes[w])
                        for w in np.array_split(which, count // 20_000)])
    )  # fmt: skip
    return (centres[which] + flat + rng.normal(scale=0.3, size=(count, SIZE))).astype(np.float32)


def ours(points: np.ndarray) -> np.ndarray:
    """Neighbours, graph and layout, nothing from the cache."""
    table = neighbour_table(Task(), points, keep=False)
    positions = np.zeros((0, 2), np.float32)
    for _, positions in umap(fuzzy_graph(table, 15), started(pca(points), 0)):  # noqa: B007  the last one
        pass
    return positions


def layouts(count: int) -> dict[str, float]:
    """Seconds and neighbours kept of ours and of umap-learn, seeded and not, each warm."""
    points, few = mixture(count), mixture(300)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "ours": ours, "theirs": lambda x: classic(x, Wish("classic")),
    }  # fmt: skip
    said: dict[str, float] = {}
    table = neighbour_table(Task(), points, keep=False)
    for name, way in ways.items():
        way(points if name == "theirs" else few)  # umap-learn compiles other loops for many points
        began = time.perf_counter()
        positions = way(points)
        said[name] = time.perf_counter() - began
        said[f"{name} kept"] = measure(Task(), points, positions, table).kept
    return said


def whole(count: int) -> dict[str, float]:
    """Seconds of the whole job, as the window asks for it."""
    points = mixture(count)
    ours(mixture(300))
    began = time.perf_counter()
    made = make(Task(), {"points": points}, {"method": "umap", "cache": False})
    return {"seconds": time.perf_counter() - began, "trust": made["data"]["quality"]["trustworthiness"]}


def spots(count: int, turns: int) -> dict[str, float]:
    """Milliseconds to place a code, and to invert a spot of a map of so many points."""
    points = mixture(count)
    positions = pca(points)
    space = LatentSpace((Part("z", (SIZE,)),))
    places, inverse = Places.of(points, positions), Inverse.of(space, points, positions)
    said = {}
    for name, turn in (
        ("place", lambda at: places.place(points[[at]] + np.float32(0.1))),
        ("inverse", lambda at: inverse.at(positions[[at]] + np.float32(0.1))),
    ):
        times = []
        for at in range(turns):
            began = time.perf_counter()
            turn(at)
            times.append((time.perf_counter() - began) * 1000)
        said[name] = float(np.median(times))
    return said


def checkpoints(slices: int, steady: float) -> dict[str, float]:
    """Seconds and largest drift of maps of scikit-learn's digits while their classes come apart."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    points = pixels / 16
    middles = np.stack([points[labels == c].mean(axis=0) for c in range(10)])[labels]
    grown = {f"points {t}": (points + 0.15 * t * (middles - points.mean(axis=0))).astype(np.float32)
             for t in range(slices)}  # fmt: skip
    began = time.perf_counter()
    made = series(Task(), grown, {"method": "umap", "steady": steady, "cache": False})
    return {"seconds": time.perf_counter() - began, "drift": float(made["drift"].max())}


def main() -> None:
    """Answer requests `{"what": NAME, …}` until the stream ends."""
    known: dict[str, Callable[..., dict[str, float]]] = {
        "layouts": layouts, "whole": whole, "spots": spots, "checkpoints": checkpoints,
    }  # fmt: skip
    out = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        out.write(json.dumps(known[asked.pop("what")](**asked)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
