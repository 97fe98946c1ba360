"""`interpolate`: the walk between two codes, as a strip (.png) or an animation (.gif, .mp4)."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from backends.api import BadCode, BadRequest, Code, ModelInfo
from backends.catalog import find
from explorer.latent.choose import surest
from explorer.latent.paths import WAYS, walk
from explorer.model import state
from explorer.model.export import Origin, ending, enlarged, read_origin, save
from explorer.verbs.sample import class_number, label_part, one_hot
from explorer.workers.headless import Host

HELP = "walk from one code to another and save the pictures"
CANDIDATES = 400  # samples among which the surest picture of a class is looked for
END = "a seed, a code (le1.…), a picture saved by Latent Explorer, or label:NAME for a picture of a class"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--from", dest="start", default="0", help=f"where the walk starts: {END}")
    parser.add_argument("--to", dest="end", default="1", help="where it ends, likewise")
    parser.add_argument("--steps", type=int, default=11, help="pictures, both ends counted (11)")
    parser.add_argument("--how", choices=sorted(WAYS), default="spherical", help="the way (spherical)")
    parser.add_argument("--fps", type=float, default=8.0, help="pictures a second in an animation (8)")
    parser.add_argument("--swing", action="store_true", help="let an animation go there and back")
    parser.add_argument("--out", type=Path, default=Path("walk.png"), help=".png, .gif or .mp4")


def run(args: argparse.Namespace) -> int:
    if args.steps < 2 or args.fps <= 0:
        raise BadRequest("A walk needs two steps at least and a speed above 0.", "Use --steps 11 --fps 8.")
    ending(args.out)
    info = find(args.model)
    with Host() as host:
        start, end = (code_of(host, info, text) for text in (args.start, args.end))
        codes = walk(info.space, start, end, args.steps, args.how)
        images = host.generate(info, codes, knobs=start.options)
    path = state.Path(codes=(start, end), how=args.how, steps=args.steps)
    origin = Origin(start, info.name, info.checksum, path)
    save(args.out, enlarged(images), fps=args.fps, swing=args.swing, origin=origin)
    print(args.out)
    return 0


def code_of(host: Host, info: ModelInfo, text: str) -> Code:
    """The code that an argument names, see `END`. Raises `BadCode` or `BadRequest`."""
    if text.lstrip("-").isdecimal():
        return info.space.sample(int(text))
    if text.startswith("label:"):
        return _of_class(host, info, text.removeprefix("label:"))
    if text.startswith("le1."):
        code = Code.from_text(text)
    elif Path(text).is_file() and (origin := read_origin(text)):
        code = origin.code
    else:
        raise BadCode(f"{text!r} names no code.", f"Give {END}.")
    info.space.pack(code)
    return code


def _of_class(host: Host, info: ModelInfo, name: str) -> Code:
    """A picture of a class: asked of a conditional model, looked for among samples with a classifier."""
    if info.space.label is not None:
        return info.space.sample(0).with_value(label_part(info), one_hot(info, name))
    if not info.classifier:
        advice = "Give a seed or a code, or choose a conditional model."
        raise BadRequest(f"Nothing names what {info.name} makes: it has no classifier.", advice)
    options = {"count": CANDIDATES, "seed": 0, "classifier": info.classifier, "keep_images": False}
    replies = host.stream("sample", info.path, options=options)
    parts = [reply.arrays for reply in replies if reply.kind == "partial"]
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    best = surest(found["labels"], found["confidence"])
    wanted = class_number(info.classes, len(info.classes) or max(best) + 1, name)
    if wanted not in best:
        raise BadRequest(
            f"None of {CANDIDATES} samples of {info.name} is a {name!r}.", "Give a seed or a code."
        )
    return info.space.unpack(found["codes"][best[wanted]])
