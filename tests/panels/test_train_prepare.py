"""The dialog that prepares data, by real events over a real job process."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from explorer.panels.train_form import NewTraining, read_choices
from explorer.panels.train_prepare import PrepareDialog
from tests.trainers.prepared.test_prepared import fill


@pytest.fixture
def dialog(qtbot, services, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    made = PrepareDialog(services.jobs, [fill(tmp_path / "pets")])
    qtbot.addWidget(made)
    made.show()
    choose(made, "image_size", 16)
    qtbot.waitUntil(lambda: not made.busy(), timeout=60_000)
    return made


def choose(dialog: PrepareDialog, setting: str, value: object) -> None:
    editor = dialog.form.rows[setting].editor
    if isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(value))
    elif isinstance(editor, QLineEdit):
        editor.setText(str(value))


def test_the_first_pictures_are_shown_as_they_would_become(dialog, qtbot):
    before = dialog.picture._image.copy()  # a QImage: compared by its pixels
    choose(dialog, "fit", "pad")
    assert dialog.busy()
    qtbot.waitUntil(lambda: not dialog.busy(), timeout=60_000)
    assert dialog.picture._image != before


def test_a_data_set_is_made_and_given_to_the_form(dialog, qtbot):
    form = NewTraining()
    qtbot.addWidget(form)
    form.offer(read_choices())
    dialog.prepared.connect(form.take_path)
    with qtbot.waitSignal(dialog.prepared, timeout=60_000) as made:
        qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
        assert not dialog.make.isEnabled()
    assert form.spec() == f"npz:{made.args[0]}"
    assert Path(made.args[0]).exists()
    assert "12 of 12 pictures kept" in dialog.said.text()
    assert dialog.make.isEnabled()


def test_a_setting_out_of_range_is_said_and_nothing_is_made(dialog):
    choose(dialog, "held_out", 0.9)
    assert not dialog.make.isEnabled()
    assert "held_out" in dialog.make.toolTip()


def test_folders_are_dropped_and_taken_away(dialog, qtbot, tmp_path):
    more = fill(tmp_path / "more", 3)
    urls = QMimeData()
    urls.setUrls([QUrl.fromLocalFile(str(more))])
    how = (Qt.DropAction.CopyAction, urls, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *how)
    QApplication.sendEvent(dialog, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(dialog, QDropEvent(QPointF(5, 5), *how))
    assert dialog.inputs()[-1] == more
    dialog.add([more])
    assert len(dialog.inputs()) == 2, "nothing is there twice"
    dialog.list.selectAll()
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert dialog.inputs() == []
    assert not dialog.make.isEnabled()
    qtbot.waitUntil(lambda: not dialog.busy(), timeout=60_000)
    assert dialog.picture._image is None


def test_what_is_wrong_is_said_in_the_dialog(dialog, qtbot, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK no zip")
    dialog.list.clear()
    dialog.add([tmp_path / "bad.zip"])
    qtbot.waitUntil(lambda: "bad.zip can't be read" in dialog.said.text(), timeout=60_000)
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.busy(), timeout=60_000)
    assert "bad.zip can't be read" in dialog.said.text()


def test_closing_gives_up(dialog, qtbot):
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert not dialog.busy()
