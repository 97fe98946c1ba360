"""`traverse`: a picture along every dimension, what changes it most first; as a grid or in motion."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from backends.api import Array, BadRequest, ModelInfo
from backends.catalog import find
from explorer.latent import traversals
from explorer.latent.traversals import Line
from explorer.model.export import Origin, ending, enlarged, save
from explorer.verbs.interpolate import END, code_of
from explorer.workers.headless import Host

HELP = "move a picture along every dimension and save the grid or the motion"
SORTS = ("change", "kl", "order")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--from", dest="start", default="0", help=f"the picture: {END}")
    parser.add_argument(
        "--along", choices=("dimensions", "principal"), default="dimensions", help="(dimensions)"
    )
    parser.add_argument(
        "--sort", choices=SORTS, default="change", help="change of the picture, nats, or as they are"
    )
    parser.add_argument("--reach", type=float, default=2.0, help="standard deviations to either side (2)")
    parser.add_argument("--steps", type=int, default=9, help="pictures in a row (9)")
    parser.add_argument("--top", type=int, default=10, help="rows (10; 0 for all)")
    parser.add_argument(
        "--out", type=Path, default=Path("traverse.png"), help=".png (grid), .gif or .mp4 (motion)"
    )


def run(args: argparse.Namespace) -> int:
    if args.steps < 2 or args.reach <= 0 or args.top < 0:
        raise BadRequest(
            "A traversal needs two steps at least and a reach above 0.", "Use --steps 9 --reach 2."
        )
    if args.sort == "kl" and args.along == "principal":
        raise BadRequest("Nats belong to dimensions.", "Leave out --along principal, or sort by change.")
    suffix = ending(args.out)
    info = find(args.model)
    with Host() as host:
        code = code_of(host, info, args.start)
        lines = _lines(host, info, args.along)
        codes = traversals.codes(info.space, code, lines, args.reach, args.steps)
        flat = host.generate(info, codes.reshape(-1, info.space.size), knobs=code.options)
        images = flat.reshape(*codes.shape[:2], *flat.shape[1:])
        effects = traversals.changes(images)
        values = _sorted_by(host, info, args.sort, lines, effects)
    order = traversals.order(values)[: args.top or None]
    for row in order:
        print(
            f"{lines[row].name:<12} {effects[row]:.4f}" + (f" {values[row]:.3f} nats" * (args.sort == "kl"))
        )
    shown = enlarged(images[order], 64)
    if suffix == ".png":
        flat = shown.reshape(-1, *shown.shape[2:])
        save(args.out, flat, columns=args.steps, origin=Origin(code, info.name, info.checksum))
    else:
        save(args.out, np.concatenate(list(shown), axis=2), fps=6.0, swing=True)
    print(args.out)
    return 0


def _lines(host: Host, info: ModelInfo, along: str) -> list[Line]:
    if along == "dimensions":
        lines = traversals.dimensions(info.space)
    else:
        main = info.space.main
        found = host.call("directions", info.path, options={"part": main.name}).arrays["directions"]
        lines = traversals.along(main, found, [f"PC {i + 1}" for i in range(len(found))])
    if not lines:
        raise BadRequest(
            f"{info.name} draws from noise alone.", "Choose a model with a latent space to steer."
        )
    return lines


def _sorted_by(host: Host, info: ModelInfo, how: str, lines: list[Line], effects: Array) -> Array:
    if how == "order":
        return -np.arange(len(lines), dtype=np.float32)
    if how == "change":
        return effects
    nats = host.call("kl", info.path).arrays["kl"]
    return np.asarray(nats[[line.dimension for line in lines]], np.float32)
