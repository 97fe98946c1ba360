"""Settings that change on the way: checked, on the record, repeated when a run is resumed. No torch.

`run.json` holds the newest settings and every change: `{"step", "name", "old", "new", "time"}`. The step is
that of the first batch which learned with the new value, None until the run has gone on. So the settings
of any step can be told, and a run that falls back behind a change repeats it at the same step.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from backends.errors import BadSettings
from trainers.api import Command, Settings, is_fixed, is_live
from trainers.runs import Run, writing

Change = dict[str, Any]


def ask(run: Run, kind: type[Settings], given: Mapping[str, Any]) -> list[str]:
    """Change settings of a run: at once when it is being trained, else when it goes on; what changes.

    Raises `BadSettings` for a value that can't work or that holds for the life of a run.
    """
    live = run.phase().live
    before = run.intact()["settings"]
    wanted = differing(before, kind, given, live=live)
    if live and wanted:
        run.send(Command.SET, **wanted)
    elif wanted:
        with writing():
            record(run, wanted, None)
    return [f"{name}: {before.get(name)} → {value}" for name, value in wanted.items()]


def differing(
    settings: Mapping[str, Any], kind: type[Settings], given: Mapping[str, Any], *, live: bool
) -> dict[str, Any]:
    """The values of `given` that differ from `settings`, converted and checked. Raises `BadSettings`."""
    known = {item.name: item for item in fields(kind)}
    made = kind.from_mapping({**settings, **given}).to_json()
    now = kind.from_mapping(settings).to_json()
    wanted = {name: made[name] for name in given if made[name] != now[name]}
    for name in wanted:
        if is_fixed(known[name]):
            raise BadSettings(f"{name} can't change in a run.", "Start a new run with these settings.")
        if live and not is_live(known[name]):
            raise BadSettings(
                f"{name} can't change while it trains.", "Stop it, then resume with the change."
            )
    return wanted


def record(run: Run, wanted: Mapping[str, Any], step: int | None) -> list[Change]:
    """Put changes into `run.json` and the newest settings; the changes."""
    asked = run.intact()
    made = [{"step": step, "name": name, "old": asked["settings"].get(name), "new": value,
             "time": time.time()} for name, value in wanted.items()]  # fmt: skip
    run.note(settings={**asked["settings"], **wanted}, changes=of(asked) + made)
    return made


def of(asked: Mapping[str, Any]) -> list[Change]:
    """The changes on record, oldest first."""
    found = asked.get("changes")
    listed = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
    return [
        c for c in listed if {"name", "old", "new"} <= c.keys() and isinstance(c.get("step", ""), int | None)
    ]


def dated(asked: Mapping[str, Any], kind: type[Settings], step: int) -> list[Change]:
    """The changes on record when a run goes on from `step`: those that waited for it begin here.

    A newer wish replaces what was on record for later steps, which are trained again. So do settings that
    can't change on the way: they hold from here.
    """
    live = {item.name for item in fields(kind) if is_live(item)}
    again = {change["name"] for change in of(asked) if change["step"] is None}
    kept: list[Change] = []
    before: dict[str, Any] = {}  # what the changes that are dropped had changed
    for change in of(asked):
        name, at = change["name"], change["step"]
        if at is None or (at > step and name not in live):
            kept.append({**change, "step": step, "old": before.get(name, change["old"])})
        elif at > step and name in again:
            before.setdefault(name, change["old"])
        else:
            kept.append(change)
    return kept


@contextlib.contextmanager
def tried(run: Run) -> Iterator[None]:
    """The changes that have not begun are taken back when they prove to be bad settings here."""
    try:
        yield
    except BadSettings:
        take_back(run)
        raise


def take_back(run: Run) -> None:
    """Undo the changes that have not begun, because the run can't go on with them."""
    asked = run.intact()
    settings = dict(asked["settings"])
    for change in reversed(of(asked)):
        if change["step"] is None:
            settings[change["name"]] = change["old"]
    run.note(settings=settings, changes=[c for c in of(asked) if c["step"] is not None])


def settings_at(asked: Mapping[str, Any], step: int) -> dict[str, Any]:
    """The settings with which a step learns; the changes must be `dated`."""
    settings = dict(asked["settings"])
    for change in reversed(of(asked)):
        if change["step"] > step:
            settings[change["name"]] = change["old"]
    return settings


def coming(asked: Mapping[str, Any], step: int) -> dict[int, dict[str, Any]]:
    """The dated changes after a step that a resumed run repeats, by step."""
    found: dict[int, dict[str, Any]] = {}
    for change in of(asked):
        if change["step"] > step:
            found.setdefault(change["step"], {})[change["name"]] = change["new"]
    return found
