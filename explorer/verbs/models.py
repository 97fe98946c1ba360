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
from explorer.model import tables, taxonomy

HELP = "list the models there are: bundled, yours, and those of your trainings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything known of each model, as JSON")
    parser.add_argument("--tree", action="store_true", help="as a tree: what each says of the data's density")
    parser.add_argument("--markdown", action="store_true", help="the bundled models as the README's table")
    parser.add_argument("--families", action="store_true", help="the same as the table of docs/families.md")
    parser.add_argument("folders", nargs="*", type=Path, help="more folders to look in")


def run(args: argparse.Namespace) -> int:
    if args.markdown:
        print(markdown())
        return 0
    if args.families:
        print(tables.families(bundled()))
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


def bundled() -> list[ModelInfo]:
    """The models that come with the program."""
    return [info for info in scan().models if Path(info.path).parent == BUNDLED]


def markdown() -> str:
    """The table of the bundled models and their figures, as it stands in the README."""
    return tables.overview(bundled())


def _row(info: ModelInfo) -> list[str]:
    height, width, channels = info.image_shape
    latent = " + ".join(f"{part.name} {part.size}" for part in info.space.parts)
    picture = f"{width} × {height} {'grey' if channels == 1 else 'colour'}"
    return [info.name, info.family, latent, picture, info.dataset]
