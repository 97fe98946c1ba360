"""`directions`: find directions of a model's latent space, and save a strip for each."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import Array, BadRequest, Capability, ModelInfo, Part
from backends.catalog import find
from explorer.latent.compare import load_images
from explorer.latent.directions import class_means
from explorer.latent.directions.boundary import boundary
from explorer.latent.directions.closed_form import sefa
from explorer.latent.task import Task
from explorer.model.export import Origin, enlarged, sheet, write_png
from explorer.verbs.interpolate import END, code_of
from explorer.verbs.sample import class_number
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending
from trainers.directions.settings import LATENTCLR, VOYNOV

HELP = "find directions of a latent space and save a strip for each"
FRAMES = 9
Found = tuple[Array, list[str]]  # directions [K, d], a figure for each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--method", choices=sorted(METHODS), default="sefa", help="how to find them (sefa)")
    parser.add_argument("--from", dest="start", default="0", help=f"the picture in the middle: {END}")
    parser.add_argument("--part", default="", help="the part of the code (the main one)")
    parser.add_argument("--count", type=int, default=8, help="directions (8)")
    parser.add_argument(
        "--layer", type=int, default=0, help="ganspace (1) and latentclr (the middle one): the layer, from 1"
    )
    parser.add_argument("--steps", type=int, default=0, help="voynov (1500) and latentclr (300): steps")
    parser.add_argument("--seed", type=int, default=0, help="voynov and latentclr: where they begin (0)")
    parser.add_argument("--samples", type=int, default=0, help="codes (ganspace 10000, means and svm 4000)")
    parser.add_argument("--groups", default="", help="means and svm: two classes, such as 3,8")
    parser.add_argument(
        "--data", default="", help="means and svm: labelled data to encode instead of samples"
    )
    parser.add_argument("--reach", type=float, default=3.0, help="standard deviations to either side (3)")
    parser.add_argument(
        "--out", type=Path, default=Path("directions.png"), help="a .png, or .npz for the vectors"
    )


def run(args: argparse.Namespace) -> int:
    check_ending(args.out, ".png", ".npz")
    if args.count < 1 or args.reach <= 0:
        raise BadRequest("At least one direction and a reach above 0 are needed.", "Use --count 8 --reach 3.")
    if args.method in ("means", "svm") and len(_words(args.groups)) != 2:
        raise BadRequest("Two groups are needed.", "Name two classes: --groups 3,8.")
    info = find(args.model)
    part = info.space[args.part] if args.part else info.space.main
    with Host() as host:
        code = code_of(host, info, args.start)
        vectors, figures = METHODS[args.method](host, info, part, args)
        for number, figure in enumerate(figures, 1):
            print(f"{number:>3}  {figure}")
        if args.out.suffix.lower() == ".npz":
            np.savez(args.out, directions=vectors, part=part.name, model=info.name)
        else:
            base = info.space.truncate(info.space.pack(code)[None], code.truncation)
            amounts = np.linspace(-args.reach, args.reach, FRAMES, dtype=np.float32)
            rows = np.repeat(base, len(vectors) * FRAMES, 0)
            rows[:, info.space.slices[part.name]] += (vectors[:, None] * amounts[:, None]).reshape(
                len(rows), -1
            )
            images = host.generate(info, rows, knobs=code.options)
            picture = sheet(enlarged(images, 64), FRAMES)
            write_png(args.out, picture, Origin(code, info.name, info.checksum))
    print(args.out)
    return 0


def _by_effect(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    reply = host.call("directions", info.path, options={"part": part.name, "count": args.count})
    return reply.arrays["directions"], [f"{effect:.4f} a deviation" for effect in reply.arrays["effects"]]


def _by_slope(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    code = info.space.pack(code_of(host, info, args.start))[None]
    options = {"part": part.name, "count": args.count}
    reply = host.call("jacobian", info.path, options=options, arrays={"codes": code})
    return reply.arrays["directions"], [f"{effect:.4f} a deviation" for effect in reply.arrays["effects"]]


def _by_weight(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    weight = host.call("weight", info.path, options={"part": part.name}).arrays["weight"]
    vectors, values = sefa(part, weight)
    return vectors[: args.count], [f"eigenvalue {value:.3f}" for value in values[: args.count]]


def _by_layer(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    options = {
        "part": part.name, "layer": max(args.layer - 1, 0), "samples": args.samples or 10_000,
        "count": args.count,
    }  # fmt: skip
    arrays = host.call("components", info.path, options=options).arrays
    pairs = zip(arrays["shares"], arrays["fits"], strict=True)
    return arrays["directions"], [f"{share:.1%} of the variance, {fit:.0%} linear" for share, fit in pairs]


def _by_means(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    values, inside, outside, _, name = _two_groups(host, info, part, args)
    found = class_means(part, values, inside, outside)
    return found.vector[None], [f"{name}: right for {found.accuracy:.1%} of held-out codes"]


def _by_svm(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    values, inside, outside, sure, name = _two_groups(host, info, part, args)
    rows = inside | outside
    found = boundary(part, values[rows], inside[rows], None if sure is None else sure[rows])
    return found.vector[None], [f"{name}: {found.accuracy:.1%} of the surest, {found.rest:.1%} of the others"]


def _by_training(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Found:
    from trainers.directions.job import run as learn  # torch

    options = {
        "model": info.path, "part": part.name, "method": args.method, "count": args.count,
        "layer": args.layer, "steps": args.steps, "seed": args.seed,
    }  # fmt: skip
    found = learn(Task(_say_how_far()), {}, options)
    chance = found["data"]["chance"]
    told = {VOYNOV: "named rightly", LATENTCLR: "told from the others"}[args.method]
    pairs = zip(found["accuracies"], found["effects"], strict=True)
    return found["directions"], [
        f"{share:.1%} {told} (chance {chance:.1%}), {effect:.4f} a deviation" for share, effect in pairs
    ]


def _say_how_far() -> Callable[[str, dict, dict], None]:
    """A line for each tenth of the way."""
    tenth = -1

    def say(kind: str, data: dict, _arrays: dict) -> None:
        nonlocal tenth
        if kind == "progress" and (now := int(10 * data["fraction"])) > tenth:
            tenth = now
            print(f"{data['text']}: {now * 10} %", flush=True)

    return say


METHODS: dict[str, Callable[[Host, ModelInfo, Part, argparse.Namespace], Found]] = {
    "principal": _by_effect, "jacobian": _by_slope, "sefa": _by_weight, "ganspace": _by_layer,
    "means": _by_means, "svm": _by_svm,
    VOYNOV: _by_training, LATENTCLR: _by_training,
}  # fmt: skip


def _two_groups(host: Host, info: ModelInfo, part: Part, args: argparse.Namespace) -> Any:
    """Values `[N, d]`, which are in the first group and in the second, how sure it is, and a name."""
    words = _words(args.groups)
    codes, labels, sure, classes = _labelled(host, info, args)
    first, second = (class_number(classes, int(labels.max()) + 1, word) for word in words)
    values = codes[:, info.space.slices[part.name]]
    return values, labels == first, labels == second, sure, f"{words[0]} − {words[1]}"


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _labelled(host: Host, info: ModelInfo, args: argparse.Namespace) -> Any:
    count = args.samples or 4000
    if args.data:
        options = {"data": args.data, "image_size": info.image_shape[0], "channels": info.image_shape[2],
                   "count": count, "split": "train"}  # fmt: skip
        found = load_images(Task(), {}, options)
        if "labels" not in found or not info.can(Capability.ENCODES):
            raise BadRequest("Labels and an encoder are needed.", "Choose other data, or leave out --data.")
        codes = host.call("encode", info.path, arrays={"images": found["images"]}).arrays["codes"]
        return codes, found["labels"], None, tuple(found["data"]["classes"])
    if not info.classifier:
        raise BadRequest(f"Nothing names what {info.name} makes.", "Give labelled data: --data mnist.")
    options = {"count": count, "seed": 0, "classifier": info.classifier, "keep_images": False}
    parts = [r.arrays for r in host.stream("sample", info.path, options=options) if r.kind == "partial"]
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return joined["codes"], joined["labels"], joined["confidence"], find(info.classifier).classes
