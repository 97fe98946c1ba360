"""`compare`: several models on the same codes or seeds, as a picture and a file of figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import BadRequest, Capability, ModelInfo
from backends.catalog import find
from explorer.latent import compare
from explorer.latent.task import Task
from explorer.model.export import Image, enlarged, sheet, write_png
from explorer.model.files import write_atomically
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending

HELP = "show several models on the same seeds, and measure their differences"
CELL = 112  # pixels of one picture in the sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names or files of two to six models")
    parser.add_argument("--count", type=int, default=12, help="pictures of each model (12)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first picture (0)")
    parser.add_argument("--data", default="", help="also encode and decode images of this data set")
    parser.add_argument("--images", type=int, default=200, help="how many of them (200)")
    parser.add_argument("--out", type=Path, default=Path("compare.png"), help="picture; figures go to .json")


def run(args: argparse.Namespace) -> int:
    if not 2 <= len(args.models) <= 6:
        raise BadRequest(f"Two to six models can be compared, not {len(args.models)}.", "Name more or fewer.")
    if args.count < 1 or args.images < 1:
        raise BadRequest("At least one picture must be asked for.", "Use --count 1 or more.")
    check_ending(args.out, ".png")
    infos = [find(name) for name in args.models]
    for info in infos:
        if not info.can_generate:
            raise BadRequest(f"{info.name} makes no images.", "Leave it out.")
    with Host() as host:
        rows, figures = _pictures(host, infos, args.seed, args.count)
        if args.data:
            for info, figure in zip(infos, figures, strict=True):
                figure |= _reconstruction(host, info, args.data, args.images)
    reference = rows[0][0]
    cells = [_cell(image, reference) for row in rows for image in row]
    write_png(args.out, sheet(cells, args.count))
    text = json.dumps({"seed": args.seed, "count": args.count, "models": figures}, indent=2)
    write_atomically(args.out.with_suffix(".json"), text.encode())
    for figure in figures:
        print("  ".join(f"{key} {value}" for key, value in figure.items() if value is not None))
    print(args.out, args.out.with_suffix(".json"), sep="\n")
    return 0


def _pictures(
    host: Host, infos: list[ModelInfo], seed: int, count: int
) -> tuple[list[Image], list[dict[str, Any]]]:
    """A row of pictures and the figures of each model; the first is the reference."""
    rows: list[Image] = []
    figures = []
    for info in infos:
        codes = info.space.pack_many([info.space.sample(s) for s in range(seed, seed + count)])
        reply = host.call("generate", info.path, arrays={"codes": codes})
        again = host.call("generate", info.path, arrays={"codes": codes})  # the first one loads the model
        rows.append(reply.arrays["images"])
        errors = [compare.difference(a, b)[1] for a, b in zip(rows[-1], rows[0], strict=True)]
        figures.append({
            "name": info.name, "family": info.family, "latent": info.space.size,
            "parameters": info.parameters, "same_space": info.space.agrees_with(infos[0].space),
            "milliseconds": round(1000 * float(again.data["seconds"]) / count, 3),
            "difference": round(float(np.mean(errors)), 6),
        })  # fmt: skip
    return rows, figures


def _reconstruction(host: Host, info: ModelInfo, data: str, count: int) -> dict[str, Any]:
    """Mean squared error over test images and its standard error; None without an encoder."""
    if not info.can(Capability.ENCODES):
        return {"reconstruction": None}
    options = {
        "data": data,
        "image_size": info.image_shape[0],
        "channels": info.image_shape[2],
        "count": count,
    }
    images = compare.load_images(Task(), {}, options)["images"]
    mean, spread = compare.standard_error(
        host.call("encode", info.path, arrays={"images": images}).arrays["errors"]
    )
    return {"reconstruction": round(mean, 6), "standard_error": round(spread, 6)}


def _cell(image: Image, reference: Image) -> Image:
    """A picture in the sheet's size and channels."""
    return compare.like(enlarged(image, CELL), enlarged(reference, CELL))
