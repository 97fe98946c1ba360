"""`transfer MODEL`: which group of a code carries which factor of labelled data, and what it disturbs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from backends.api import BadRequest, Capability, ModelInfo
from backends.catalog import find
from explorer.latent.mixing import Group, exchanged
from explorer.latent.oracle import Integers, Oracle, fit, labelled
from explorer.latent.oracle_file import write
from explorer.latent.scores.api import Array
from explorer.latent.scores.transfer import best_chunks, transfer
from explorer.verbs.mix import SPLITS, groups_of
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending, data_of, telling

LEARNT = 5000  # images that an oracle is learnt from
HELP = "swap each group between labelled images; an oracle says which factors came through, and which stayed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model that encodes")
    parser.add_argument("--data", default="", help="data with factors or labels (else those of the model)")
    parser.add_argument("--groups", default="parts", help=f"how to split the space: {SPLITS} (parts)")
    parser.add_argument("--count", type=int, default=1000, help="pairs of held-out images (1,000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the oracle and of the pairs")
    parser.add_argument("--keep", type=Path, help="also write the oracle to this .npz")
    parser.add_argument("--json", action="store_true", help="print the matrices as JSON")


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    if not info.can(Capability.ENCODES):
        raise BadRequest(f"{info.name} can't encode images.", "Choose a model that can.")
    if args.count < 1:
        raise BadRequest(f"{args.count} pairs can't be swapped.", "Ask for 1 or more.")
    check_ending(args.keep, ".npz")
    oracle, images, values = _judged(info, data_of(info, args.data), args.seed)
    if args.keep is not None:
        write(args.keep, oracle)
    with Host() as host:
        groups = groups_of(host, info, args.groups)
        carried, kept, copied = _swapped(host, info, groups, oracle, images, values, args)
    if args.json:
        told = {"groups": [g.name for g in groups], "oracle": oracle.to_json(), "copies": copied.tolist(),
                "transfer": carried.tolist(), "preservation": kept.tolist()}  # fmt: skip
        print(json.dumps(told, indent=2))
        return 0
    print(f"{info.name}: {args.count:,} swaps of each group. {oracle.sentence()}")
    for title, matrix in (("Transfer", carried), ("Preservation", kept)):
        print("\n".join(_lines(title, matrix, groups, oracle.factors)))
    print("\n".join(_lines("Copied", copied[None], [], oracle.factors)))
    for factor, (best, came, others) in zip(oracle.factors, best_chunks(carried, kept), strict=True):
        if best >= 0:
            stay = "" if np.isnan(others) else f", the others stay in {others:.0%}"
            print(f"{factor}: {groups[best].name} carries {came:.0%}{stay}")
    return 0


def _judged(info: ModelInfo, spec: str, seed: int) -> tuple[Oracle, np.ndarray, np.ndarray]:
    """An oracle of the images that models learn from, and all held-out images with their values `[N, K]`."""
    from trainers.data import load

    size, _, channels = info.image_shape
    seen, unseen = (load(spec, size, channels, split=split) for split in ("train", "test"))
    names, known = labelled(seen)
    truth = labelled(unseen)[1]
    rows = np.random.default_rng(seed).permutation(len(seen))[:LEARNT]
    with telling() as task:
        oracle = fit(seen.images[rows], known[rows], names, task, seed)
    return oracle, unseen.images, truth[:, [names.index(name) for name in oracle.factors]]


def _swapped(
    host: Host,
    info: ModelInfo,
    groups: list[Group],
    oracle: Oracle,
    images: np.ndarray,
    values: np.ndarray,
    args: argparse.Namespace,
) -> tuple[Array, Array, np.ndarray]:
    """Transfer and preservation `[G, K]`, and the share of plain copies `[K]` that are named rightly."""
    rng = np.random.default_rng(args.seed)
    rows, at = np.unique(rng.integers(len(images), size=(2, args.count)), return_inverse=True)
    receivers, givers = at.reshape(2, -1)  # some models take long to encode: only what is swapped
    values, images = values[rows], images[rows]
    codes = host.call("encode", info.path, arrays={"images": images}).arrays["codes"]

    def named(wanted: np.ndarray) -> Integers:
        return oracle.judge(host.generate(info, wanted))[0]

    mixed = [named(exchanged(info.space, codes[receivers], codes[givers], [group])) for group in groups]
    carried, kept = transfer(np.stack(mixed), values[givers], values[receivers])
    return carried, kept, (named(codes[receivers]) == values[receivers]).mean(0)


def _lines(title: str, matrix: np.ndarray, groups: list[Group], factors: tuple[str, ...]) -> list[str]:
    rows = [group.name for group in groups] or [""]
    first, width = max(map(len, [title, *rows])), max(map(len, factors)) + 2
    head = title.ljust(first) + "".join(factor.rjust(width) for factor in factors)
    return [head] + [
        name.ljust(first) + "".join(f"{value:.2f}".rjust(width) for value in line)
        for name, line in zip(rows, matrix, strict=True)
    ]
