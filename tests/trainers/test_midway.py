"""Bad things in the middle of a training, through the real process: one clear sentence, and the run goes on
from where it was once they are mended.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainers.conftest import NARROW, Make, wait
from tests.trainers.test_kills import readable
from trainers import checkpoints, runs
from trainers.api import Command, Phase
from trainers.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("nursery")]
LONG = {**NARROW, "steps": 1_000_000}


def begun(run: Run) -> None:
    """Train until there are two checkpoints, then stop."""
    runs.start(run)
    wait(lambda: len(run.checkpoints()) == 2 or not run.phase().live)
    run.send(Command.STOP)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.STOPPED, run.state().message


def fails(run: Run) -> str:
    """Go on; the sentence that it ends with. Nothing of what was there is lost."""
    before = {path.name for path in run.checkpoints()}
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED, run.state().message
    assert {path.name for path in run.checkpoints()} >= before
    readable(run) if before else None
    sentence = run.state().message
    assert "Traceback" not in sentence
    assert "\n" not in sentence
    return sentence


def goes_on(run: Run) -> None:
    """It trains again, from where it was."""
    kept = max(int(path.stem) for path in run.checkpoints())
    runs.start(run)
    wait(lambda: run.state().step > kept or not run.phase().live)
    run.send(Command.STOP)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.STOPPED, run.state().message
    assert any(event["kind"] == "resumed" for event in run.events())


def test_a_picture_breaks_between_two_sittings(make: Make, tmp_path: Path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(60):
        Image.new("L", (16, 16), index).save(folder / f"{index:02d}.png")
    run = make("vae", data=f"folder:{folder}", **LONG)
    begun(run)
    whole = (folder / "30.png").read_bytes()
    (folder / "30.png").write_bytes(whole[:40])
    assert "30.png" in fails(run)
    (folder / "30.png").unlink()
    assert "has changed since this run began" in fails(run)
    (folder / "30.png").write_bytes(whole)
    goes_on(run)


def test_a_label_out_of_range_in_the_middle(make: Make, tmp_path: Path):
    path = tmp_path / "named.npz"
    labels = np.arange(60) % 2
    arrays = {"images": np.random.default_rng(0).integers(0, 255, (60, 16, 16), np.uint8),
              "classes": np.array(["cat", "dog"])}  # fmt: skip
    np.savez(path, labels=labels, **arrays)
    run = make("vae", data=f"npz:{path}", **LONG)
    begun(run)
    labels[31] = 7
    np.savez(path, labels=labels, **arrays)
    assert "label 7" in fails(run)
    labels[31] = 1
    np.savez(path, labels=labels, **arrays)
    goes_on(run)


def test_a_loss_that_is_no_number_any_more(make: Make):
    run = make("vae", **LONG)
    begun(run)
    for path in run.checkpoints():  # as it is a moment before it diverges
        tensors, facts = checkpoints.read(path)
        large = {name: t * 1e25 if name.startswith("network/") else t for name, t in tensors.items()}
        checkpoints.write(path, large, facts)
    sentence = fails(run)
    assert "stopped being a finite number" in sentence
    assert f"The checkpoint of step {int(run.checkpoints()[-1].stem)} is kept." in sentence
    assert "lower learning rate" in sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_when_an_event_is_written(make: Make):
    run = make("vae", **NARROW)
    events = run.folder / "events.jsonl"
    events.symlink_to("/dev/full")
    runs.start(run)
    wait(lambda: run.phase() in (Phase.PAUSED, Phase.FAILED, Phase.FINISHED))
    assert run.phase() is Phase.PAUSED
    assert "No space left on device" in run.state().message
    assert "Make room, then resume." in run.state().message
    run.send(Command.RESUME)  # there is still no room: it says so again
    wait(lambda: run.phase() is not Phase.PAUSED or not run.is_asked(Command.RESUME))
    wait(lambda: run.phase() is Phase.PAUSED and not run.is_asked(Command.RESUME))
    events.unlink()
    run.send(Command.RESUME)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FINISHED, run.state().message
    readable(run)


@pytest.mark.parametrize("inner", ["samples", "checkpoints"])
def test_a_folder_that_may_not_be_written(make: Make, inner: str):
    run = make("vae", **NARROW)
    runs.start(run)
    folder = run.folder / inner
    beside = run.folder / "beside"
    folder.rename(beside)
    folder.write_text("a file stands where the folder was")  # root may write into every folder
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED, run.state().message
    assert inner in run.state().message
    assert "then resume" in run.state().message
    folder.unlink()
    beside.rename(folder)
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FINISHED, run.state().message


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may write everywhere")
def test_no_permission(make: Make):
    run = make("vae", **NARROW)
    (run.folder / "checkpoints").chmod(0o500)
    assert "Permission denied" in fails(run)
    (run.folder / "checkpoints").chmod(0o700)
    goes_on(run)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"family": "nobody", "settings": {}}', "latent"])
def test_a_run_file_edited_into_nonsense(make: Make, text: str):
    run = make("vae", **LONG)
    begun(run)
    path = run.folder / "run.json"
    whole = path.read_text()
    if text == "latent":
        asked = json.loads(whole)
        asked["settings"]["latent"] = "many"
        text = json.dumps(asked)
    path.write_text(text)
    sentence = _refused(run)
    assert any(word in sentence for word in ("run.json", "nobody", "latent"))
    kept = path.read_text()
    assert kept == text or json.loads(text).items() <= json.loads(kept).items()
    path.write_text(whole)
    goes_on(run)


def _refused(run: Run) -> str:
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED, run.state().message
    return run.state().message


@pytest.mark.parametrize("text", ["", "{", '{"phase": 3, "step": "x", "pid": 1e40}', '{"step": -7}'])
def test_a_state_file_edited_into_nonsense(make: Make, text: str):
    run = make("vae", **LONG)
    begun(run)
    (run.folder / "state.json").write_text(text)
    goes_on(run)


@pytest.mark.skipif(sys.platform != "linux", reason="sets the clock of one process through /proc")
def test_commands_of_a_clock_ahead_come_in_order(make: Make):
    run = make("vae", **LONG)
    runs.start(run)
    wait(lambda: run.state().step > 0)
    ahead = (
        run.folder / "control" / f"{4 * 10**18:020d}-pause.json"
    )  # the year 2096; then the clock was mended
    ahead.write_text(json.dumps({"command": "pause", "values": {}}))
    run.send(Command.RESUME)
    run.send(Command.CHECKPOINT)
    wait(lambda: any(event["kind"] == "checkpoint" for event in run.events()))
    assert run.phase() is Phase.TRAINING
    run.send(Command.STOP)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.STOPPED
