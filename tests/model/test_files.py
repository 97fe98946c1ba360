"""Files are whole or not there; sessions come back or say why not."""

import os

import pytest

from explorer.model import files
from explorer.model.files import BadFile, Saved, read_session, set_aside, write_atomically, write_session
from explorer.model.state import State


def test_a_session_comes_back(tmp_path):
    path = tmp_path / "deep" / "session.json"
    write_session(path, Saved(State(model="a", seed=7), {"explore": {"mode": "grid"}}))
    saved = read_session(path)
    assert (saved.state.seed, saved.state.model) == (7, "a")
    assert saved.panels == {"explore": {"mode": "grid"}}
    assert [p.name for p in path.parent.iterdir()] == ["session.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"kind": "other"}', b"\xff\xfe", b'{"kind": "latent-explorer-session"}',
     b'{"kind": "latent-explorer-session", "state": {"version": 99}}',
     b'{"kind": "latent-explorer-session", "state": {}, "panels": 3}'],
)  # fmt: skip
def test_rubbish_is_a_sentence(tmp_path, content):
    path = tmp_path / "session.json"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"session\.json"):
        read_session(path)


def test_every_truncation_is_a_sentence_or_the_session(tmp_path):
    path = tmp_path / "session.json"
    write_session(path, Saved(State(seed=3)))
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(BadFile):
            read_session(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "session.json"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BadFile, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def fail(_handle):
    raise OSError(28, "No space left on device")


def test_a_damaged_file_is_set_aside(tmp_path):
    path = tmp_path / "session.json"
    path.write_text("{")
    aside = set_aside(path)
    assert not path.exists()
    assert aside.read_text() == "{"
    assert aside.suffix == ".json"


def test_home_can_be_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_EXPLORER_HOME", str(tmp_path))
    assert files.home() == tmp_path
