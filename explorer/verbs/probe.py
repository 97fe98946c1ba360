"""`probe MODEL`: what its encoder is worth with few labels: read linearly, tuned, beside from scratch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from backends.catalog import find
from explorer.latent.label_curve import lines_of, save, sentence
from explorer.latent.task import Task
from explorer.workers.terminal import check_ending, data_of, telling
from trainers.probing.job import run as measure
from trainers.probing.settings import ProbeSettings

HELP = "how well a model's encoder learns from few labels, beside the same network from scratch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model that encodes")
    parser.add_argument("--data", default="", help="labelled data (else those of the model)")
    plain = ProbeSettings()
    parser.add_argument("--labels", default=plain.labels, help=f"numbers of labels ({plain.labels})")
    parser.add_argument("--draws", type=int, default=plain.draws, help="draws for each number (3)")
    parser.add_argument("--ways", default=plain.ways, help=f"what to compare ({plain.ways})")
    parser.add_argument("--test", type=int, default=plain.test, help="test images (2,000; 0: all)")
    parser.add_argument("--steps", type=int, default=plain.most_steps, help="training steps at most (600)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws and of new weights")
    parser.add_argument("--out", type=Path, help="the curve as a picture (.png)")
    parser.add_argument("--csv", type=Path, help="every measurement as a table (.csv)")


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    spec = data_of(info, args.data)
    for file, ending in ((args.out, ".png"), (args.csv, ".csv")):
        check_ending(file, ending)
    asked = ProbeSettings.from_mapping({
        "labels": args.labels, "draws": args.draws, "ways": args.ways, "test": args.test,
        "most_steps": args.steps, "seed": args.seed,
    })  # fmt: skip
    options = {"model": info.path, "data": spec, "settings": asked.to_json()}
    with telling() as task:
        made = measure(task, {}, options)
    _print(f"{info.name} on {made['data']['test']:,} test images of {spec}", made)
    for file in (args.out, args.csv):
        if file is not None:
            save(Task(), {"rows": made["rows"]}, {"file": str(file), "title": f"{info.name} on {spec}"})
            print(file)
    return 0


def _print(title: str, made: dict[str, Any]) -> None:
    lines = lines_of(made["rows"])
    print(title)
    for line in lines:
        cells = [_cell(*cell) for cell in zip(line.counts, line.means, line.deviations, strict=True)]
        print(f"{line.title:<16}{'  '.join(cells)}")
    for text in (sentence(lines), *made["data"]["notes"]):
        if text:
            print(text)


def _cell(count: float, mean: float, deviation: float) -> str:
    spread = f" ± {deviation:.1%}" if np.isfinite(deviation) else ""
    return f"{count:>6,.0f}: {mean:.1%}{spread}"
