"""Runs side by side, and written to files."""

import csv
import os
import zipfile

import pytest

from backends.errors import BadRequest, CantWrite
from explorer.model import run_table
from trainers import runs
from trainers.api import Phase, Settings
from trainers.processes import birth
from trainers.runs import State


@pytest.fixture
def pair(tmp_path):
    made = [runs.create("vae", "digits", Settings(batch=size), name, folder=tmp_path)
            for name, size in (("one", 32), ("two", 64))]  # fmt: skip
    for run, end in zip(made, (0.5, 0.25), strict=True):
        for step in range(1, 21):
            run.add_metrics(step, step / 10, {"loss": 1.0 if step < 19 else end})
    return made


def test_only_what_differs(pair):
    pair[1].note(environment={"threads": 2, "versions": {"torch": "2.4"}})
    table = run_table.diff(pair)
    assert table.columns == ("", "one", "two")
    assert ("batch", "32", "64") in table.rows
    assert ("threads", "", "2") in table.rows
    assert not any(row[0] == "steps" for row in table.rows)
    assert "batch" in table.text()
    assert run_table.diff([pair[0], pair[0]]).rows == ()


def test_results_are_sorted_by_a_curve(pair):
    table = run_table.results(pair, ["batch"], "loss")
    assert table.columns == ("run", "phase", "batch", "loss")
    assert [row[0] for row in table.rows] == ["two", "one"]
    assert [row[3] for row in table.rows] == ["0.25", "0.5"]
    assert [row[0] for row in run_table.results(pair, ["batch"], "+loss").rows] == ["one", "two"]
    assert list(csv.reader(table.csv().splitlines()))[1][2] == "64"


def test_exports(pair, tmp_path):
    run, out = pair[0], tmp_path / "out"
    (run.folder / "checkpoints" / "0000001.safetensors").write_bytes(b"large")
    run_table.export(run, out / "curves.csv")
    assert (out / "curves.csv").read_text().splitlines()[:2] == ["step,seconds,loss", "1,0.1,1.0"]
    run_table.export(run, out / "all.zip")
    names = zipfile.ZipFile(out / "all.zip").namelist()
    assert "one/run.json" in names
    assert not any("checkpoints" in name for name in names)
    with pytest.raises(BadRequest, match="no model yet"):
        run_table.export(run, out / "m.safetensors")
    run.model.write_bytes(b"model")
    run_table.export(run, out / "m.safetensors")
    assert (out / "m.safetensors").read_bytes() == b"model"
    with pytest.raises(BadRequest, match="Choose one of"):
        run_table.export(run, out / "m.pt")
    (out / "file").write_text("")
    with pytest.raises(CantWrite):
        run_table.export(run, out / "file" / "below.csv")


def test_what_is_trained_is_never_removed(pair):
    run, other = pair
    assert run_table.worthless(run)
    run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=birth(os.getpid())))
    assert not run_table.worthless(run)
    with pytest.raises(BadRequest, match="Stop it first"):
        run_table.delete(run)
    run.write_state(State())
    checkpoint = run.folder / "checkpoints" / "0000001.safetensors"
    checkpoint.write_bytes(b"x" * 100)
    assert run_table.size_of(run) > 100
    run_table.delete(run, checkpoints_only=True)
    assert (run.folder.exists(), checkpoint.exists()) == (True, False)
    run_table.delete(run)
    assert not run.folder.exists()
    assert other.folder.exists()
