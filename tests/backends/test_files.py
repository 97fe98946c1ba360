"""A file that somebody has open is replaced as soon as it is closed."""

import os
import sys

import pytest

from backends import files
from backends.files import swap


@pytest.fixture
def two(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    return new, old


def held(monkeypatch, times):
    """As on Windows, where `os.replace` refuses as long as a reader has the file."""
    refused, really = [], os.replace

    def replace(source, target):
        if len(refused) < times:
            refused.append(source)
            raise PermissionError(13, "used by another process")
        really(source, target)

    monkeypatch.setattr(os, "replace", replace)
    return refused


def test_it_is_tried_again_on_windows(two, monkeypatch):
    new, old = two
    monkeypatch.setattr(sys, "platform", "win32")
    refused = held(monkeypatch, 3)
    swap(new, old)
    assert len(refused) == 3
    assert old.read_text() == "new"
    assert not new.exists()


@pytest.mark.parametrize(("system", "patience"), [("win32", 0.05), ("linux", 2.0)])
def test_what_stays_forbidden_is_an_error_and_nothing_is_lost(two, monkeypatch, system, patience):
    new, old = two
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(files, "PATIENCE_S", patience)
    held(monkeypatch, 10**6)
    with pytest.raises(PermissionError):
        swap(new, old)
    assert (new.read_text(), old.read_text()) == ("new", "old")
