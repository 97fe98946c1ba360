"""`runs`: which trainings there are, what they differ in, and pause, resume, change, stop or remove them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backends.errors import BadRequest, ExplorerError
from explorer.model import run_table
from explorer.model.runs import RunsReader, found
from explorer.verbs.train import pair, settings_of
from trainers import changes, queued, runs
from trainers.api import Command, Phase
from trainers.runs import Run
from trainers.stopping import Ending

HELP = "list, show, pause, resume, stop, change, compare, export, queue and clean trainings"
AT_NEXT_STEP = {
    Command.CHECKPOINT: "writes a checkpoint and its model",
    Command.SAMPLE: "draws a sample grid",
}
WAIT_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=list(ACTIONS), default="list")
    parser.add_argument("run", nargs="*", help="names or folders of runs")
    parser.add_argument(
        "--steps", type=int, help="with resume: train until this step, further than first asked"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="with set and resume: the new value of a setting; may be repeated")  # fmt: skip
    parser.add_argument(
        "--search", default="", metavar="WORDS", help="with list: only runs that have these words"
    )
    parser.add_argument("--out", type=Path, help="with export: FILE.safetensors, FILE.csv or FILE.zip")
    parser.add_argument(
        "--at-once", type=int, metavar="N", help="with queue: so many run at a time (0: as fit)"
    )
    parser.add_argument("--first", action="store_true", help="with queue: before all that wait")
    parser.add_argument("--checkpoints", action="store_true", help="with clean: remove only the checkpoints")
    parser.add_argument("--yes", action="store_true", help="with clean: don't ask")
    parser.add_argument("--tag", action="append", default=[], help="with note: a tag; may be repeated")
    parser.add_argument("--text", help="with note: what to write about the run")
    parser.add_argument("--json", action="store_true", help="with list and show: as JSON")


def run(args: argparse.Namespace) -> int:
    try:
        queued.start_next()  # whoever looks gives the queue a push
        return ACTIONS[args.action](args) or 0
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 2


def _one(args: argparse.Namespace) -> Run:
    if len(args.run) != 1:
        raise BadRequest("Which run?", "Name one; `runs list` shows them.")
    return runs.find(args.run[0])


def _some(args: argparse.Namespace) -> list[Run]:
    return [runs.find(name) for name in args.run]


def _list(args: argparse.Namespace) -> None:
    reader = RunsReader()
    summaries = found(reader.read(), args.search)
    reader.close()
    if args.json:
        print(json.dumps([_facts(Run(one.folder)) for one in summaries], indent=2))
    elif not summaries:
        where = f"No training has {args.search!r}." if args.search else "There are no trainings yet."
        print(f"{where} Start one: python main.py train vae --data digits")
    for one in summaries if not args.json else ():
        words = one.state.message if one.phase is not Phase.QUEUED else one.line()
        tags = " ".join(f"#{tag}" for tag in one.tags)
        step = f"{one.state.step}/{one.state.steps}"
        print(f"{one.name:32} {one.family:12} {one.phase:12} {step:>14}  {words} {tags}".rstrip())


def _show(args: argparse.Namespace) -> None:
    one = _one(args)
    facts = _facts(one)
    if args.json:
        print(json.dumps(facts, indent=2))
        return
    for name in ("name", "folder", "family", "data", "recipe", "phase", "step", "steps", "speed", "message"):
        print(f"{name:10} {facts[name]}")
    print("settings   " + "  ".join(f"{k}={v}" for k, v in facts["settings"].items()))
    for change in facts["changes"]:
        at = "when it goes on" if change["step"] is None else f"at step {change['step']}"
        print(f"changed    {change['name']}: {change['old']} → {change['new']} {at}")
    if facts["notes"] or facts["tags"]:
        print("notes      " + " ".join([facts["notes"], *(f"#{tag}" for tag in facts["tags"])]).strip())
    for line in facts["metrics"][-5:]:
        print("  " + "  ".join(f"{k} {v:.5g}" for k, v in line.items()))


def _facts(one: Run) -> dict[str, Any]:
    state, asked, (notes, tags) = one.state(), one.asked(), one.notes()
    words = one.last_words() if state.phase is Phase.INTERRUPTED else ""
    return {
        "name": one.name, "folder": str(one.folder), "phase": state.phase, "step": state.step,
        "steps": state.steps, "seconds": state.seconds, "speed": round(state.speed, 1),
        "memory": state.memory, "message": words or state.message, "family": asked.get("family", ""),
        "data": asked.get("data", ""), "recipe": asked.get("recipe", ""),
        "settings": asked.get("settings", {}), "changes": changes.of(asked),
        "environment": asked.get("environment", {}), "notes": notes, "tags": list(tags),
        "metrics": one.metrics()[-50:],
    }  # fmt: skip


def _diff(args: argparse.Namespace) -> None:
    chosen = _some(args)
    if len(chosen) < 2:
        raise BadRequest("Two runs or more can be compared.", "Name them: runs diff ONE OTHER.")
    table = run_table.diff(chosen)
    print(table.text() if table.rows else "They were asked for the same and computed with the same.")


def _export(args: argparse.Namespace) -> None:
    one = _one(args)
    path = args.out or Path(f"{one.name}.safetensors")
    run_table.export(one, path)
    print(f"Wrote {path}.")


def _clean(args: argparse.Namespace) -> int:
    """Remove runs that are named, else those that never learned anything; asks first."""
    chosen = _some(args) or [one for one in runs.list_runs() if run_table.worthless(one)]
    if any(one.phase().live for one in chosen):
        running = next(one for one in chosen if one.phase().live)
        raise BadRequest(f"{running.name} is being trained.", "Stop it first; nothing was removed.")
    if not chosen:
        print("Nothing to remove: every run has learned something. Name runs to remove them.")
        return 0
    what = "the checkpoints of" if args.checkpoints else "for good"
    for one in chosen:
        print(f"{one.name:32} {one.phase():12} {run_table.size_of(one) / 1e6:8.1f} MB")
    if not (args.yes or _agreed(f"Remove {what} these {len(chosen)} runs? [y/N] ")):
        print("Nothing was removed. Say --yes to remove without being asked.")
        return 1
    for one in chosen:
        run_table.delete(one, checkpoints_only=args.checkpoints)
    print(f"Removed {what} {len(chosen)} runs.")
    return 0


def _agreed(question: str) -> bool:
    try:
        return sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes")
    except (EOFError, ValueError):
        return False


def _note(args: argparse.Namespace) -> None:
    one = _one(args)
    text, tags = one.notes()
    one.write_notes(text if args.text is None else args.text, tuple(dict.fromkeys([*tags, *args.tag])))


def _queue(args: argparse.Namespace) -> None:
    """Put runs into the queue; without any, show it."""
    if args.at_once is not None:
        queued.set_at_once(args.at_once)
    for one in _some(args):
        if one.phase() is not Phase.QUEUED:
            queued.add(one)
        if args.first and one.phase() is Phase.QUEUED:
            queued.put_first(one)
    queued.start_next()
    line = queued.waiting()
    for number, one in enumerate(line, 1):
        why = queued.room(one).why if number == 1 else ""
        print(f"{number:3} {one.name:32} {why}".rstrip())
    if not line:
        print("Nothing waits.")


def _unqueue(args: argparse.Namespace) -> None:
    for one in _some(args):
        queued.remove(one)
        print(f"{one.name} is {one.phase()}.")


def _set(args: argparse.Namespace) -> None:
    one = _one(args)
    lines = changes.ask(one, settings_of(one), dict(pair(text) for text in args.set))
    when = "from the next step on" if one.phase().live else "when it goes on"
    for line in lines:
        print(f"{line} {when}")
    if not lines:
        print("Nothing changes.")


def _resume(args: argparse.Namespace) -> None:
    one = _one(args)
    state, wanted = one.state(), dict(pair(text) for text in args.set)
    if args.steps is not None:
        wanted["steps"] = str(args.steps)
    if state.phase.live and "steps" in wanted:
        raise BadRequest(f"{one.name} is being trained.", "Stop it first, then resume with --steps.")
    if wanted:
        changes.ask(one, settings_of(one), wanted)
    if state.phase is Phase.FINISHED and "steps" not in wanted:
        raise BadRequest(f"{one.name} is finished.", "To train it further, add --steps N.")
    if state.phase is Phase.PAUSED:
        _ask(one, Command.RESUME)
    else:
        runs.start(one)
        kept = one.checkpoints()
        print(f"{one.name} goes on from step {int(kept[-1].stem) if kept else 0}.")


def _pause(args: argparse.Namespace) -> None:
    _ask(_one(args), Command.PAUSE)


def _stop(args: argparse.Namespace) -> None:
    """Stop for certain: asked first, terminated and killed when there is no answer."""
    one = _one(args)
    if one.phase() is Phase.QUEUED:
        queued.remove(one)
    elif not one.phase().live:
        raise BadRequest(f"{one.name} isn't being trained; it is {one.phase()}.", "There is nothing to stop.")
    else:
        ending, said = Ending.begin(one), ""
        while not ending.look():
            if ending.words != said and (said := ending.words) != "Stopping…":
                print(said, flush=True)
            time.sleep(0.1)
    print(f"{one.name} is {one.phase()}, at step {one.state().step}.")


def _checkpoint(args: argparse.Namespace) -> None:
    _say(_one(args), Command.CHECKPOINT)


def _sample(args: argparse.Namespace) -> None:
    _say(_one(args), Command.SAMPLE)


def _say(one: Run, command: Command) -> None:
    """Send what a training does between two steps."""
    _send(one, command)
    print(f"{one.name} {AT_NEXT_STEP[command]} at its next step.")


def _send(one: Run, command: Command) -> None:
    if not one.phase().live:
        raise BadRequest(
            f"{one.name} isn't being trained; it is {one.phase()}.", "`runs resume` goes on with it."
        )
    one.send(command)


def _ask(one: Run, command: Command) -> None:
    """Send a command and wait until it shows."""
    _send(one, command)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and (one.phase() is Phase.PAUSED) != (command is Command.PAUSE):
        time.sleep(0.1)
    print(f"{one.name} is {one.phase()}, at step {one.state().step}.")


ACTIONS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "list": _list, "show": _show, "pause": _pause, "resume": _resume, "stop": _stop, "set": _set,
    "checkpoint": _checkpoint, "sample": _sample, "diff": _diff, "export": _export, "clean": _clean,
    "note": _note, "queue": _queue, "unqueue": _unqueue,
}  # fmt: skip
