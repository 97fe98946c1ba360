"""`train`: start a training, follow it, stop it cleanly with Ctrl+C."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from backends.errors import BadRequest, BadSettings, ExplorerError
from trainers import changes, data, follower, host, queued, recipes, runs, team
from trainers.api import Command, Phase, Settings
from trainers.cluster import places
from trainers.registry import trainer, trainers_by_family

HELP = "train a model: train FAMILY --data SPEC --set key=value …, or --recipe NAME, or --resume RUN"
LOOK_S = 0.2
LINE_S = 2.0  # between two lines of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", nargs="?", help="one of: " + ", ".join(trainers_by_family()))
    parser.add_argument("--data", help="what to learn from: digits, mnist, folder:PATH, npz:PATH, …")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; may be repeated"
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with a run; --set changes its settings first")
    parser.add_argument("--recipe", help="train as a bundled model was trained")
    parser.add_argument("--name", default="", help="the run's name")
    parser.add_argument("--detach", action="store_true", help="start and return; see the verb `runs`")
    parser.add_argument(
        "--queue", action="store_true", help="wait for room; the folder of the runs holds the queue"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (all cores but one)")
    parser.add_argument("--processes", type=int, metavar="N", help="processes (GPUs) that share each batch")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="have a Ray cluster do it: HOST or ray://HOST:PORT"
    )
    parser.add_argument("--resources", default="", metavar="cpus=4,gpus=1",
                        help="with --cluster: what to ask for; package=installed sends no code")  # fmt: skip
    parser.add_argument(
        "--list", action="store_true", help="list families with their settings, data and recipes"
    )


def run(args: argparse.Namespace) -> int:
    if args.list:
        _list(args.family)
        return 0
    if int(os.environ.get("RANK", 0)):  # one that torchrun has started beside the first
        return follower.main()
    try:
        wish = _wish(args)
        made = _resumed(args) if args.resume else _create(args)
        if args.threads is not None:
            _note_threads(made, args.threads)
        _note_processes(made, args.processes)
        if wish is not None:
            places.assign(made, wish)
        if "RANK" in os.environ:
            print(f"Training {made.name} in {made.folder}", flush=True)
            return host.main([str(made.folder)])
        if args.queue:
            return _wait_in_line(made)
        runs.start(made)
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Training {made.name} in {made.folder}")
    if args.detach:
        print(f"It goes on by itself; look with: python main.py runs show {made.name}")
        return 0
    return follow(made)


def follow(made: runs.Run) -> int:
    """Print progress until the run's process ends; Ctrl+C asks it to stop with a checkpoint."""
    shown, asked = 0.0, False
    while True:
        try:
            state = made.state()
            if not state.phase.live:
                return _ended(made, state)
            if time.monotonic() - shown >= LINE_S:
                shown = time.monotonic()
                print(_line(made, state), flush=True)
            time.sleep(LOOK_S)
        except KeyboardInterrupt:
            if asked:
                print("It stops by itself, with a checkpoint.")
                return 130
            made.send(Command.STOP)
            asked = True
            print("Stopping; the last step and a checkpoint are being finished.", flush=True)


def _resumed(args: argparse.Namespace) -> runs.Run:
    """The run to go on with, its settings changed as asked. Raises `ExplorerError`."""
    made = runs.find(args.resume)
    state, kind = made.state(), settings_of(made)
    if state.phase.live:
        raise BadRequest(f"{made.name} is being trained.", "Stop it first, or use `runs set`.")
    for line in changes.ask(made, kind, dict(pair(text) for text in args.set)):
        print(line)
    steps = int(made.asked()["settings"]["steps"])
    if state.phase is Phase.FINISHED and steps <= state.step:
        raise BadRequest(f"{made.name} is finished.", f"To train it further, add --set steps={2 * steps}.")
    return made


def settings_of(made: runs.Run) -> type[Settings]:
    """The class of a run's settings. Raises `BadSettings`."""
    return trainer(str(made.intact()["family"])).INFO.settings


def _note_threads(made: runs.Run, threads: int) -> None:
    if not 1 <= threads <= 256:
        raise BadSettings(f"{threads} threads are not possible.", "Say 1 to 256.")
    with runs.writing():
        made.note(threads=threads)


def _note_processes(made: runs.Run, processes: int | None) -> None:
    """Keep how many share the run's batches, if that can be. Raises `BadSettings`."""
    if processes is not None and not 1 <= processes <= 4096:
        raise BadSettings(f"{processes} processes are not possible.", "Say 1 or more.")
    asked = made.intact()
    count = team.size_of({**asked, **({} if processes is None else {"processes": processes})})
    found = trainer(str(asked["family"]))
    team.check(found.INFO, found.INFO.settings.from_mapping(asked["settings"]), count)
    if count != int(asked.get("processes", 1)):
        with runs.writing():
            made.note(processes=count)


def _wish(args: argparse.Namespace) -> places.Wish | None:
    """What is asked of a cluster, if it is to be one. Raises `BadSettings` before a folder is made."""
    if not args.cluster:
        if args.resources:
            raise BadSettings("--resources are those of a cluster.", "Say which: --cluster ADDRESS.")
        return None
    if "RANK" in os.environ:
        raise BadSettings("torchrun and --cluster are two ways to the same.", "Choose one.")
    if not places.is_installed():
        raise places.NO_RAY
    return places.resources(args.resources, places.Wish(args.cluster))


def _wait_in_line(made: runs.Run) -> int:
    queued.add(made)
    if made.phase() is Phase.QUEUED:
        before = [run.name for run in queued.waiting(made.folder.parent)].index(made.name)
        why = queued.room(made).why
        print(f"{made.name} waits behind {before} others. {why}".rstrip())
        print("It starts when a training here ends; the folder of the runs holds the queue.")
    else:
        print(f"{made.name} has started; look with: python main.py runs show {made.name}")
    return 0


def _create(args: argparse.Namespace) -> runs.Run:
    given = dict(pair(text) for text in args.set)
    if args.recipe:
        recipe = recipes.find(args.recipe)
        if not args.cluster:
            recipe.check_data()
        settings = _settings(recipe.family, {**recipe.settings, **given})
        return runs.create(recipe.family, recipe.data, settings, args.name or recipe.name, recipe.name)
    if not args.family or not args.data:
        raise BadSettings(
            "What to train is missing.",
            "Say: train FAMILY --data SPEC, or train --recipe NAME, or --resume RUN.",
        )
    settings = _settings(args.family, given)
    if not args.cluster:  # which may have data that are not here
        data.load(args.data, settings.image_size, limit=2)  # a wrong path is said at once
    return runs.create(args.family, args.data, settings, args.name)


def _settings(family: str, given: dict[str, Any]) -> Settings:
    made: Settings = trainer(family).INFO.settings.from_mapping(given)
    return made


def pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadSettings(f"{text!r} is not a setting.", "Write --set key=value.")
    return key.strip(), value.strip()


def _line(made: runs.Run, state: runs.State) -> str:
    if state.phase is not Phase.TRAINING:
        return f"{state.phase}: {state.message}"
    newest = (made.metrics() or [{}])[-1]
    values = "  ".join(f"{k} {v:.4g}" for k, v in newest.items() if k not in ("step", "seconds"))
    left = f"{state.seconds_left:.0f} s left"
    return f"step {state.step}/{state.steps}  {state.speed:.0f} images/s  {left}  {values}"


def _ended(made: runs.Run, state: runs.State) -> int:
    print(f"{state.phase} at step {state.step} after {state.seconds:.0f} s. {state.message}".strip())
    if state.phase in (Phase.FINISHED, Phase.STOPPED):
        if made.model.exists():
            print(f"The model: {made.model}")
        return 0
    print(f"Details: {made.log}", file=sys.stderr)
    return 1


def _list(family: str | None) -> None:
    for name, info in trainers_by_family().items():
        if family in (None, name):
            print(f"{name}: {info.description}")
            for line in _setting_lines(info.settings) if family else ():
                print(line)
    if not family:
        print("\nData: " + ", ".join(kind.prefix for kind in data.describe()))
        print("Recipes: " + ", ".join(recipes.names()))
        print("The settings of one family: python main.py train FAMILY --list")


def _setting_lines(settings: type[Settings]) -> list[str]:
    lines = []
    for name, item in settings.__dataclass_fields__.items():
        meta = item.metadata
        reach = "/".join(map(str, meta["choices"])) if meta["choices"] else ""
        if not reach and meta["low"] is not None:
            reach = f"{meta['low']:g} to {meta['high']:g}"
        lines.append(
            f"  {name} = {item.default}" + (f"  ({reach})" if reach else "") + f"\n      {meta['help']}"
        )
    return lines
