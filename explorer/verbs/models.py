"""`models`: which models there are, and why some files can't be used."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from backends.api import ModelInfo
from backends.catalog import BUNDLED, scan
from explorer.model import taxonomy

HELP = "list the models there are: bundled, yours, and those of your trainings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything known of each model, as JSON")
    parser.add_argument("--tree", action="store_true", help="as a tree: what each says of the data's density")
    parser.add_argument("--markdown", action="store_true", help="the bundled models as the README's table")
    parser.add_argument("folders", nargs="*", type=Path, help="more folders to look in")


def run(args: argparse.Namespace) -> int:
    if args.markdown:
        print(markdown())
        return 0
    listing = scan(args.folders)
    if args.json:
        broken = [{"path": str(path), "reason": reason} for path, reason in listing.broken]
        print(json.dumps({"models": [m.to_json() for m in listing.models], "broken": broken}, indent=2))
        return 0
    if args.tree:
        print(tree(listing.models))
        return 0
    if not listing.models:
        print("There are no models yet. Train one: python main.py train vae --data digits")
    rows = [_row(info) for info in listing.models]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip())
    for path, reason in listing.broken:
        print(f"{path}: {reason}", file=sys.stderr)
    return 0


def tree(models: Sequence[ModelInfo]) -> str:
    """The models as the tree of their families, branches without one too."""
    lines: list[str] = []
    above: taxonomy.Branch = ()
    for branch, inside in taxonomy.planted(models, empty=True).items():
        for depth in range(_shared(above, branch), len(branch)):
            meaning = taxonomy.MEANING.get(branch[depth], "")
            lines.append(f"{'  ' * depth}{branch[depth]}" + (f": {_small(meaning)}" if meaning else ""))
        indent = "  " * len(branch)
        lines += [f"{indent}{info.name}  ({info.family}, {info.dataset})" for info in inside]
        if not inside:
            lines.append(f"{indent}none yet: python main.py train {taxonomy.TREE[branch][0]} --data mnist")
        above = branch
    return "\n".join(lines)


def _shared(one: taxonomy.Branch, other: taxonomy.Branch) -> int:
    """How far two branches are the same."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def _small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def markdown() -> str:
    """The table of the bundled models and their figures, as it stands in the README."""
    head = ("Model", "Latent", "Image", "Parameters", *FIGURES.values(), "Data (licence)")
    lines = [_line(head), _line(["---"] * len(head))]
    bundled = [info for info in scan().models if Path(info.path).parent == BUNDLED]
    return "\n".join(lines + [_line(_cells(info)) for info in bundled])


FIGURES = {
    "reconstruction_error": "Reconstruction error",
    "classes_per_1000": "Classes in 1,000",
    "frechet_classifier": "Fréchet distance",
    "nats": "Nats",
    "label_agreement": "Label obeyed",
    "classifier_accuracy": "Accuracy",
    "mig": "MIG",
}


def _cells(info: ModelInfo) -> list[str]:
    height, width, channels = info.image_shape
    latent = " + ".join(f"{part.name} {part.size}" for part in info.space.parts) or "none"
    figures = [_figure(info, key) for key in FIGURES]
    picture = f"{width} × {height} {'grey' if channels == 1 else 'colour'}"
    data = f"{info.dataset} ({info.licence})"
    return [f"`{info.name}`", latent, picture, f"{info.parameters:,}", *figures, data]


def _figure(info: ModelInfo, key: str) -> str:
    """A figure; beside a distance, that of the test images themselves to the training images."""
    if key not in info.figures:
        return ""
    text = f"{info.figures[key]:.4g}"
    if key == "frechet_classifier" and "frechet_of_data" in info.figures:
        text += f" (data {info.figures['frechet_of_data']:.2g})"
    return text


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _row(info: ModelInfo) -> list[str]:
    height, width, channels = info.image_shape
    latent = " + ".join(f"{part.name} {part.size}" for part in info.space.parts)
    picture = f"{width} × {height} {'grey' if channels == 1 else 'colour'}"
    return [info.name, info.family, latent, picture, info.dataset]
