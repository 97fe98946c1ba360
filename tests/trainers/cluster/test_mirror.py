"""The copy of a run's folder: by offsets and checksums, whatever is cut, replaced, damaged or hostile."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from trainers.api import Command
from trainers.cluster import folder as far
from trainers.cluster.folder import FarFolder
from trainers.cluster.mirror import Mirror, send
from trainers.files import read_json, write_json
from trainers.runs import Run, State


class Cut(Exception):
    """The connection breaks."""


class Far:
    """A far folder behind a connection: counts what comes over it, and breaks when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.inner = FarFolder(str(folder))
        self.asked: list[str] = []
        self.received = 0
        self.cut_after = -1
        self.spoil = b""

    def __call__(self, method, **given):
        if self.cut_after == 0:
            raise Cut
        self.cut_after -= 1
        self.asked.append(method)
        told, content = getattr(self.inner, method)(**given)
        self.received += len(content)
        if self.spoil and method == "read" and not given["name"].endswith(".json"):
            content, self.spoil = self.spoil[: len(content)].ljust(len(content)), b""
        return told, content


@pytest.fixture
def ends(tmp_path, monkeypatch):
    """The run there, the connection, and the mirror here; pieces are small."""
    monkeypatch.setattr("trainers.cluster.mirror.PIECE", 64)
    monkeypatch.setattr(far, "PIECE", 64)
    there, here = Run(tmp_path / "there" / "a-run"), Run(tmp_path / "here" / "a-run")
    for run in (there, here):
        for inner in ("samples", "checkpoints"):
            (run.folder / inner).mkdir(parents=True)
        write_json(
            run.folder / "run.json", {"settings": {"steps": 4}, "family": "vae", "data": run.folder.parts[-2]}
        )
    there.write_state(State())
    ask = Far(there.folder)
    return there, here, ask, Mirror(here, ask)


def settle(mirror: Mirror) -> None:
    mirror.step()
    for _ in range(100):
        if not mirror.waiting:
            return
        mirror.step()
    raise AssertionError("never all copied")


def same(there: Run, here: Run, name: str) -> None:
    assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()


def test_files_that_grow_are_read_on_from_where_the_copy_ends(ends):
    there, here, ask, mirror = ends
    for step in range(50):
        there.add_metrics(step, step / 10, {"loss": 1 / (step + 1)})
    settle(mirror)
    same(there, here, "metrics.jsonl")
    before = ask.received
    there.add_metrics(50, 5.0, {"loss": 0.01})
    settle(mirror)
    same(there, here, "metrics.jsonl")
    assert ask.received - before < 100
    assert "read" not in ask.asked[-2:]


def test_a_file_that_was_replaced_there_is_copied_anew(ends):
    there, here, _, mirror = ends
    for step in range(50):
        there.add_metrics(step, step / 10, {"loss": 1 / (step + 1)})
    settle(mirror)
    there.forget_after(20)
    there.add_metrics(21, 9.0, {"loss": 0.5})
    settle(mirror)
    same(there, here, "metrics.jsonl")
    assert [line["step"] for line in here.metrics()] == [*range(21), 21]


def test_a_copy_that_was_damaged_here_is_mended(ends):
    there, here, ask, mirror = ends
    there.log.write_text("a line\n" * 40)
    settle(mirror)
    here.log.write_bytes(here.log.read_bytes()[:-3] + b"???")
    with there.log.open("a") as file:
        file.write("the end\n")
    settle(Mirror(here, ask))
    same(there, here, "log.txt")


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 8, 13])
def test_a_copy_that_was_cut_goes_on_and_is_never_seen_half(ends, calls):
    there, here, ask, mirror = ends
    content = bytes(range(256)) * 3
    (there.folder / "checkpoints" / "0000010.safetensors").write_bytes(content)
    ask.cut_after = calls
    with contextlib.suppress(Cut):
        settle(mirror)
    for path in here.checkpoints():
        assert path.read_bytes() == content
    ask.cut_after = -1
    settle(Mirror(here, ask))
    assert here.checkpoints()[0].read_bytes() == content
    assert not list((here.folder / "checkpoints").glob(".*"))
    assert ask.received < len(content) + 3 * 64 + 400  # what had come did not come again


def test_what_was_damaged_on_the_way_is_fetched_again(ends):
    there, here, ask, mirror = ends
    (there.folder / "model.safetensors").write_bytes(b"model" * 50)
    ask.spoil = b"noise" * 50
    settle(mirror)
    same(there, here, "model.safetensors")


def test_a_checkpoint_goes_only_when_all_newer_ones_are_here(ends):
    there, here, _, mirror = ends
    old, new = (there.folder / "checkpoints" / f"{step:07d}.safetensors" for step in (10, 20))
    old.write_bytes(b"old" * 30)
    (here.folder / "checkpoints" / "0000005.safetensors").write_bytes(b"made before")
    settle(mirror)
    old.unlink()
    new.write_bytes(b"new" * 300)
    mirror.step()
    assert mirror.waiting
    assert [path.name for path in here.checkpoints()] == ["0000005.safetensors", "0000010.safetensors"]
    settle(mirror)
    assert [path.name for path in here.checkpoints()] == ["0000005.safetensors", "0000020.safetensors"]


def test_a_file_replaced_while_it_is_fetched_is_fetched_as_it_is_now(ends):
    there, here, _, mirror = ends
    path = there.folder / "model.safetensors"
    path.write_bytes(b"one" * 400)
    mirror.step()
    path.write_bytes(b"two" * 300)
    settle(mirror)
    same(there, here, "model.safetensors")


def test_of_run_json_what_belongs_to_this_computer_stays(ends):
    there, here, _, mirror = ends
    here.note(cluster={"id": "1"}, data="npz:/home/me/mine.npz")
    there.note(threads=3, data="npz:mine.npz")
    settle(mirror)
    asked = here.asked()
    assert (asked["threads"], asked["data"], asked["cluster"]) == (3, "npz:/home/me/mine.npz", {"id": "1"})
    (there.folder / "run.json").write_text('{"half')
    mirror.step()
    assert here.asked() == asked


@pytest.mark.parametrize("name", ["../evil", "control/1-stop.json", "lock", "state.json", "/etc/passwd",
                                  "samples/../../x.png", "checkpoints/.hidden", "run.json/.."])  # fmt: skip
def test_no_other_file_is_written_or_read(ends, name):
    _, here, ask, _ = ends
    told = ask.inner.look()[0]
    told["files"][name] = [5, 1]
    before = sorted(here.folder.parent.rglob("*"))
    Mirror(here, lambda method, **given: (told, b"") if method == "look" else ask(method, **given)).step()
    assert {p.name for p in here.folder.parent.rglob("*")} == {p.name for p in before}
    with pytest.raises(ValueError, match="no file of a run"):
        ask.inner.read(name, 0)
    with pytest.raises(ValueError, match="no file of a run"):
        ask.inner.put(name, 0, b"evil")


def test_what_a_run_needs_is_put_there_in_pieces_and_again_after_a_break(ends):
    there, _, ask, _ = ends
    content = bytes(range(200)) * 2
    ask.cut_after = 2
    with pytest.raises(Cut):
        send(ask, "data.zip", content, lambda: None)
    ask.cut_after = -1
    send(ask, "data.zip", content, lambda: None)
    assert (there.folder / "data.zip").read_bytes() == content
    assert not ask("look")[0]["begun"]
    ask("begin", step=7, steps=40, seconds=2.0)
    told = ask("look")[0]
    assert told["begun"]
    assert (told["state"]["step"], told["state"]["steps"]) == (7, 40)
    ask("ask", command="stop", values={})
    assert there.is_asked(Command.STOP)


def test_a_folder_that_was_left_is_gone(ends):
    there, here, ask, mirror = ends
    settle(mirror)
    ask("leave")
    assert not there.folder.exists()
    assert ask("read", name="log.txt", at=0)[0] == {"gone": True}
    assert read_json(here.folder / "run.json")
    shutil.rmtree(there.folder.parent, ignore_errors=True)
