"""`map MODEL`: many codes of a model on a plane, as a picture or a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from backends.api import Array, BadRequest, Capability, ModelInfo
from backends.catalog import find
from explorer.latent.cloud import Cloud, Colouring
from explorer.latent.map_drawing import Drawing
from explorer.latent.map_picture import write
from explorer.latent.maps.making import make
from explorer.latent.maps.methods import METHODS, PARAMETERS, Wish
from explorer.latent.maps.quality import Quality, better_source, warning
from explorer.latent.task import Task
from explorer.workers.headless import Host
from explorer.workers.headless_cloud import SOURCES, from_file, gather, numbers_of, seen

HELP = "lay out thousands of codes of a model on a plane, coloured by class"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", default="", help="name or file of a model (none with --file)")
    parser.add_argument("--method", choices=tuple(METHODS), default="umap", help="how to lay out (umap)")
    parser.add_argument("--count", type=int, default=2000, help="points on the map (2000)")
    parser.add_argument(
        "--source", default="codes",
        help="codes (sampled), features (of their images, by the model's classifier), pixels, data (a data "
        "set, encoded), file, or a data set to encode, such as mnist or folder:PATH",
    )  # fmt: skip
    parser.add_argument("--data", default="", metavar="SPEC", help="the data set that --source data encodes")
    parser.add_argument("--file", type=Path, help="embeddings of your own: .npy, .npz or .parquet")
    parser.add_argument(
        "--out", type=Path, default=Path("map.png"), help=".png, .svg, .csv or .json (map.png)"
    )
    parser.add_argument("--colour", default="", help="what the colours mean: class, or a name that is listed")
    parser.add_argument("--supervised", action="store_true", help="pull classes apart by their labels (UMAP)")
    parser.add_argument(
        "--metric", choices=("euclidean", "cosine"), default="euclidean", help="of neighbours"
    )
    parser.add_argument(
        "--exercise", action="store_true",
        help="sample, generate, classify, lay out the codes, and beside them features of their images",
    )  # fmt: skip
    for parameter in PARAMETERS:
        kind = type(getattr(Wish(), parameter.name))
        usual = getattr(Wish(), parameter.name)
        flag = f"--{parameter.name.replace('_', '-')}"
        parser.add_argument(flag, type=kind, default=usual, help=f"{parameter.help} ({usual:g})")


def run(args: argparse.Namespace) -> int:
    wish = Wish.of(vars(args))
    if args.file is not None or args.source == "file":
        line = _of_file(args, wish)
    else:
        info = find(args.model) if args.model else _no_model()
        with Host() as host:
            drawer = exercise if args.exercise else _of_model
            line = drawer(host, info, wish, args)
    print(line)
    print(args.out)
    return 0


def draw(
    host: Host, info: ModelInfo, method: str, count: int, seed: int, out: Path, source: str = "codes"
) -> str:
    """Write the map of a model; returns the line about its quality. Raises `ExplorerError`."""
    cloud = gather(host, info, source, count, seed)
    drawing = laid_out(cloud.points, cloud, cloud.colourings(info.space)[0], Wish(method, seed=seed), info)
    write(out, [drawing], cloud.codes, numbers_of(info.space))
    return drawing.line


def exercise(host: Host, info: ModelInfo, wish: Wish, args: argparse.Namespace) -> str:
    """Codes beside features of their images, both in the colours of what a classifier sees in them."""
    cloud = gather(host, info, "codes", args.count, wish.seed)
    colouring = chosen(cloud.colourings(info.space), args.colour)
    how = "features" if info.classifier else "pixels"
    drawings = [
        laid_out(points, cloud, colouring, wish, info, name)
        for name, points in (("codes", cloud.points), (how, seen(host, info, cloud, how)))
    ]
    write(args.out, drawings, cloud.codes, numbers_of(info.space))
    return "\n".join(f"{drawing.title}. {drawing.line}" for drawing in drawings)


def laid_out(
    points: Array, cloud: Cloud, colouring: Colouring, wish: Wish, info: ModelInfo | None, source: str = ""
) -> Drawing:
    """The map of a cloud by some points `[N, d]` of it, with what is to be said of it."""
    arrays: dict[str, np.ndarray] = {"points": points}
    if cloud.labels is not None:
        arrays["labels"] = cloud.labels
    made = make(Task(), arrays, wish.to_json())
    source = source or cloud.source
    line = said_of(made["data"], source, info)
    name = info.name if info is not None else SOURCES["file"]
    title = f"{name}: {len(cloud):,} {SOURCES[source]}, {METHODS[wish.method]}"
    return Drawing(
        made["positions"], title, colouring.title, line, colouring.labels, colouring.names, colouring.values
    )


def said_of(data: dict[str, Any], source: str, info: ModelInfo | None) -> str:
    """The line under a map: its quality, what to know, and a better source where it is noise."""
    judged = Quality.from_json(data["quality"])
    better = better_source(source, bool(info.classifier), info.can(Capability.ENCODES)) if info else ""
    return " ".join(part for part in (judged.sentence(), data["note"], warning(judged, better)) if part)


def chosen(colourings: list[Colouring], name: str) -> Colouring:
    """The colouring of a name, the first one for none. Raises `BadRequest` that lists them."""
    if not name:
        return colourings[0]
    for colouring in colourings:
        if colouring.title.lower() == name.strip().lower():
            return colouring
    known = ", ".join(c.title for c in colourings)
    raise BadRequest(f"This map can't be coloured by {name!r}.", f"Choose one of: {known}.")


def _of_model(host: Host, info: ModelInfo, wish: Wish, args: argparse.Namespace) -> str:
    cloud = gather(host, info, args.source, args.count, wish.seed, args.data)
    drawing = laid_out(cloud.points, cloud, chosen(cloud.colourings(info.space), args.colour), wish, info)
    write(args.out, [drawing], cloud.codes, numbers_of(info.space))
    return drawing.line


def _of_file(args: argparse.Namespace, wish: Wish) -> str:
    if args.file is None:
        raise BadRequest("No file was named.", "Use --file PATH.")
    cloud, colourings, sentence = from_file(args.file, args.count, wish.seed)
    drawing = laid_out(cloud.points, cloud, chosen(colourings, args.colour), wish, None)
    write(args.out, [drawing], cloud.codes, {"dimension": cloud.codes.shape[1]})
    return f"{sentence}. {drawing.line}"


def _no_model() -> ModelInfo:
    raise BadRequest("Neither a model nor a file was named.", "python main.py map MODEL, or --file PATH.")
