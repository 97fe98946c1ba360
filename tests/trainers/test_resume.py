"""Stopped or killed at any step and resumed is the same, bit for bit, as never stopped. Real processes."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from backends import native
from backends.errors import BadSettings
from tests.trainers.conftest import NARROW, Make, wait
from trainers import changes, checkpoints, runs
from trainers.api import Command, Phase
from trainers.control import Control
from trainers.loop import train
from trainers.registry import trainer
from trainers.runs import Run

pytestmark = pytest.mark.usefixtures("nursery")
VAE = trainer("vae").INFO.settings
LONG = {"steps": 400, "checkpoint_every": 50, "sample_every": 200, **NARROW}


def last_checkpoint(run: Run) -> dict[str, np.ndarray]:
    return load_file(run.checkpoints()[-1])


def same(a: Run, b: Run) -> bool:
    one, other = last_checkpoint(a), last_checkpoint(b)
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def to_the_end(run: Run) -> Run:
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FINISHED, run.state().message
    return run


def interrupted(make: Make, how: str) -> Run:
    """A run that was killed or stopped on its way; on a busy machine one may be at its end before."""
    for _ in range(5):
        run = make("vae", **LONG)
        pid = runs.start(run)
        wait(lambda run=run: run.state().step > 70)  # type: ignore[misc]
        if how == "stop":
            run.send(Command.STOP)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait(lambda run=run: not run.phase().live)  # type: ignore[misc]
        if run.phase() is not Phase.FINISHED:
            break
    return run


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_interrupted_and_resumed_is_bit_for_bit_the_same(make: Make, how: str):
    whole = to_the_end(make("vae", **LONG))
    run = interrupted(make, how)
    if how == "kill":
        assert run.phase() is Phase.INTERRUPTED
        with (run.folder / "metrics.jsonl").open("a") as file:
            file.write('{"step": 999999, "lo')
    else:
        assert run.phase() is Phase.STOPPED
        assert 70 < native.read_info(run.model).step <= 400
    to_the_end(run)
    assert same(whole, run)
    steps = [line["step"] for line in run.metrics()]
    assert steps == sorted(set(steps))
    assert steps[-1] == 400


def test_gans_resume_exactly_too(make: Make):
    given = {"width": 4, "discriminator_width": 4, "latent": 4, "spectral": True, "batch": 8}
    whole, halved = make("dcgan", steps=12, **given), make("dcgan", steps=12, **given)
    train(whole, Control.of(whole, 12))
    train_until(halved, 5)
    train(halved, Control.of(halved, 12))
    assert same(whole, halved)


def train_until(run: Run, step: int) -> None:
    """Train in this process and stop after some steps."""
    control = Control.of(run, 12)
    beat = control.check

    def check() -> None:
        if control.state.step == step and control.state.phase is Phase.TRAINING:
            run.send(Command.STOP)
        beat()

    control.check = check  # type: ignore[method-assign]
    train(run, control)
    assert run.phase() is Phase.STOPPED


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    newest = run.checkpoints()[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    train(run, Control.of(run, 40))
    assert run.phase() is Phase.FINISHED
    assert [e["step"] for e in run.events() if e["kind"] == "resumed"] == [30]


def test_extended_training_goes_on(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    assert changes.ask(run, VAE, {"steps": "60"}) == ["steps: 40 → 60"]
    train(run, Control.of(run, 60))
    assert native.read_info(run.model).step == 60


def test_pause_sample_checkpoint_resume_and_stop_a_real_process(make: Make):
    run = make(
        "vae", **{**LONG, "steps": 1_000_000, "checkpoint_every": 1_000_000, "sample_every": 1_000_000}
    )
    pid = runs.start(run)
    wait(lambda: run.phase() is Phase.TRAINING)
    run.send(Command.PAUSE)
    wait(lambda: run.phase() is Phase.PAUSED)
    step = run.state().step
    run.send(Command.SAMPLE)
    run.send(Command.CHECKPOINT)
    wait(lambda: run.model.exists() and bool(run.checkpoints()) and len(run.samples()) >= 1)
    assert run.state().step == step
    run.send(Command.RESUME)
    wait(lambda: run.state().step > step)
    run.send(Command.STOP)
    wait(lambda: run.phase() is Phase.STOPPED)
    wait(lambda: not runs.alive(pid, run.state().started))
    assert int(run.checkpoints()[-1].stem) == run.state().step


def test_a_second_process_leaves_the_folder_alone(make: Make):
    run = make("vae", **{**LONG, "steps": 1_000_000})
    runs.start(run)
    wait(lambda: run.phase() is Phase.TRAINING)
    child = os.spawnv(
        os.P_WAIT, os.sys.executable, [os.sys.executable, "-m", "trainers.host", str(run.folder)]
    )
    assert child == 3
    assert run.phase() is Phase.TRAINING


def test_missing_data_is_a_sentence_in_the_state(make: Make, tmp_path: Path):
    run = make("vae", data=f"folder:{tmp_path / 'nowhere'}")
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED
    assert "nowhere" in run.state().message
    assert "Traceback" not in run.log.read_text()


def test_bad_settings_in_the_file_are_a_sentence_too(make: Make):
    run = make("vae")
    run.note(settings={"steps": 10, "latent": -3})
    runs.start(run)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED
    assert "latent is -3" in run.state().message


def test_changed_data_is_noticed(make: Make):
    run = make("vae", **NARROW)
    run.note(data_checksum="0" * 64)
    with pytest.raises(Exception, match="has changed since"):
        train(run, Control.of(run, 40))


def test_not_a_number_stops_with_the_last_good_checkpoint(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    changes.ask(run, VAE, {"steps": 80})
    poisoned(run)
    with pytest.raises(BadSettings, match="lower learning rate"):
        train(run, Control.of(run, 80))
    assert [path.stem for path in run.checkpoints()] == ["0000030", "0000040"]
    assert native.read_info(run.model).step == 40


def poisoned(run: Run) -> None:
    """Make the weights of the newest checkpoint numbers that no sum survives."""
    path = run.checkpoints()[-1]
    tensors, facts = checkpoints.read(path)
    key = next(name for name in tensors if name.startswith("network/") and "weight" in name)
    tensors[key].fill_(1e38)
    checkpoints.write(path, tensors, facts)
