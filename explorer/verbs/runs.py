"""`runs`: which trainings there are, and pause, resume or stop one."""

from __future__ import annotations

import argparse
import json
import sys
import time

from backends.errors import BadRequest, ExplorerError
from trainers import runs
from trainers.api import Command, Phase

HELP = "list, show, pause, resume and stop trainings"
ACTIONS = ("list", "show", "pause", "resume", "stop")
WAIT_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list")
    parser.add_argument("run", nargs="?", help="the run's name or folder")
    parser.add_argument(
        "--steps", type=int, help="with resume: train until this step, further than first asked"
    )
    parser.add_argument("--json", action="store_true", help="with list and show: as JSON")


def run(args: argparse.Namespace) -> int:
    try:
        if args.action == "list":
            _list(args.json)
            return 0
        if not args.run:
            raise BadRequest("Which run?", "Name one; `runs list` shows them.")
        found = runs.find(args.run)
        if args.action == "show":
            _show(found, args.json)
        elif args.action == "resume":
            _resume(found, args.steps)
        else:
            _ask(found, Command(args.action))
        return 0
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 2


def _list(as_json: bool) -> None:
    found = runs.list_runs()
    if as_json:
        print(json.dumps([_facts(one) for one in found], indent=2))
        return
    if not found:
        print("There are no trainings yet. Start one: python main.py train vae --data digits")
    for one in found:
        state, family = one.state(), one.asked().get("family", "")
        step = f"{state.step}/{state.steps}"
        print(f"{one.name:32} {family:12} {state.phase:12} {step:>14}  {state.message}".rstrip())


def _show(one: runs.Run, as_json: bool) -> None:
    facts = _facts(one)
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for name in ("name", "folder", "family", "data", "recipe", "phase", "step", "steps", "speed", "message"):
        print(f"{name:10} {facts[name]}")
    print("settings   " + "  ".join(f"{k}={v}" for k, v in facts["settings"].items()))
    for line in facts["metrics"][-5:]:
        print("  " + "  ".join(f"{k} {v:.5g}" for k, v in line.items()))


def _facts(one: runs.Run) -> dict:
    state, asked = one.state(), one.asked()
    return {
        "name": one.name, "folder": str(one.folder), "phase": state.phase, "step": state.step,
        "steps": state.steps, "seconds": state.seconds, "speed": round(state.speed, 1),
        "message": state.message, "family": asked.get("family", ""), "data": asked.get("data", ""),
        "recipe": asked.get("recipe", ""), "settings": asked.get("settings", {}),
        "metrics": one.metrics()[-50:],
    }  # fmt: skip


def _resume(one: runs.Run, steps: int | None) -> None:
    state = one.state()
    if steps is not None:
        if state.phase.live:
            raise BadRequest(f"{one.name} is being trained.", "Stop it first, then resume with --steps.")
        one.extend(steps)
    elif state.phase is Phase.FINISHED:
        raise BadRequest(f"{one.name} is finished.", "To train it further, add --steps N.")
    if state.phase is Phase.PAUSED:
        _ask(one, Command.RESUME)
    else:
        runs.start(one)
        print(f"{one.name} goes on from step {state.step}.")


def _ask(one: runs.Run, command: Command) -> None:
    """Send a command and wait until it shows."""
    if not one.phase().live:
        raise BadRequest(
            f"{one.name} isn't being trained; it is {one.phase()}.", "`runs resume` goes on with it."
        )
    one.send(command)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and not _done(command, one.phase()):
        time.sleep(0.1)
    print(f"{one.name} is {one.phase()}, at step {one.state().step}.")


def _done(command: Command, phase: Phase) -> bool:
    if command is Command.STOP:
        return not phase.live
    return (phase is Phase.PAUSED) == (command is Command.PAUSE)
