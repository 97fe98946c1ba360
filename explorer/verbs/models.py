"""`models`: which models there are, and why some files can't be used."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from backends.api import ModelInfo
from backends.catalog import scan

HELP = "list the models there are: bundled, yours, and those of your trainings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything known of each model, as JSON")
    parser.add_argument("folders", nargs="*", type=Path, help="more folders to look in")


def run(args: argparse.Namespace) -> int:
    listing = scan(args.folders)
    if args.json:
        broken = [{"path": str(path), "reason": reason} for path, reason in listing.broken]
        print(json.dumps({"models": [m.to_json() for m in listing.models], "broken": broken}, indent=2))
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


def _row(info: ModelInfo) -> list[str]:
    height, width, channels = info.image_shape
    latent = " + ".join(f"{part.name} {part.size}" for part in info.space.parts)
    picture = f"{width} × {height} {'grey' if channels == 1 else 'colour'}"
    return [info.name, info.family, latent, picture, info.dataset]
