"""Runs as folders: what is written is read back, whatever happens to the writer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from backends.errors import BadRequest, BadSettings
from tests.trainers.conftest import Make
from trainers import runs
from trainers.api import Command, Phase
from trainers.registry import trainer, trainers_by_family
from trainers.runs import State


def test_registry_and_runs_need_no_torch():
    code = "import sys, trainers.registry as r, trainers.runs, trainers.recipes; r.trainers_by_family(); "
    code += "sys.exit('torch' in sys.modules)"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


def test_every_setting_has_a_help_and_a_default_that_passes():
    assert {"autoencoder", "vae", "gan", "cgan", "classifier"} <= set(trainers_by_family())
    for info in trainers_by_family().values():
        info.settings().check()
        for item in info.settings.__dataclass_fields__.values():
            assert len(item.metadata["help"]) > 10, item.name


def test_a_run_reads_back_what_was_asked(make: Make):
    run = make("vae", kl_weight="0.5")
    assert run.asked()["settings"]["kl_weight"] == 0.5
    assert run.asked()["family"] == "vae"
    assert run.state().steps == 40
    assert runs.find(run.name, run.folder.parent) == run
    assert runs.list_runs(run.folder.parent) == [run]


def test_names_are_made_unique(make: Make):
    assert make().name != make().name


def test_a_half_written_last_line_is_ignored(make: Make):
    run = make()
    run.add_metrics(10, 1.0, {"loss": 3.0})
    run.add_metrics(20, 2.0, {"loss": 2.0})
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 30, "lo')
    assert [line["step"] for line in run.metrics()] == [10, 20]
    run.forget_after(10)
    assert [line["step"] for line in run.metrics()] == [10]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"phase": "dancing"}', b'{"pid": []}', b"\xff\xfe"])
def test_a_damaged_state_is_no_error(make: Make, content: bytes):
    run = make()
    (run.folder / "state.json").write_bytes(content)
    assert run.phase() in (Phase.STOPPED, Phase.INTERRUPTED)


def test_a_process_that_is_gone_or_another_is_interrupted(make: Make):
    run, me = make(), psutil.Process()
    run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=me.create_time()))
    assert run.phase() is Phase.TRAINING
    run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=me.create_time() - 100))
    assert run.phase() is Phase.INTERRUPTED
    run.write_state(State(Phase.TRAINING, pid=2**22 + 1, started=1.0))
    assert run.phase() is Phase.INTERRUPTED


def test_commands_are_taken_once_and_in_order(make: Make):
    run = make()
    for command in (Command.PAUSE, Command.SAMPLE, Command.RESUME):
        run.send(command)
    (run.folder / "control" / "9-nonsense.json").write_text('{"command": "dance"}')
    assert [r.command for r in run.take_requests()] == [Command.PAUSE, Command.SAMPLE, Command.RESUME]
    assert run.take_requests() == []


def test_a_run_that_is_being_trained_is_not_started_twice(make: Make):
    run = make()
    run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=psutil.Process().create_time()))
    with pytest.raises(BadRequest, match="already being trained"):
        runs.start(run)
    run.write_state(State())


def test_unknown_names_list_the_known_ones(tmp_path: Path):
    with pytest.raises(BadRequest, match="none yet"):
        runs.find("x", tmp_path)
    with pytest.raises(BadSettings, match="vae"):
        trainer("vea")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 0}, "at least 1"),
        ({"latent": "many"}, "must be a whole number"),
        ({"colour": 1}, "no setting named 'colour'"),
        ({"likelihood": "cauchy"}, "bernoulli, gaussian"),
        ({"kl_weight": float("nan")}, "at least 0"),
        ({"image_size": 29}, "16, 28, 32, 64"),
    ],
)
def test_bad_settings_are_one_sentence(given: dict, said: str):
    with pytest.raises(BadSettings, match=said):
        trainer("vae").INFO.settings.from_mapping(given)


QUICK = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from trainers.api import Phase
from trainers.processes import birth, holding
from trainers.runs import Run

run = Run(Path(sys.argv[1]))
with holding(run.folder / "lock", 5.0):
    print("begun", flush=True)
    time.sleep(0.2)
    mine = {"pid": os.getpid(), "started": birth(os.getpid())}
    run.write_state(replace(run.state(), phase=Phase.FAILED, message="So it is.", **mine))
"""


def test_what_a_quick_process_says_is_not_overwritten(make: Make, monkeypatch: pytest.MonkeyPatch):
    def quick(run: runs.Run) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-c", QUICK, str(run.folder)]
        process = subprocess.Popen(call, cwd=runs.ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"begun\n"
        return process

    monkeypatch.setattr(runs, "_process", quick)
    run = make("vae")
    pid = runs.start(run)
    assert run.state().message == "So it is."
    assert run.phase() is Phase.FAILED
    assert psutil.Process(pid).wait(60) in (0, None)
