"""`prepare`: pictures of folders, archives and videos made into a data file that trainers read."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import fields
from pathlib import Path

from explorer.model.export import sheet, write_png
from explorer.verbs.train import pair
from trainers.api import default_of
from trainers.prepared import making
from trainers.prepared.settings import Preparation

HELP = "make a data set of pictures in folders, .zip archives or videos"
EVERY = 50  # pictures between two words about where it is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", type=Path, help="folders, .zip archives, videos or pictures")
    parser.add_argument("--out", type=Path, help="the .npz file to write (the user's data folder)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; may be repeated"
    )
    parser.add_argument(
        "--preview", type=Path, metavar="PNG", help="only draw the first pictures as they would be"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "settings:\n" + "\n".join(
        f"  {item.name} = {default_of(item)}\n      {item.metadata['help']}" for item in fields(Preparation)
    )


def run(args: argparse.Namespace) -> int:
    asked = Preparation.from_mapping(dict(pair(text) for text in args.set))
    inputs = [path.expanduser() for path in args.inputs]
    if args.preview:
        images, _ = making.preview(inputs, asked)
        write_png(args.preview, sheet(images, math.ceil(math.sqrt(len(images)))))
        print(args.preview)
        return 0
    report = making.prepare(inputs, asked, args.out, _say)
    if args.json:
        print(json.dumps(report.to_json(), indent=1))
        return 0
    print("\n".join(report.sentences()))
    print(f"{report.path}\nTrain on it with: main.py train FAMILY --data npz:{report.path}")
    return 0


def _say(seen: int, text: str) -> None:
    if seen % EVERY == 0 and sys.stderr.isatty():
        print(f"\r{seen:,}  {text[:80]:<80}", end="", file=sys.stderr, flush=True)
