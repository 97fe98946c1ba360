"""Reading run folders: only what changed, whole lines only, curves that keep their looks."""

import json
import os

import pytest

from explorer.model import runs as runs_module
from explorer.model.runs import RunReader, RunsReader, Tail, duration
from trainers import runs
from trainers.api import Phase, Settings
from trainers.runs import State


@pytest.fixture
def run(tmp_path):
    return runs.create("vae", "digits", Settings(steps=100), "One", folder=tmp_path)


def test_a_growing_file_is_read_line_by_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    tail = Tail(path)
    assert tail.read() == (False, [])
    path.write_text('{"step": 1}\n{"st')
    assert tail.read() == (False, [{"step": 1}])
    with path.open("a") as file:
        file.write('ep": 2}\n')
    assert tail.read() == (False, [{"step": 2}])
    assert tail.read() == (False, [])


def test_a_replaced_file_is_read_anew(run):
    for step in range(1, 6):
        run.add_metrics(step, step / 10, {"loss": 1 / step})
    tail = Tail(run.folder / "metrics.jsonl")
    assert len(tail.read()[1]) == 5
    run.forget_after(3)
    run.add_metrics(4, 0.4, {"loss": 9.0})
    anew, lines = tail.read()
    assert anew
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert lines[-1]["loss"] == 9.0


def test_a_reader_says_nothing_when_nothing_changed(run):
    reader = RunReader(run.folder)
    run.add_metrics(1, 0.1, {"loss": 2.0})
    summary = RunsReader(run.folder.parent).read()[0]
    first = reader.read(summary)
    assert first.curves[0].values.tolist() == [2.0]
    assert reader.read(summary) is None
    run.add_event(1, "checkpoint")
    second = reader.read(summary)
    assert second.events[0]["kind"] == "checkpoint"
    assert second.curves is first.curves
    run.add_metrics(2, 0.2, {"loss": 1.0, "kl": 3.0})
    third = reader.read(summary)
    assert [(c.name, c.steps.tolist()) for c in third.curves] == [("loss", [1, 2]), ("kl", [2])]
    assert reader.read(summary, smoothing=4).curves[0].means.tolist() == [1.5, 1.5]


def test_the_list_finds_runs_it_did_not_start_and_marks_the_dead(run, tmp_path):
    reader = RunsReader(tmp_path)
    assert [s.title for s in reader.read()] == ["One"]
    run.write_state(State(Phase.TRAINING, step=40, steps=100, pid=2**22 - 3, started=1.0))
    other = runs.create("vae", "digits", Settings(), "Two", folder=tmp_path)
    newest, oldest = reader.read()
    assert (newest.folder, oldest.folder) == (other.folder, run.folder)
    assert oldest.phase is Phase.INTERRUPTED
    assert oldest.fraction == 0.4
    run.write_state(State(Phase.TRAINING, step=40, steps=100, pid=os.getpid(), started=_own_start()))
    assert reader.read()[1].phase is Phase.TRAINING


def test_a_damaged_folder_is_listed_not_raised(run, tmp_path):
    (run.folder / "state.json").write_text("{")
    (run.folder / "metrics.jsonl").write_bytes(b'\xff\xfe\n[1]\n{"step": 3, "loss": "x"}\n')
    summary = RunsReader(tmp_path).read()[0]
    assert summary.title == "One"
    assert RunReader(run.folder).read(summary).curves == ()


def test_a_long_file_is_read_in_pieces(run, monkeypatch):
    monkeypatch.setattr(runs_module, "CHUNK", 200)
    for step in range(1, 31):
        run.add_metrics(step, step / 10, {"loss": 1 / step})
    assert len(Tail(run.folder / "metrics.jsonl").read()[1]) < 30
    curve = RunReader(run.folder).read(RunsReader(run.folder.parent).read()[0]).curves[0]
    assert curve.steps.tolist() == list(range(1, 31))


def test_durations_read_well():
    assert [duration(s) for s in (12, 600, 3 * 3600 + 300)] == ["12 s", "10 min", "3 h 05 min"]


def test_a_line_says_what_matters(run):
    run.write_state(State(Phase.TRAINING, 50, 100, os.getpid(), _own_start(), seconds=600, speed=1234.0))
    assert RunsReader(run.folder.parent).read()[0].line() == "training · 50% · 10 min left · 1,234 images/s"
    assert json.loads((run.folder / "state.json").read_text())["step"] == 50


def _own_start():
    import psutil

    return psutil.Process().create_time()
