"""What no one caught is said once, on the GUI thread; stalls are noted; a thread can be the host."""

import sys
import threading
import time

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QPushButton

from backends.errors import BadModel
from explorer.panels.base import Notices
from explorer.ui.errors import ErrorHooks
from explorer.ui.watchdog import Watchdog
from explorer.workers.child import Child
from explorer.workers.host_client import HostClient
from explorer.workers.in_process import start_thread
from tests.ui.conftest import PATIENCE_MS


@pytest.fixture
def hooks(qtbot, monkeypatch):
    monkeypatch.setattr(sys, "__excepthook__", lambda *_: None)
    made = ErrorHooks(Notices())
    yield made
    if made._dialog is not None:
        made._dialog.close()
    made.remove()


def test_errors_for_people_go_to_the_bar(hooks, qtbot):
    error = BadModel("x is empty.", "Train it again.")
    with qtbot.waitSignal(hooks._notices.problem) as heard:
        sys.excepthook(BadModel, error, None)
    assert heard.args == ["x is empty.", "Train it again."]


def test_faults_of_ours_open_one_dialog_with_details(hooks, qtbot):
    def fail():
        raise ValueError("from a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: hooks._dialog is not None)
    box: QMessageBox = hooks._dialog
    assert "from a thread" in box.informativeText()
    assert "fail()" in box.detailedText() or "in fail" in box.detailedText()
    sys.excepthook(ValueError, ValueError("again"), None)
    qtbot.waitUntil(lambda: "1 more" in box.informativeText())
    copy = next(b for b in box.findChildren(QPushButton) if b.text() == "Copy details")
    copy.click()
    assert "ValueError" in QGuiApplication.clipboard().text()


def test_watchdog_records_a_stall(qtbot):
    watchdog = Watchdog()
    watchdog.start()
    qtbot.wait(50)
    time.sleep(0.15)
    qtbot.wait(50)
    assert watchdog.stop() > 100
    assert watchdog.stalls


def test_the_host_can_be_a_thread(qtbot, tiny_models):
    host = HostClient(lambda: Child(start_thread()))
    got = []
    path = str(tiny_models["tiny"])
    host.ask("generate", path, arrays={"codes": np.zeros((1, 4), np.float32)}, on_result=got.append)
    qtbot.waitUntil(lambda: bool(got), timeout=PATIENCE_MS)
    assert got[0].arrays["images"].shape == (1, 16, 16, 1)
    host.close()
