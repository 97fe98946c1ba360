"""`sample`: random pictures of a model, as one sheet or as single pictures that hold their codes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backends.api import WHY_NOT, Array, BadRequest, Capability, ModelInfo
from backends.catalog import find
from explorer.model.export import Origin, enlarged, sheet, write_png
from explorer.workers.headless import Host

HELP = "make random pictures with a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--count", type=int, default=16, help="how many pictures (16)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first picture; each has its own (0)")
    parser.add_argument("--truncation", type=float, default=1.0, help="1 leaves the prior, 0 is its centre")
    parser.add_argument(
        "--knob",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="guidance, steps, …, as the model has",
    )
    parser.add_argument("--label", help="class to make, by name or number (conditional models)")
    parser.add_argument("--columns", type=int, default=0, help="pictures in a row of the sheet")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("samples.png"),
        help="a .png for one sheet, or a folder for single ones",
    )


def run(args: argparse.Namespace) -> int:
    if args.count < 1:
        raise BadRequest("At least one picture must be asked for.", "Use --count 1 or more.")
    single_file = args.out.suffix.lower() == ".png"
    if args.out.suffix and not single_file:
        raise BadRequest(f"{args.out.name} has no known ending.", "Use .png, or name a folder.")
    info = find(args.model)
    knobs = turned(info, args.knob)
    seeds = range(args.seed, args.seed + args.count)
    codes = info.space.pack_many([info.space.sample(seed) for seed in seeds])
    if args.label is not None:
        codes[:, info.space.slices[label_part(info)]] = one_hot(info, args.label)
    with Host() as host:
        images = host.generate(info, codes, args.truncation, knobs)
    if single_file and args.count > 1:
        columns = args.columns or math.ceil(math.sqrt(args.count))
        write_png(args.out, sheet(enlarged(images, 112), columns))
        print(args.out)
        return 0
    for seed, code, image in zip(seeds, codes, images, strict=True):
        path = args.out if single_file else args.out / f"{info.name}-{seed}.png"
        made_of = info.space.unpack(code, args.truncation).with_options(knobs)
        origin = Origin(made_of, info.name, info.checksum)
        write_png(path, enlarged(image), origin)
        print(path)
    return 0


def turned(info: ModelInfo, pairs: Sequence[str]) -> dict[str, float]:
    """What `--knob NAME=VALUE` say, by name. Raises `BadRequest` for what this model hasn't."""
    known = {knob.name: knob for knob in info.knobs}
    values: dict[str, float] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has none."
            raise BadRequest(f"{info.name} has no knob {name!r}.", has)
        knob = known[name]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not knob.low <= value <= knob.high:
            advice = f"Give a number from {knob.low:g} to {knob.high:g}."
            raise BadRequest(f"{name} can't be {text!r}.", advice)
        values[name] = knob.value({name: value})
    return values


def label_part(info: ModelInfo) -> str:
    """The name of the part that holds the label. Raises `BadRequest` when there is none."""
    if info.space.label is None:
        raise BadRequest(WHY_NOT[Capability.LABELS], "Leave out --label, or choose a conditional model.")
    return info.space.label.name


def one_hot(info: ModelInfo, text: str) -> Array:
    """The weights `[K]` of one class, given by name or number. Raises `BadRequest` for another."""
    names = info.classes or (info.space.label.names if info.space.label else ())
    size = info.space[label_part(info)].size
    return np.eye(size, dtype=np.float32)[class_number(names, size, text)]


def class_number(names: tuple[str, ...], size: int, text: str) -> int:
    """The number of a class among `size`, given by its name or number. Raises `BadRequest`."""
    lowered = [name.lower() for name in names]
    if text.lower() in lowered:
        return lowered.index(text.lower())
    if text.isdecimal() and int(text) < size:
        return int(text)
    known = ", ".join(names) if names else f"0 to {size - 1}"
    raise BadRequest(f"There is no class {text!r}.", f"The classes are: {known}.")
