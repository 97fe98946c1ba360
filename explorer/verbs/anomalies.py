"""`anomalies MODEL`: how well a model's scores tell what it was not trained on from what it was."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from backends.api import BadRequest, ModelInfo
from backends.catalog import find
from explorer.latent.anomaly import judge, verdict_of
from explorer.latent.anomaly_case import HOW, Asked, Case, proposed, scores_of, ways, why_not
from explorer.latent.anomaly_data import read
from explorer.latent.anomaly_picture import save
from explorer.latent.task import Task
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending, data_of, telling

HELP = "find what a model was not trained on, by its reconstruction error or likelihood: ROC, worst images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model that encodes or has a likelihood")
    parser.add_argument("--data", default="", help="data that are normal (else those of the model)")
    parser.add_argument(
        "--normal", default="",
        help="its normal classes, as 0-4 or 0,1,2 (else those that the model was trained on)",
    )  # fmt: skip
    parser.add_argument(
        "--against", default="", metavar="DATA", help="other data as anomalies (else the other classes)"
    )
    parser.add_argument("--by", choices=tuple(HOW), default="", help="what scores an image")
    parser.add_argument("--count", type=int, default=2000, help="images of each side (2,000; 0: all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the interval")
    parser.add_argument("--out", type=Path, help="a picture (.png): histogram, ROC, worst images")
    parser.add_argument("--csv", type=Path, help="a table (.csv): the score of every image")


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    asked = _asked(args, info)
    for file, ending in ((args.out, ".png"), (args.csv, ".csv")):
        check_ending(file, ending)
    case = searched(info, asked)
    print(asked.title(info))
    print(case.verdict.sentence())
    for name, count, area in sorted(case.verdict.groups, key=lambda group: group[2]):
        print(f"  {name:<16}{count:>7,}{area:>9.3f}")
    arrays, options = case.drawing()
    for file in (args.out, args.csv):
        if file is not None:
            save(Task(), arrays, {**options, "file": str(file)})
            print(file)
    return 0


def searched(info: ModelInfo, asked: Asked) -> Case:
    """Read, score and judge. Raises `ExplorerError`."""
    with telling() as task:
        given = read(task, {}, asked.reading(info))
        names = tuple(given.pop("data")["names"])
        with Host() as host:
            scored = _scored(task, host, info, asked.how, given["images"])
        scored["scores"] = scores_of(asked.how, scored)
        arrays = {name: given[name] for name in ("anomalous", "groups", "baseline")}
        made = judge(task, {**arrays, "scores": scored["scores"]}, {"names": names, "seed": asked.seed})
    told = made.pop("data")
    return Case(
        info, asked, given["images"], given["anomalous"], given["groups"], names, scored["scores"],
        scored.get("codes"), scored.get("reconstructions"), verdict_of(told, made), told, made,
    )  # fmt: skip


def _asked(args: argparse.Namespace, info: ModelInfo) -> Asked:
    """What the words ask for, the rest as suits the model. Raises `BadRequest`."""
    if why := why_not(info):
        raise BadRequest(why, "Choose a model that encodes or has a likelihood.")
    own = proposed(info)
    spec = data_of(info, args.data)
    known = not args.data and not args.normal and not args.against
    normal, against = (own.normal, own.against) if known else (args.normal or own.normal, args.against)
    if (by := args.by or own.how) not in ways(info):
        raise BadRequest(f"{info.name} can't score by {by}.", f"It can by {' or '.join(ways(info))}.")
    if args.count < 0:
        raise BadRequest(f"{args.count} images are not possible.", "Use a positive number, or 0 for all.")
    return Asked(spec, normal, against, args.count, by, args.seed)


def _scored(task: Task, host: Host, info: ModelInfo, how: str, images: np.ndarray) -> dict[str, np.ndarray]:
    for reply in host.stream(HOW[how][1], info.path, arrays={"images": images}):
        if reply.kind == "result":
            return dict(reply.arrays)
        task.progress(reply.data["fraction"], reply.data.get("text", "Scoring"))
    raise AssertionError("a stream without a result")
