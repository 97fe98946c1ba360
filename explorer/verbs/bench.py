"""`main.py bench`: measure what is promised, with what it is compared to beside it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from backends.errors import ExplorerError
from explorer.bench import groups, unasked
from explorer.bench.measurement import Measurement, Plan

HELP = "measure latency, start-up, stalls and training speed, each beside its reference"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a JSON list of measurements")
    parser.add_argument("--only", default="", metavar="NAME", help="one group, by its name")
    parser.add_argument("--list", action="store_true", help="list the groups")
    parser.add_argument("--quick", action="store_true", help="as little as still goes through everything")
    parser.add_argument("--minutes", type=float, metavar="N", help="how long the soak lasts (60)")
    parser.add_argument("--samples", type=Path, metavar="FILE", help="write all the soak's samples as JSON")


def run(args: argparse.Namespace) -> int:
    known = groups()
    if args.list:
        for name, group in known.items():
            print(f"{name:<10} {group.HELP}")
        return 0
    if args.only and args.only not in known:
        raise ExplorerError(f"There is no group named {args.only!r}.", f"The groups are: {', '.join(known)}.")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    plan = Plan.quick() if args.quick else Plan()
    plan = replace(plan, minutes=args.minutes or plan.minutes, samples=args.samples)
    found: list[Measurement] = []
    for name in [args.only] if args.only else unasked(known):
        for one in known[name].measure(plan):
            found.append(one)
            print(line(one), file=sys.stderr if args.json else sys.stdout, flush=True)
    if args.json:
        print(json.dumps([one.to_json() for one in found], indent=1))
    return 0


def line(one: Measurement) -> str:
    """A measurement in one line."""
    verdict = {True: "holds", False: "FAILS", None: ""}[one.holds]
    beside = f"{one.reference:,.2f} {one.unit} (× {one.ratio:.2f})" if one.reference and one.ratio else ""
    words = (
        f"{one.name:<34}",
        f"{one.value:>10,.2f} {one.unit:<9}",
        f"{beside:<26}",
        f"{verdict:<6}",
        one.goal or one.note,
    )
    return " ".join(words).rstrip()
