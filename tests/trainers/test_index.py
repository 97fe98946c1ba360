"""The index of runs: only an index. Missing, damaged, shared or unwritable, the list is the folders'."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from trainers import runs
from trainers.api import Phase, Settings
from trainers.index import NAME, Index
from trainers.processes import birth
from trainers.runs import State


@pytest.fixture
def three(tmp_path):
    return [runs.create("vae", "digits", Settings(), name, folder=tmp_path) for name in ("a", "b", "c")]


def names(tmp_path):
    index = Index(tmp_path)
    try:
        return sorted(entry.folder.name for entry in index.read())
    finally:
        index.close()


def rows(tmp_path):
    with sqlite3.connect(tmp_path / NAME) as base:
        return base.execute("SELECT folder FROM runs ORDER BY folder").fetchall()


def test_what_was_read_once_is_not_opened_again(three, tmp_path, monkeypatch):
    assert names(tmp_path) == ["a", "b", "c"]
    assert rows(tmp_path) == [("a",), ("b",), ("c",)]
    opened = []
    monkeypatch.setattr("trainers.index.read_json", lambda path: opened.append(path) or {})
    assert names(tmp_path) == ["a", "b", "c"]
    assert opened == []


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"SQLite format 3\0" + bytes(200)])
def test_damaged_or_deleted_it_is_made_anew(three, tmp_path, damage):
    names(tmp_path)
    (tmp_path / NAME).write_bytes(damage)
    assert names(tmp_path) == ["a", "b", "c"]
    (tmp_path / NAME).unlink()
    assert names(tmp_path) == ["a", "b", "c"]
    assert len(rows(tmp_path)) == 3


def test_nonsense_in_a_row_is_read_from_the_folder(three, tmp_path):
    names(tmp_path)
    with sqlite3.connect(tmp_path / NAME) as base:
        base.execute("UPDATE runs SET facts = '[' WHERE folder = 'b'")
    assert names(tmp_path) == ["a", "b", "c"]


def test_another_version_is_made_anew(three, tmp_path):
    with sqlite3.connect(tmp_path / NAME) as base:
        base.execute("CREATE TABLE runs (x)")
        base.execute("PRAGMA user_version = 99")
    assert names(tmp_path) == ["a", "b", "c"]
    assert len(rows(tmp_path)) == 3


def test_where_nothing_can_be_written_it_is_done_without(three, tmp_path):
    (tmp_path / NAME).mkdir()
    assert names(tmp_path) == ["a", "b", "c"]
    assert names(tmp_path / "nowhere") == []
    assert not (tmp_path / "nowhere").exists()


def test_what_is_being_trained_is_read_from_its_folder_each_time(three, tmp_path):
    index = Index(tmp_path)
    index.read()
    three[0].write_state(State(Phase.TRAINING, step=7, pid=os.getpid(), started=birth(os.getpid())))
    assert next(e for e in index.read() if e.folder.name == "a").state().step == 7
    three[0].write_notes("good", ("mine",))
    entry = next(e for e in index.read() if e.folder.name == "a")
    assert "good" in entry.text
    assert entry.tags == ("mine",)
    three[0].write_state(State())
    index.close()


def test_deleted_runs_leave_it(three, tmp_path):
    import shutil

    names(tmp_path)
    shutil.rmtree(three[1].folder)
    assert names(tmp_path) == ["a", "c"]
    assert rows(tmp_path) == [("a",), ("c",)]


def test_two_windows_at_once(three, tmp_path):
    problems = []

    def look():
        index = Index(tmp_path)
        try:
            for _ in range(30):
                assert {e.folder.name for e in index.read()} >= {"a", "b", "c"}
        except Exception as error:  # noqa: BLE001
            problems.append(error)
        finally:
            index.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        three[0].write_notes(str(number), ())
        runs.create("vae", "digits", Settings(), folder=tmp_path)
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(names(tmp_path)) == 13


LOOKING = """
import sys
import time
from pathlib import Path
from explorer.model.runs import RunsReader
from trainers import queued
folder, reader = Path(sys.argv[1]), RunsReader(Path(sys.argv[1]))
print("looking", flush=True)
while True:
    for run in reader.read():
        if run.title == "a":
            (folder / "a" / "notes.json").write_text('{"notes": "%d"}' % time.monotonic_ns())
    queued.start_next(folder)
"""


def test_windows_killed_while_they_look(three, tmp_path):
    """What a window does with the folder, killed at random moments: all is there for the next one."""
    chance = random.Random(3)
    for number in range(4):
        looking = subprocess.Popen([sys.executable, "-c", LOOKING, str(tmp_path)], stdout=subprocess.PIPE)
        assert looking.stdout is not None
        assert looking.stdout.readline() == b"looking\n"
        runs.create("vae", "digits", Settings(), f"more-{number}", folder=tmp_path)
        time.sleep(chance.uniform(0, 0.2))
        looking.kill()
        looking.wait()
        looking.stdout.close()
        assert len(names(tmp_path)) == 4 + number
        assert len(rows(tmp_path)) == 4 + number
