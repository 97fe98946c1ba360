"""`score MODEL`: how far the dimensions of a model's codes stand for the known factors of data."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from backends.api import ModelInfo
from backends.catalog import find
from explorer.latent.scores.api import PRESETS
from explorer.latent.scores.asking import question
from explorer.latent.scores.measuring import run as measure
from explorer.latent.scores.picture import write
from explorer.latent.scores.report import Report
from explorer.latent.scores.udr import informative_nats, udr
from explorer.verbs.map import gather
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending, data_of, telling

UDR_IMAGES = 1000  # as in the study
HELP = "measure how disentangled a model's codes are, with ceiling, chance and interval"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model that encodes")
    parser.add_argument(
        "--data", default="",
        help="data with known factors or labels: dsprites, npz:FILE, digits (else those of the model)",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=0, help="images (2,000; full 15,000)")
    parser.add_argument(
        "--preset", choices=tuple(PRESETS), default="fast",
        help="fast: seconds; full: the settings of Locatello et al. 2019, minutes to hours",
    )  # fmt: skip
    parser.add_argument("--only", default="", help="names of scores, separated by commas: mig,dci")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything that is drawn")
    parser.add_argument(
        "--with", dest="others", nargs="+", default=[], metavar="MODEL",
        help="models of the same settings and other seeds: adds UDR, how far they agree",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print figures and matrices as JSON")
    parser.add_argument("--out", type=Path, help="also a .png (picture) or .csv (table)")


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    spec = data_of(info, args.data)
    check_ending(args.out, ".png", ".csv")
    report = scored(info, spec, args.count, args.preset, args.seed, args.only)
    agreement = ranked([info, *map(find, args.others)], spec) if args.others else {}
    if args.json:
        told = {"model": info.name, "data": spec, **report.to_json(), "udr": agreement}
        print(json.dumps(told, indent=2))
    else:
        print(f"{info.name} on {report.count:,} images of {spec}, preset {report.preset}")
        print("\n".join(report.lines()))
        for name, value in agreement.items():
            print(f"{f'UDR of {name}':<30}{value:>9.3f}")
    if args.out is not None:
        write(args.out, report, f"{info.name} on {spec}")
        print(args.out, file=sys.stderr if args.json else sys.stdout)
    return 0


def scored(info: ModelInfo, spec: str, count: int, preset: str, seed: int, only: str) -> Report:
    """Encode data with a model and measure every score that applies. Raises `ExplorerError`."""
    with Host() as host:
        cloud = gather(host, info, spec, count or PRESETS[preset].rows, seed)
    arrays, options = question(info.space, cloud, preset, seed)
    with telling() as task:
        made = measure(task, arrays, {**options, "wanted": [n for n in only.split(",") if n]})
    return Report.of(made.pop("data"), made)


def ranked(infos: list[ModelInfo], spec: str) -> dict[str, float]:
    """UDR of each model by name: the median of its agreement with the others on the same images."""
    with Host() as host:
        codes = [gather(host, info, spec, UDR_IMAGES, 0).points.astype(np.float64) for info in infos]
    values, _ = udr(codes, [informative_nats(z) for z in codes])
    return {info.name: round(float(value), 6) for info, value in zip(infos, values, strict=True)}
