"""`sweep`: train the same with several settings, through the queue, and show what came of each."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from backends.errors import BadSettings, ExplorerError
from explorer.model import run_table
from explorer.verbs.train import pair
from trainers import data, queued, runs, sweeps
from trainers.api import Phase
from trainers.registry import trainer
from trainers.runs import Run
from trainers.stopping import Ending

HELP = "train the same with several settings, through the queue, and compare the results"
LOOK_S = 0.5
LINE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", nargs="?", help="what to train, as with `train`")
    parser.add_argument("--data", help="what to learn from, as with `train`")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="the same in all runs"
    )
    parser.add_argument("--grid", action="append", default=[], metavar="KEY=A,B,…",
                        help="values to try, in all combinations; may be repeated")  # fmt: skip
    parser.add_argument("--random", action="append", default=[], metavar="KEY=LOW..HIGH[:log]",
                        help="a range to draw from; may be repeated")  # fmt: skip
    parser.add_argument(
        "--count", type=int, default=8, help="draws from the ranges, at each point of the grid"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--name", default="", help="the sweep's name; runs are named after it")
    parser.add_argument(
        "--by", default="", metavar="[+]CURVE", help="sort by this, lowest first (+: highest)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the table there")
    parser.add_argument("--detach", action="store_true", help="only put them into the queue")
    parser.add_argument("--show", metavar="NAME", help="the table of an earlier sweep")


def run(args: argparse.Namespace) -> int:
    try:
        found = sweeps.of(args.show) if args.show else _created(args)
        ended = args.show or args.detach or _follow(found)
        if not args.detach:
            _tell(found, args)
        return 0 if ended else 130
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 2


def _created(args: argparse.Namespace) -> list[Run]:
    if not args.family or not args.data:
        raise BadSettings("What to train is missing.", "Say: sweep FAMILY --data SPEC --grid key=a,b.")
    kind = trainer(args.family).INFO.settings
    grid = dict(sweeps.parse_grid(text) for text in args.grid)
    ranges = dict(sweeps.parse_range(text) for text in args.random)
    common = dict(pair(text) for text in args.set)
    points = sweeps.points(kind, grid, ranges, args.count, args.seed)
    for point in points:  # all are checked before the first begins
        size = kind.from_mapping({**common, **point}).image_size
    data.load(args.data, size, limit=2)
    name = args.name or f"sweep-{time.strftime('%Y%m%d-%H%M%S')}"
    made = sweeps.create(name, args.family, args.data, common, points)
    most = queued.at_once() or "as many as fit"
    print(f"{len(made)} runs of the sweep {name} are in the queue, {most} at once.")
    print(f"Their table: python main.py sweep --show {name}")
    return made


def _follow(found: list[Run]) -> bool:
    """Wait for all; False when Ctrl+C ended it, with those that ran stopped and the others left out."""
    shown = 0.0
    try:
        while any(_is_open(run) for run in found):
            queued.start_next(found[0].folder.parent)
            if time.monotonic() - shown >= LINE_S:
                shown = time.monotonic()
                done = sum(not _is_open(run) for run in found)
                running = ", ".join(
                    f"{r.name} {r.state().step}/{r.state().steps}" for r in found if r.phase().live
                )
                print(f"{done} of {len(found)} done; {running}", flush=True)
            time.sleep(LOOK_S)
        return True
    except KeyboardInterrupt:
        print("Stopping; those that wait leave the queue.", flush=True)
        for run in found:
            queued.remove(run)
        endings = [Ending.begin(run) for run in found if run.phase().live]
        while endings := [ending for ending in endings if not ending.look()]:
            time.sleep(LOOK_S)
        return False


def _is_open(run: Run) -> bool:
    phase = run.phase()
    return phase.live or phase is Phase.QUEUED


def _tell(found: list[Run], args: argparse.Namespace) -> None:
    table = run_table.results(found, sweeps.varied_in(found), args.by)
    print(table.text())
    if args.csv:
        with runs.writing():
            args.csv.parent.mkdir(parents=True, exist_ok=True)
            args.csv.write_text(table.csv(), encoding="utf-8")
        print(f"Wrote {args.csv}.")
