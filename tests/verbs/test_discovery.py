"""Verbs are found, run, and fail with one sentence."""

import argparse
import types

import pytest

import main as entry
from backends.errors import BadModel
from explorer import verbs


def fake(monkeypatch, run):
    module = types.SimpleNamespace(HELP="a verb of the test", add_arguments=add, run=run)
    monkeypatch.setattr(verbs, "load", lambda name: module)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=1)


def test_every_file_is_a_verb_with_help():
    assert "exercise" in verbs.names()
    for name in verbs.names():
        module = verbs.load(name)
        assert module.HELP
        module.add_arguments(argparse.ArgumentParser())
        assert callable(module.run)
        assert name in verbs.overview()


def test_arguments_and_exit_code_pass_through(monkeypatch):
    fake(monkeypatch, lambda args: args.count)
    assert verbs.run("anything", ["--count", "7"]) == 7


def test_what_people_can_mend_is_one_sentence_and_code_two(monkeypatch, capsys):
    def fail(args):
        raise BadModel("x is empty.", "Train it again.")

    fake(monkeypatch, fail)
    assert verbs.run("sample", []) == 2
    assert capsys.readouterr().err == "sample: x is empty. Train it again.\n"


def test_ctrl_c_is_130(monkeypatch, capsys):
    def stop(args):
        raise KeyboardInterrupt

    fake(monkeypatch, stop)
    assert verbs.run("sample", []) == 130
    assert "interrupted" in capsys.readouterr().err


def test_without_a_display_the_main_job_is_done_and_the_verbs_are_listed(monkeypatch, capsys):
    ran = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(entry.sys, "platform", "linux")
    monkeypatch.setattr(verbs, "run", lambda name, arguments: ran.append(name) or 0)
    assert entry.main([]) == 0
    assert ran == ["exercise"]
    said = capsys.readouterr().out
    assert said.startswith("There is no display here")
    assert "exercise" in said


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_a_display_is_a_display(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert entry.has_display()


def test_verbs_go_before_the_window(monkeypatch):
    monkeypatch.setattr(verbs, "run", lambda name, arguments: (name, arguments))
    assert entry.main(["exercise", "--help"]) == ("exercise", ["--help"])


def test_help_lists_the_verbs(capsys):
    with pytest.raises(SystemExit):
        entry.main(["--help"])
    assert "exercise" in capsys.readouterr().out
