"""The exercise that the field teaches with, on every bundled model, as pictures in a folder.

Two latents that give two different digits; eleven steps from one to the other, straight and on the
great circle; and a map of thousands of latents in the colours of what a classifier sees in them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from backends.api import BadModel, Capability, ModelInfo
from backends.catalog import list_models
from explorer.latent.choose import two_different
from explorer.latent.mapping import METHODS
from explorer.latent.paths import walk
from explorer.model.export import enlarged, sheet, write_png
from explorer.verbs import map as map_verb
from explorer.workers.headless import Host

HELP = "do the whole exercise on the bundled models: walks between two digits and a map, as pictures"
STEPS = 11
CANDIDATES = 200  # samples among which two different ones are chosen
MAPPED = 2000
SHOWN_SIDE = 112  # pixels of one picture in a strip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("exercise"), help="folder for the pictures")
    parser.add_argument("--seed", type=int, default=1, help="seed of the samples")
    parser.add_argument("--count", type=int, default=MAPPED, help="latents on each map")
    parser.add_argument("--method", choices=tuple(METHODS), default="umap", help="how the maps are laid out")
    parser.add_argument("models", nargs="*", help="names of models (all bundled ones when left out)")


def run(args: argparse.Namespace) -> int:
    generators = _chosen(args.models)
    args.out.mkdir(parents=True, exist_ok=True)
    with Host() as host:
        for info in generators:
            _say(_walks(host, info, args.seed, args.out))
        for info in _worth_mapping(generators):
            picture = args.out / f"{info.name}-map.png"
            map_verb.draw(host, info, method=args.method, count=args.count, seed=args.seed, out=picture)
            _say(picture)
    print(f"The pictures are in {args.out.resolve()}")
    return 0


def _chosen(names: list[str]) -> list[ModelInfo]:
    generators = [info for info in list_models() if info.can_generate]
    if names:
        generators = [info for info in generators if info.name in names]
    if not generators:
        raise BadModel("There is no model to do the exercise with.", "List them: python main.py models.")
    return generators


def _worth_mapping(generators: list[ModelInfo]) -> list[ModelInfo]:
    """Where a map shows how classes occupy the latent space: a classifier can name what is generated."""
    return [info for info in generators if info.classifier and info.can(Capability.ENCODES)]


def _walks(host: Host, info: ModelInfo, seed: int, out: Path) -> Path:
    """Two rows of eleven pictures: the straight way, and the great circle below it."""
    options = {"count": CANDIDATES, "seed": seed, "classifier": info.classifier, "keep_images": False}
    parts = [r.arrays for r in host.stream("sample", info.path, options=options) if r.kind == "partial"]
    codes = np.concatenate([p["codes"] for p in parts])
    first, second = 0, 1
    if info.classifier:
        labels = np.concatenate([p["labels"] for p in parts])
        first, second = two_different(labels, np.concatenate([p["confidence"] for p in parts]))
    start, end = info.space.unpack(codes[first]), info.space.unpack(codes[second])
    rows = [host.generate(info, walk(info.space, start, end, STEPS, how)) for how in ("linear", "spherical")]
    path = out / f"{info.name}-walk.png"
    write_png(path, sheet(enlarged(np.concatenate(rows), SHOWN_SIDE), STEPS))
    return path


def _say(path: Path) -> None:
    print(path, flush=True)
