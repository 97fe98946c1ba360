"""Several processes train what one would: the same losses, commands for all, a lost one is no loss."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
import torch

from backends.errors import BadSettings
from tests.trainers.conftest import wait
from trainers import runs, team
from trainers.api import Command, Phase
from trainers.preparing import half_precision
from trainers.registry import trainer
from trainers.runs import ROOT, Run

NARROW = {"body": "mlp", "width": 4, "latent": 4}
SMALL = {  # every step is measured, because a checkpoint is due
    "image_size": 16, "batch": 16, "steps": 4, "checkpoint_every": 1, "sample_every": 100, "device": "cpu",
}  # fmt: skip


def trained(make, processes, family="vae", **given):
    """A run to its end; its metrics."""
    run = make(family, **{**SMALL, **given})
    run.note(processes=processes)
    runs.start(run)
    wait(lambda: not run.phase().live, 120)
    assert run.phase() is Phase.FINISHED, run.last_words()
    return run


def followers_of(run):
    mine = psutil.Process(run.state().pid).children()
    return [p for p in mine if "trainers.follower" in " ".join(p.cmdline())]


def agree(one, other, within=1e-6):
    """Every value of every line."""
    assert [line["step"] for line in one.metrics()] == [line["step"] for line in other.metrics()]
    for a, b in zip(one.metrics(), other.metrics(), strict=True):
        for name in a.keys() - {"seconds"}:
            assert b[name] == pytest.approx(a[name], rel=within, abs=within), (name, a, b)


exact = pytest.mark.skipif(
    half_precision(torch.device("cpu")), reason="in half precision, sums in another order differ by more"
)


@exact
def test_two_processes_learn_what_one_does(make, nursery):
    """The losses of each of ten steps: equal to 1e-6. Only one writes."""
    alone, both = (trained(make, count, **NARROW, steps=10) for count in (1, 2))
    agree(alone, both)
    assert both.asked()["processes"] == 2
    assert len(both.events()) == len(alone.events())
    assert both.model.exists()


@pytest.mark.slow
@exact
@pytest.mark.parametrize(
    ("family", "given"),
    [
        ("vae", {"width": 4, "latent": 4}),
        ("autoencoder", {**NARROW, "noise": 0.1, "contraction": 0.1, "sparsity": 0.01}),
        ("cvae", {"width": 4, "latent": 4}),
        ("classifier", {"width": 4, "features": 8, "mirror": True}),
        ("gan", {"width": 4, "latent": 4, "discriminator_width": 4, "r1": 0.1, "noise": 0.1}),
        ("gan", {"width": 4, "latent": 4, "discriminator_width": 4, "separate_batches": False,
                 "discriminator_norm": "batch", "smoothing": 0.1, "flipped": 0.1, "layer_noise": 0.1}),
        ("wgan-gp", {"width": 4, "latent": 4, "discriminator_width": 4}),
        ("cgan", {"width": 4, "latent": 4, "discriminator_width": 4}),
        ("ddpm", {"width": 8}),
        ("flow", {"hidden": 8, "flow_steps": 2}),
    ],
)  # fmt: skip
def test_every_family_that_spreads_does(make, nursery, family, given):
    alone, both = (trained(make, count, family, steps=4, **given) for count in (1, 2))
    agree(alone, both, 2e-5)


@pytest.mark.slow
def test_commands_reach_all_and_a_lost_process_ends_it_resumably(make, nursery):
    run = make(**{**SMALL, **NARROW, "steps": 100_000, "checkpoint_every": 50, "sample_every": 100_000})
    run.note(processes=2)
    runs.start(run)
    wait(lambda: run.state().step > 120, 120)
    run.send(Command.PAUSE)
    wait(lambda: run.phase() is Phase.PAUSED)
    run.send(Command.SET, learning_rate=5e-4)
    run.send(Command.RESUME)
    wait(lambda: any(event["kind"] == "setting" for event in run.events()))
    (follower,) = followers_of(run)
    follower.kill()
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.FAILED
    assert "2 processes" in run.state().message
    assert "Resume" in run.state().message
    step = run.state().step
    runs.start(run)
    wait(lambda: run.state().step > step and run.phase() is Phase.TRAINING, 120)
    leader, (follower,) = psutil.Process(run.state().pid), followers_of(run)
    run.send(Command.STOP)
    wait(lambda: not run.phase().live)
    assert run.phase() is Phase.STOPPED
    wait(lambda: not follower.is_running() or follower.status() == psutil.STATUS_ZOMBIE)
    wait(lambda: not leader.is_running() or leader.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
def test_followers_end_with_a_killed_leader(make, nursery):
    run = make(**{**SMALL, **NARROW, "steps": 100_000})
    run.note(processes=2)
    runs.start(run)
    wait(lambda: run.state().step > 20, 120)
    (follower,) = followers_of(run)
    os.kill(run.state().pid, signal.SIGKILL)
    wait(lambda: not follower.is_running() or follower.status() == psutil.STATUS_ZOMBIE)
    assert run.phase() is Phase.INTERRUPTED


@pytest.mark.slow
@exact
def test_torchrun_starts_one_too(make, tmp_path):
    given = {**SMALL, **NARROW, "steps": 10}
    pairs = [text for key, value in given.items() for text in ("--set", f"{key}={value}")]
    environment = {**os.environ, "LATENT_EXPLORER_RUNS": str(tmp_path / "torchrun"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               "main.py", "train", "vae", "--data", "digits", "--name", "both", *pairs]  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=170)
    both = Run(tmp_path / "torchrun" / "both")
    assert both.phase() is Phase.FINISHED
    assert [path.name for path in (tmp_path / "torchrun").glob("*/run.json")] == ["run.json"]
    agree(trained(make, 1, **NARROW, steps=10), both)


@pytest.mark.parametrize(
    ("family", "given", "size", "why"),
    [
        ("vae", {"batch": 15}, 2, "shared evenly"),
        ("vae", {"batch": 2}, 2, "shared evenly"),
        ("betavae", {}, 2, "as a whole"),
        ("gan", {"spread": True}, 2, "differ"),
        ("cgan", {"diversity": 1.0}, 2, "compares"),
        ("began", {}, 2, "balance"),
    ],
)
def test_what_can_not_be_shared_is_refused_in_a_sentence(family, given, size, why):
    found = trainer(family)
    settings = found.INFO.settings.from_mapping(given)
    with pytest.raises(BadSettings, match=why):
        team.check(found.INFO, settings, size)
    team.check(found.INFO, settings, 1)


def test_noise_is_that_of_the_whole_batch():
    from trainers.shared.noise import SharedNoise

    def drawn(count):
        torch.manual_seed(7)
        maps = torch.empty(count, 3, 4, 4).to(memory_format=torch.channels_last)
        return [
            torch.randn(count, 5), torch.rand_like(maps), torch.rand(5, count), torch.randint(9, (count,)),
            torch.randn((2, count, 1)), torch.randint_like(maps, 0, 7), torch.rand(1),
            torch.rand(size=(count, 2)),
        ]  # fmt: skip

    whole, parts = drawn(12), []
    for rank in range(2):
        with SharedNoise(6, rank, 2):
            parts.append(drawn(6))
    for at, (one, other) in enumerate(zip(*parts, strict=True)):
        place = 1 if at in (2, 4) else 0
        joined = one if at == 6 else torch.cat([one, other], place)
        torch.testing.assert_close(joined, whole[at], rtol=0, atol=0)


def test_two_batches_behind_each_other_are_shared_each():
    from trainers.shared.noise import SharedNoise

    torch.manual_seed(1)
    whole = torch.randn(8, 2)  # four rows of each
    torch.manual_seed(1)
    with SharedNoise(2, 1, 2):
        mine = torch.randn(4, 2)
    torch.testing.assert_close(mine, whole[[2, 3, 6, 7]], rtol=0, atol=0)


def test_addresses_stay_out_of_run_folders(make, in_process, monkeypatch):
    for name in ("LATENT_EXPLORER_HOST", "MASTER_ADDR"):
        monkeypatch.setenv(name, "me@secret-machine")
    run = make(**{**SMALL, **NARROW, "steps": 2})
    runs.start(run)
    assert run.phase() is Phase.FINISHED
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"secret-machine" in path.read_bytes()]
