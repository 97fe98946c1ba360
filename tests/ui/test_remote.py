"""The form for another machine, by the events of a hand; the host behind it is a small one without torch."""

import os

import pytest
from PySide6.QtCore import QSettings, Qt

from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.ui import remote
from explorer.ui.status import StatusBar
from explorer.workers.child import Child, start_process
from explorer.workers.host_client import HostClient, LineTold
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_jobs

WAIT = 60_000


@pytest.fixture
def asked(monkeypatch):
    """The machines that were connected to (None is this one)."""
    found = []

    def launch(machine=None):
        found.append(machine)
        return Child(start_process("tests.workers.echo_host", os.environ))

    monkeypatch.setattr(remote, "launch_far_host", launch)
    monkeypatch.setattr(remote, "launch_host", launch)
    return found


@pytest.fixture
def services(asked, qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    made = Services(Session(), HostClient(remote.launch_host), JobClient(launch_jobs), settings, Notices())
    qtbot.waitUntil(lambda: made.host.state == "ready", timeout=WAIT)
    asked.clear()
    yield made
    made.host.close()


def open_form(services, qtbot):
    form = remote.RemoteDialog(services)
    qtbot.addWidget(form)
    form.show()
    return form


def test_connecting_goes_there_and_remembers_the_machine(services, asked, qtbot):
    form = open_form(services, qtbot)
    qtbot.keyClicks(form.address.lineEdit(), "me@gpu:~/explorer")
    qtbot.keyClicks(form.python, "python3.12")
    qtbot.mouseClick(form.connect_button, Qt.MouseButton.LeftButton)
    assert not form.isVisible()
    assert services.host.line.machine == "gpu"
    qtbot.waitUntil(lambda: bool(asked) and services.host.state == "ready", timeout=WAIT)
    assert asked[0].folder == "~/explorer"
    again = open_form(services, qtbot)
    assert again.address.currentText() == "me@gpu:~/explorer"
    assert again.python.text() == "python3.12"
    qtbot.keyClick(again, Qt.Key.Key_Escape)
    remote.come_back(services)
    assert not services.host.line.far
    qtbot.waitUntil(lambda: len(asked) == 2 and services.host.state == "ready", timeout=WAIT)


def test_what_is_no_machine_is_said_in_the_form(services, asked, qtbot):
    form = open_form(services, qtbot)
    qtbot.keyClicks(form.address.lineEdit(), "-oProxyCommand=evil")
    qtbot.mouseClick(form.connect_button, Qt.MouseButton.LeftButton)
    assert form.isVisible()
    assert "user@machine" in form.wrong.text()
    assert not asked
    qtbot.keyClicks(form.address.lineEdit(), "x")
    assert not form.wrong.isVisible()


def test_the_status_bar_says_where_and_how_the_line_is(services, asked, qtbot):
    bar = StatusBar(services)
    qtbot.addWidget(bar)
    host = services.host
    told = {"machine": "gpu", "text": "", "rate": 2.5e6, "ping": 0.031, "state": "ready"}
    host._on_line(told)
    assert bar.device.text() == "CPU · gpu"
    assert "31 ms" in bar.device.toolTip()
    assert "2.5 MB" in bar.device.toolTip()
    host._on_line({**told, "state": "away", "text": "gpu is away, trying again"})
    assert bar.state.text() == "gpu is away, trying again"
    assert host.state == "away"
    host.line = LineTold()
    host.line_changed.emit()
    assert "gpu" not in bar.device.text()
