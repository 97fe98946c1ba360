"""`encode MODEL`: the codes of all images of a data set, in shards; here or by a cluster."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import WHY_NOT, BadRequest, Capability, ModelInfo
from backends.catalog import find
from backends.files import swap
from explorer.latent.compare import data_spec
from explorer.workers.headless import Host
from trainers import data
from trainers.cluster import places
from trainers.cluster.pool import Pool
from trainers.cluster.shards import Codes, Done, Shards, Workers, work_off

HELP = "write the codes of all images of a data set, on this computer or by the workers of a Ray cluster"
LINE_S = 2.0  # between two lines of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument(
        "--data", default="", metavar="SPEC", help="what to encode (what the model learnt from)"
    )
    parser.add_argument("--split", choices=("train", "test", "all"), default="all", help="of the data (all)")
    parser.add_argument("--limit", type=int, default=0, help="only so many images (0: all)")
    parser.add_argument(
        "--out", type=Path, default=Path("codes.npz"), help="an .npz file; `map --file` draws it"
    )
    parser.add_argument("--shard", type=int, default=2048, help="images that are kept together (2048)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="have a Ray cluster do it: HOST or ray://HOST:PORT"
    )
    parser.add_argument("--workers", type=int, default=1, help="with --cluster: how many (1)")
    parser.add_argument(
        "--resources", default="", metavar="cpus=1,gpus=0", help="with --cluster: of each worker"
    )


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    if not info.can(Capability.ENCODES):
        raise BadRequest(WHY_NOT[Capability.ENCODES], "Choose a model with an encoder.")
    spec = args.data or data_spec(info.dataset)
    if not spec:
        raise BadRequest(f"The data set of {info.name} isn't known.", "Name one: --data mnist.")
    if args.out.suffix != ".npz" or args.shard < 1 or args.workers < 1 or args.limit < 0:
        raise BadRequest("That can't be done.", "--out ends with .npz; shards and workers are 1 or more.")
    if args.cluster:
        return _by_cluster(args, info, spec)
    if args.workers > 1 or args.resources:
        raise BadRequest("Workers are those of a cluster.", "Say which: --cluster ADDRESS.")
    return _here(args, info, spec)


@dataclass
class OneHost:
    """This computer's model host as the only worker."""

    host: Host
    info: ModelInfo
    images: NDArray[np.uint8]
    _done: list[Done] = field(default_factory=list)

    def idle(self) -> bool:
        return not self._done

    def hand(self, shard: int, start: int, stop: int) -> None:
        begun = time.perf_counter()
        reply = self.host.call("encode", self.info.path, arrays={"images": self.images[start:stop]})
        codes = reply.arrays["codes"].astype(np.float32)
        self._done.append(Done(shard, 0, codes, time.perf_counter() - begun))

    def collect(self) -> list[Done]:
        done, self._done = self._done, []
        return done


def _here(args: argparse.Namespace, info: ModelInfo, spec: str) -> int:
    height, _, channels = info.image_shape
    loaded = data.load(spec, height, channels, args.limit, args.split)
    facts = {"count": len(loaded), "data": loaded.checksum(), "model": info.checksum,
             "classes": list(loaded.classes)}  # fmt: skip
    with Host() as host:
        _work(args, OneHost(host, info, loaded.images), facts, loaded.labels)
    return 0


def _by_cluster(args: argparse.Namespace, info: ModelInfo, spec: str) -> int:
    if not places.is_installed():
        raise places.NO_RAY
    wish = places.resources(args.resources, places.Wish(places.parse(args.cluster)))
    path = Path(info.path)
    with places.log_named("encode").open("wb") as log:
        pool = Pool(wish, args.workers, path, spec, args.split, args.limit, log)
        print("Connecting to the cluster.", flush=True)
        with pool:
            if pool.notice:
                print(pool.notice)
            pool.begin(lambda text: print(text, flush=True))
            _work(args, pool, pool.facts, pool.labels)
    return 0


def _work(
    args: argparse.Namespace, workers: Workers, facts: dict[str, Any], labels: NDArray[np.int64] | None
) -> None:
    """Do what is missing, then write the file; the folder of the shards goes."""
    same = {name: facts[name] for name in ("data", "model")}
    folder = args.out.with_name(f"{args.out.name}.shards")
    shards = Shards.open(folder, int(facts["count"]), args.shard, same)
    tally = work_off(shards, workers, _Progress())
    _write(args.out, shards.all(), labels, facts["classes"])
    shards.remove()
    print(tally.sentence())
    print(args.out)


class _Progress:
    """A line now and then."""

    def __init__(self) -> None:
        self._said = 0.0

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._said >= LINE_S or done == of:
            self._said = now
            print(f"{done} of {of} shards", file=sys.stderr, flush=True)


def _write(path: Path, codes: Codes, labels: NDArray[np.int64] | None, classes: list[str]) -> None:
    """`codes` `[N, D]`, and where the data have them `labels` `[N]` and the names of `classes`."""
    arrays: dict[str, Any] = {"codes": codes}
    if labels is not None:
        arrays |= {"labels": labels, "classes": np.array(classes)}
    beside = path.with_name(f".{path.name}.{os.getpid()}.npz")
    try:
        np.savez(beside, **arrays)
        swap(beside, path)
    finally:
        beside.unlink(missing_ok=True)
