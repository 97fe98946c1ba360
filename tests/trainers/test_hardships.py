"""Full disks, damaged files, wrong labels, a clock set back: a sentence, and the run as safe as before."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from backends.errors import BadSettings, CantWrite
from tests.trainers.conftest import NARROW, Make, wait
from tests.trainers.test_resume import VAE, same
from trainers import checkpoints, control, data, files, host, processes, runs
from trainers.api import Command, Phase
from trainers.control import Control
from trainers.data.api import Dataset
from trainers.loop import train
from trainers.runs import State


class Disk:
    """A disk that is full from some write on, until there is room again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int, number: int = errno.ENOSPC) -> None:
        self.left, self.refused = after, 0
        self.number = number
        whole = checkpoints.write
        monkeypatch.setattr(checkpoints, "write", lambda *a: (self.ask(), whole(*a)))
        append = files.append_line
        monkeypatch.setattr(runs, "append_line", lambda *a: (self.ask(), append(*a)))

    def ask(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.refused += 1
            raise OSError(self.number, os.strerror(self.number), "somewhere")


def beside(run, disk: Disk, *answers) -> threading.Thread:
    """A person who answers each time the run says that the disk is full."""

    def answer() -> None:
        for act in answers:
            wait(lambda: run.state().phase is Phase.PAUSED and "resume" in run.state().message)
            act()
            wait(lambda: run.state().phase is not Phase.PAUSED or disk.left < 0)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_pauses_and_goes_on_to_the_very_same_end(make: Make, monkeypatch, number):
    monkeypatch.setattr(control, "LOOK", 0.005)
    whole, run = make("vae", **NARROW), make("vae", **NARROW)
    train(whole, Control.of(whole, 40))
    disk = Disk(monkeypatch, after=4, number=number)

    def room() -> None:
        disk.left = 10**6
        run.send(Command.RESUME)

    person = beside(run, disk, room)
    train(run, Control.of(run, 40))
    person.join()
    assert disk.refused >= 1
    assert run.phase() is Phase.FINISHED
    assert same(whole, run)
    assert [line["step"] for line in run.metrics()] == sorted({line["step"] for line in run.metrics()})


def test_resumed_without_room_it_pauses_again_and_can_be_stopped(make: Make, monkeypatch):
    monkeypatch.setattr(control, "LOOK", 0.005)
    run = make("vae", **NARROW)
    disk = Disk(monkeypatch, after=4)

    def still_full() -> None:
        refused = disk.refused
        run.send(Command.RESUME)
        wait(lambda: disk.refused > refused)

    person = beside(run, disk, still_full, lambda: run.send(Command.STOP))
    train(run, Control.of(run, 40))
    person.join()
    assert run.phase() is Phase.STOPPED
    disk.left = 10**6
    train(run, Control.of(run, 40))
    assert run.phase() is Phase.FINISHED


def test_no_permission_is_a_sentence(make: Make, monkeypatch):
    run = make("vae", **NARROW)
    Disk(monkeypatch, after=4, number=errno.EACCES)
    assert host._train(run, Control.of(run, 40)) == 2
    assert run.state().phase is Phase.FAILED
    assert "Permission denied" in run.state().message
    (run.folder / "notes.json").mkdir()
    with pytest.raises(CantWrite, match="can't be written"):
        run.write_notes("x", ())


def test_a_flipped_bit_in_the_newest_checkpoint_is_noticed(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    newest = run.checkpoints()[-1]
    content = bytearray(newest.read_bytes())
    content[-20] ^= 1
    newest.write_bytes(bytes(content))
    train(run, Control.of(run, 40))
    told = [(e["kind"], e["step"]) for e in run.events()]
    assert ("warning", 30) in told
    assert ("resumed", 30) in told
    assert newest.with_suffix(".damaged").exists()
    assert len(run.checkpoints()) == 2


def test_retention_keeps_the_best_and_every_twentieth(make: Make):
    run = make("vae", steps=50, keep_last=1, keep_every=20, keep_best="+loss", **NARROW)
    train(run, Control.of(run, 50))
    kept = [int(path.stem) for path in run.checkpoints()]
    assert kept == [10, 20, 40, 50]  # the highest loss is that of the beginning
    unknown = make("vae", keep_best="accuracy", **NARROW)
    train(unknown, Control.of(unknown, 40))
    assert any("accuracy" in e["text"] for e in unknown.events() if e["kind"] == "warning")


@pytest.mark.parametrize("text", ["{", '{"family": "vae"}', "[1, 2]", '{"family": "vae", "settings": 3}'])
def test_a_run_file_edited_into_nonsense_is_a_sentence_and_left_alone(make: Make, text):
    run = make("vae", **NARROW)
    (run.folder / "run.json").write_text(text)
    assert host._train(run, Control.of(run, 40)) == 2
    assert "run.json" in run.state().message
    assert (run.folder / "run.json").read_text() == text


def test_a_label_out_of_range_is_a_sentence(make: Make, monkeypatch):
    odd = Dataset(np.zeros((60, 16, 16, 1), np.uint8), np.array([0] * 59 + [7]), ("a", "b"))
    monkeypatch.setattr(data, "load", lambda *_, **__: odd)
    run = make("classifier")
    assert host._train(run, Control.of(run, 40)) == 2
    assert "Image 59 of digits has the label 7, but there are 2 classes." in run.state().message


def test_a_broken_picture_in_the_middle_names_its_file(make: Make, tmp_path: Path):
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(60):
        Image.new("L", (16, 16), index).save(folder / f"{index:02d}.png")
    (folder / "30.png").write_bytes((folder / "31.png").read_bytes()[:40])
    run = make("vae", data=f"folder:{folder}", **NARROW)
    assert host._train(run, Control.of(run, 40)) == 2
    assert "30.png" in run.state().message


def test_other_threads_are_told(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    environment = run.asked()["environment"]
    assert environment["versions"]["torch"]
    assert environment["threads"] >= 1
    run.note(environment={**environment, "threads": 7})
    train(run, Control.of(run, 40))
    assert any("threads 7 →" in e["text"] for e in run.events() if e["kind"] == "notice")


def test_a_clock_set_back_changes_neither_order_nor_who_lives(make: Make, monkeypatch):
    run = make("vae")
    run.send(Command.PAUSE)
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    run.send(Command.RESUME)
    assert [r.command for r in run.take_requests()] == [Command.PAUSE, Command.RESUME]
    born = processes.birth(os.getpid())
    created = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) - 3600)
    assert processes.alive(os.getpid(), born)
    run.write_state(State(Phase.TRAINING, pid=os.getpid(), started=born))
    assert run.phase() is Phase.TRAINING


def test_only_one_holds_a_lock(tmp_path: Path):
    with processes.holding(tmp_path / "lock") as first, processes.holding(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with processes.holding(tmp_path / "lock") as third:
        assert third


def test_a_line_after_half_a_line_is_whole(make: Make):
    run = make()
    run.add_event(1, "checkpoint")
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('{"step": 2, "ki')
    run.add_event(3, "resumed")
    assert [e["step"] for e in run.events()] == [1, 3]


def test_weights_that_are_no_numbers_never_push_out_good_ones(make: Make):
    run = make("vae", **NARROW)
    train(run, Control.of(run, 40))
    before = run.checkpoints()
    tensors, facts = checkpoints.read(before[-1])
    next(t for name, t in tensors.items() if name.startswith("network/")).fill_(float("nan"))
    with pytest.raises(BadSettings, match="finite"):
        checkpoints.write(before[-1].with_stem("0000050"), tensors, {**facts, "step": 50})
    assert run.checkpoints() == before


def test_what_is_asked_before_the_first_step_is_done_at_the_first(make: Make):
    run = make("vae", **NARROW)
    for command in (Command.PAUSE, Command.CHECKPOINT, Command.RESUME):
        run.send(command)
    train(run, Control.of(run, 40))
    assert json.loads((run.folder / "events.jsonl").read_text().splitlines()[0])["kind"] == "checkpoint"
    assert VAE.from_mapping(run.asked()["settings"]).steps == 40


def test_a_stop_is_taken_in_the_middle_of_a_slow_picture(make: Make, monkeypatch):
    from trainers.vae import VaeLearner

    passes = []

    def slow(self, model):
        for _ in range(1000):
            passes.append(time.sleep(0.02))
            images = model.generate(torch.zeros(1, 4), {})
            if len(passes) == 5:
                self.asked.send(Command.STOP)
        return images

    run = make("vae", **NARROW)
    monkeypatch.setattr(VaeLearner, "asked", run, raising=False)
    monkeypatch.setattr(VaeLearner, "pictures", lambda self, model: torch.zeros(1, 1, 4, 4))
    control = Control.of(run, 40)
    beat = control.check

    def check() -> None:
        if control.state.step == 15:
            monkeypatch.setattr(VaeLearner, "pictures", slow)
        beat()

    control.check = check  # type: ignore[method-assign]
    train(run, control)
    assert run.phase() is Phase.STOPPED
    assert run.state().step == 20
    assert len(passes) < 200
