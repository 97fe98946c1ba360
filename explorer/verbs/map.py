"""`map MODEL`: many codes of a model on a plane, as a picture or a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import BadRequest, Capability, ModelInfo
from backends.catalog import find, read
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.map_data import read as read_data
from explorer.latent.map_picture import save
from explorer.latent.mapping import METHODS, project, quality_from, standardised
from explorer.latent.task import Task
from explorer.workers.headless import Host

HELP = "lay out thousands of codes of a model on a plane, coloured by class"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--method", choices=tuple(METHODS), default="umap", help="how to lay out")
    parser.add_argument("--count", type=int, default=2000, help="codes on the map")
    parser.add_argument(
        "--source", default="codes",
        help="codes (sampled), features (of their images, by the model's classifier) or a data set to "
        "encode, such as mnist or folder:PATH",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="seed of the codes and of the layout")
    parser.add_argument("--out", type=Path, default=Path("map.png"), help="a .png (picture) or .csv (table)")


def run(args: argparse.Namespace) -> int:
    info = find(args.model)
    with Host() as host:
        line = draw(host, info, args.method, args.count, args.seed, args.out, args.source)
    print(line)
    print(args.out)
    return 0


def draw(
    host: Host, info: ModelInfo, method: str, count: int, seed: int, out: Path, source: str = "codes"
) -> str:
    """Write the map of a model; returns the line about its quality. Raises `ExplorerError`."""
    cloud = gather(host, info, source, count, seed)
    arrays: dict[str, np.ndarray] = {"points": cloud.points}
    if cloud.labels is not None:
        arrays["labels"] = cloud.labels
    made = project(Task(), arrays, {"method": method, "seed": seed})
    line = f"{quality_from(made['data']['quality']).sentence()} {made['data']['note']}".strip()
    colouring = cloud.colourings(info.space)[0]
    title = f"{info.name}: {len(cloud):,} {SOURCES.get(source, source)}, {METHODS[method]}"
    save(Task(), _columns(cloud, colouring, made["positions"]), {
        "file": str(out), "title": title, "colour": colouring.title, "line": line,
        "names": colouring.names, "parts": {part.name: part.size for part in info.space.parts},
    })  # fmt: skip
    return line


SOURCES = {"codes": "sampled codes", "features": "samples by their features"}


def gather(host: Host, info: ModelInfo, source: str, count: int, seed: int) -> Cloud:
    """The codes to map: `source` is `codes`, `features` or the spec of a data set."""
    if source not in SOURCES:
        return _encoded(host, info, source, count)
    if not info.can_generate:
        raise BadRequest(f"{info.name} doesn't generate images.", "Choose a generator.")
    if source == "features" and not info.classifier:
        raise BadRequest(f"{info.name} has no classifier.", "Use --source codes.")
    options = {"count": count, "seed": seed, "classifier": info.classifier}
    parts = [r.arrays for r in host.stream("sample", info.path, options=options) if r.kind == "partial"]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    points = standardised(info.space, found["codes"])
    if source == "features":
        points = host.call("classify", info.classifier, arrays={"images": found["images"]}).arrays["features"]
    return Cloud(
        source, found["codes"], points, found["images"], found.get("labels"),
        class_names(info), found.get("confidence"),
    )  # fmt: skip


def class_names(info: ModelInfo) -> tuple[str, ...]:
    """The classes by which a model's images are named: its classifier's, else its own."""
    return read(info.classifier).classes if info.classifier else info.classes


def _encoded(host: Host, info: ModelInfo, spec: str, count: int) -> Cloud:
    if not info.can(Capability.ENCODES):
        raise BadRequest(f"{info.name} has no encoder.", "Use --source codes or --source features.")
    height, _, channels = info.image_shape
    options = {"spec": spec, "image_size": height, "channels": channels, "count": count}
    found = read_data(Task(), {}, options)
    codes = host.call("encode", info.path, arrays={"images": found["images"]}).arrays["codes"]
    factors = found.get("factors")
    names = found["data"]["factor_names"]
    return Cloud(
        "data", codes, standardised(info.space, codes), found["images"], found.get("labels"),
        tuple(found["data"]["classes"]),
        attributes={} if factors is None else {name: factors[:, i] for i, name in enumerate(names)},
    )  # fmt: skip


def _columns(cloud: Cloud, colouring: Colouring, positions: np.ndarray) -> dict[str, Any]:
    columns = {"positions": positions, "codes": cloud.codes}
    if colouring.labels is not None:
        columns["labels"] = colouring.labels
    if colouring.values is not None:
        columns["values"] = colouring.values
    return columns
