"""The window by real clicks, keys and drops."""

import json
import os
import signal

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QMessageBox,
    QSpinBox,
    QTextBrowser,
    QToolBar,
    QToolButton,
)

from explorer.model.files import read_session
from explorer.panels.base import panel_modules
from explorer.ui import settings as kept
from explorer.ui.errors import NoticeBar
from tests.ui.conftest import PATIENCE_MS


def drop(window, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    action, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(5, 5), action, mime, buttons, Qt.KeyboardModifier.NoModifier)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(5, 5), action, mime, buttons, Qt.KeyboardModifier.NoModifier))


def said(window):
    return window.findChild(NoticeBar).text


def press(qtbot, window, ident):
    """Click the toolbar's button of a command."""
    action = window.table.actions[ident]
    found = [b for b in window.findChildren(QToolButton) if b.defaultAction() is action]
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def test_every_panel_is_there_and_the_first_model_is_current(app):
    window = app.window
    assert {"explore", "latent", "shelf"} <= set(window.panels)
    assert set(window.panels) <= set(panel_modules())
    assert window.services.session.model.name == "tiny-label"
    assert "tiny-label" in window.windowTitle()
    box = next(b for b in window.findChildren(QComboBox) if b.accessibleName() == "Current model")
    assert box.currentText() == "tiny-label"


def test_no_panel_is_too_wide_for_a_small_screen(app, qtbot):
    """In a window of 1024 pixels the shelf and the latent leave 602."""
    too_wide = {}
    for name, panel in app.window.panels.items():
        if panel.area == "centre":
            app.window.show_panel(name)
            qtbot.waitUntil(panel.isVisible)
            if (width := panel.minimumSizeHint().width()) > 602:
                too_wide[name] = width
    assert too_wide == {}


def test_toolbar_seeds_and_undo(app, qtbot):
    window, session = app.window, app.window.services.session
    press(qtbot, window, "seed.next")
    press(qtbot, window, "seed.next")
    assert session.state.seed == 2
    press(qtbot, window, "seed.previous")
    assert session.state.seed == 1
    before = session.code
    press(qtbot, window, "seed.random")
    assert session.code != before
    qtbot.waitUntil(window.table.actions["undo"].isEnabled)
    press(qtbot, window, "undo")
    assert session.code == before
    qtbot.waitUntil(window.table.actions["redo"].isEnabled)
    press(qtbot, window, "redo")
    assert session.code != before
    box = window.findChild(QToolBar, "toolbar").findChild(QSpinBox)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "77")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert session.state.seed == 77
    np.testing.assert_array_equal(session.code.values["z"], session.space.sample(77).values["z"])


def test_model_box_chooses(app, qtbot):
    window, session = app.window, app.window.services.session
    box = next(b for b in window.findChildren(QComboBox) if b.accessibleName() == "Current model")
    box.setFocus()
    index = box.findText("tiny-wide")
    box.showPopup()
    qtbot.mouseClick(
        box.view().viewport(),
        Qt.MouseButton.LeftButton,
        pos=box.view().visualRect(box.model().index(index, 0)).center(),
    )
    assert session.model.name == "tiny-wide"


def test_shortcuts_copy_and_paste_a_code(app, qtbot):
    window, session = app.window, app.window.services.session
    window.activateWindow()
    kept_code = session.code
    window.table.run("code.copy")
    assert QGuiApplication.clipboard().text() == kept_code.to_text()
    session.set_seed(5)
    window.table.run("code.paste")
    assert session.code == kept_code
    QGuiApplication.clipboard().setText("nonsense")
    window.table.run("code.paste")
    assert "not a latent code" in said(window)
    window.table.run("code.reset")
    assert not session.code.values["z"].any()


def test_palette_finds_and_does(app, qtbot):
    window, session = app.window, app.window.services.session
    window.table.run("palette")
    palette = window._palette
    assert set(palette.shown()) == set(window.table.commands)
    qtbot.keyClicks(palette.search, "next seed")
    assert palette.shown()[0] == "seed.next"
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert session.state.seed == 1
    assert not palette.isVisible()
    window.table.run("palette")
    first = palette.list.currentItem()
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.list.currentItem() is not first
    palette.hide()


def test_a_disabled_command_says_why(app):
    window, told = app.window, []
    window.services.notices.told.connect(told.append)
    window.table.run("redo")
    assert told == ["There is nothing to redo."]
    assert "no Apple device" in window.table.actions["device.mps"].toolTip() or told


def test_themes_switch_and_are_kept(app):
    window = app.window
    window.table.run("theme.dark")
    dark = window.palette().window().color().lightness()
    window.table.run("theme.light")
    assert window.palette().window().color().lightness() > dark + 100
    assert kept.read_text(window.services.settings, "theme") == "light"
    assert window.table.actions["theme.light"].isChecked()


def test_docks_hide_show_and_reset(app, qtbot):
    window = app.window
    window.table.run("show.shelf")
    assert window.dock("shelf").isHidden()
    window.table.run("layout.reset")
    assert not window.dock("shelf").isHidden()
    assert window.dockWidgetArea(window.dock("latent")) == Qt.DockWidgetArea.RightDockWidgetArea


def test_drop_a_model_an_image_and_rubbish(app, tiny_models, tmp_path):
    window, session = app.window, app.window.services.session
    other = tmp_path / "elsewhere.safetensors"
    other.write_bytes(tiny_models["tiny-label"].read_bytes())
    drop(window, other)
    assert session.model.path == str(other)
    assert str(other) in kept.read_list(window.services.settings, "recent")
    images = []
    session.image_dropped.connect(images.append)
    picture = QImage(9, 7, QImage.Format.Format_RGB888)
    picture.fill(Qt.GlobalColor.red)
    picture.save(str(tmp_path / "red.png"))
    drop(window, tmp_path / "red.png")
    assert images[0].shape == (7, 9, 3)
    assert images[0][0, 0].tolist() == [255, 0, 0]
    (tmp_path / "note.txt").write_text("hello")
    drop(window, tmp_path / "note.txt")
    assert "note.txt" in said(window)
    drop(window, tmp_path)
    assert "is a folder" in said(window)
    damaged = tmp_path / "cut.safetensors"
    damaged.write_bytes(other.read_bytes()[:-100])
    drop(window, damaged)
    assert "truncated" in said(window)


def test_recent_files_that_are_gone_are_grey(app, tiny_models, tmp_path):
    window = app.window
    gone = tmp_path / "gone.safetensors"
    gone.write_bytes(tiny_models["tiny"].read_bytes())
    window.open_files([str(gone)])
    gone.unlink()
    menu = next(
        a.menu() for a in window.table.menu("File").actions() if a.menu() and a.text() == "Open recent"
    )
    menu.aboutToShow.emit()
    assert (menu.actions()[0].text(), menu.actions()[0].isEnabled()) == ("gone.safetensors", False)


def test_open_and_save_dialogs(app, qtbot, tmp_path):
    window, session = app.window, app.window.services.session
    session.set_seed(9)
    window.table.run("session.save")
    window.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "mine.json"))
    window.findChild(QFileDialog).reject()
    assert read_session(tmp_path / "mine.json").state.seed == 9
    session.set_seed(1)
    qtbot.waitUntil(lambda: window.findChild(QFileDialog) is None)
    window.table.run("open")
    window.findChild(QFileDialog).filesSelected.emit([str(tmp_path / "mine.json")])
    window.findChild(QFileDialog).reject()
    assert session.state.seed == 9


def test_the_session_and_the_layout_come_back(start, qtbot):
    first = start()
    session = first.window.services.session
    session.select_model(next(p for p, m in session.models.items() if m.name == "tiny-wide"))
    session.set_seed(123)
    text = session.code.to_text()
    first.window.table.run("show.shelf")
    first.close()
    second = start().window
    assert second.services.session.model.name == "tiny-wide"
    assert second.services.session.code.to_text() == text
    assert second.dock("shelf").isHidden()


def test_changes_are_saved_by_themselves(start, qtbot, tmp_path):
    app = start()
    app.window.keeper._timer.setInterval(10)
    app.window.services.session.set_seed(55)
    file = tmp_path / "home" / "session.json"
    qtbot.waitUntil(lambda: file.exists() and json.loads(file.read_text())["state"]["seed"] == 55)


def test_a_damaged_session_is_set_aside(start, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "session.json").write_text('{"kind": "latent-explorer-session", "state": {')
    window = start().window
    assert "set aside" in said(window)
    assert list((tmp_path / "home").glob("session.damaged-*.json"))
    assert window.services.session.model is not None


@pytest.mark.timeout(400)  # torch is loaded twice, on a machine that may be busy
def test_a_killed_host_comes_back(start, qtbot):
    window, told = start().window, []
    window.services.notices.told.connect(told.append)
    host = window.services.host
    qtbot.waitUntil(lambda: host.state == "ready", timeout=PATIENCE_MS)
    os.kill(host.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: host.state != "ready", timeout=PATIENCE_MS)
    assert "host" in window.status.state.text()
    qtbot.waitUntil(lambda: host.state == "ready", timeout=PATIENCE_MS)
    assert any("a new one is starting" in text for text in told)


@pytest.mark.timeout(400)  # torch is loaded twice, on a machine that may be busy
def test_the_host_is_restarted_and_moved_by_hand(start, qtbot):
    window = start().window
    host = window.services.host
    qtbot.waitUntil(lambda: host.state == "ready", timeout=PATIENCE_MS)
    before = host.pid
    window.table.run("host.restart")
    qtbot.waitUntil(lambda: host.pid != before and host.state == "ready", timeout=PATIENCE_MS)
    window.table.run("device.cpu")
    qtbot.waitUntil(lambda: not host.busy, timeout=PATIENCE_MS)
    assert window.status.device.text() == "CPU"
    qtbot.waitUntil(window.table.actions["device.cpu"].isChecked)


def test_a_notice_is_dismissed_and_copied(app, qtbot):
    window = app.window
    bar = window.findChild(NoticeBar)
    window.services.notices.problem.emit("It broke.", "Mend it.")
    assert bar.isVisible()
    copy, close = bar.findChildren(QToolButton)
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("It broke. Mend it.")
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()


def test_help_pages_list_every_shortcut(app):
    window = app.window
    for ident in ("help.begin", "help.shortcuts", "about"):
        window.table.run(ident)
    page = next(
        b for b in window.findChildren(QTextBrowser) if b.accessibleName() == "Shortcuts"
    ).toPlainText()
    keyed = [c.text for c in window.table.commands.values() if c.shortcut]
    assert not [text for text in keyed if text.rstrip("…") not in page]
    for dialog in window.findChildren(QDialog):
        dialog.close()


def test_quit_says_once_that_trainings_go_on(start, monkeypatch):
    window, boxes = start().window, []
    monkeypatch.setattr(QMessageBox, "information", lambda *args: boxes.append(args[-1]))
    window.status.trainings.setText("2 trainings")
    window.close()
    assert len(boxes) == 1
    assert "go" in boxes[0]
    window._say_trainings_go_on()
    assert len(boxes) == 1


def test_full_screen_and_panels_by_command(app):
    window = app.window
    window.table.run("fullscreen")
    assert window.isFullScreen()
    window.table.run("fullscreen")
    assert not window.isFullScreen()
    for name, panel in window.panels.items():
        if panel.area == "centre":
            window.table.run(f"show.{name}")
            assert window.tabs.currentWidget().objectName() == name


def test_an_image_goes_to_the_panel_in_front_or_to_explore(app, tmp_path):
    window = app.window
    QImage(16, 16, QImage.Format.Format_RGB32).save(str(tmp_path / "image.png"))
    for front, taker in (("inside", "inside"), ("mix", "mix"), ("map", "explore"), ("explore", "explore")):
        window.show_panel(front)
        drop(window, tmp_path / "image.png")
        assert window.tabs.currentWidget().objectName() == taker
    assert window.panels["inside"].source.own is not None
