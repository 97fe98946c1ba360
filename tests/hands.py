"""What a person does to the window, by real events, and how long a test waits for what comes of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from backends.api import Code
from explorer.model.asking import FULL, options_of
from explorer.panels.base import Panel
from explorer.widgets.float_slider import FloatSlider
from explorer.widgets.images import Image, to_qimage

LEFT = Qt.MouseButton.LeftButton
SLOW_MS = 120_000  # a busy machine's first torch


def settle(panel: Panel, qtbot: QtBot) -> None:
    """Wait until the panel and its host have nothing more to do."""
    qtbot.waitUntil(lambda: not panel.busy() and not panel.host.busy)


def click(qtbot: QtBot, widget: QWidget, at: QPoint | None = None) -> None:
    qtbot.mouseClick(widget, LEFT, pos=at or widget.rect().center())


def choose(combo: QComboBox, qtbot: QtBot, text: str) -> None:
    """By keys, as the popup of a combo box has no place offscreen."""
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.count()):
        if combo.currentText() == text:
            break
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    combo.activated.emit(combo.currentIndex())
    assert combo.currentText() == text


def write(qtbot: QtBot, line: QLineEdit, text: str) -> None:
    """Put a text in place of what a line holds, and press Return."""
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def on_slider(slider: FloatSlider, value: float) -> QPoint:
    """Where a value is on a slider."""
    return QPoint(round(slider._x(value)), slider.height() // 2)


def choose_file(owner: QWidget, qtbot: QtBot, file: Path) -> None:
    """Name a file in the dialog that `owner` has opened, and accept."""
    qtbot.waitUntil(lambda: owner.findChild(QFileDialog) is not None)
    dialog = owner.findChild(QFileDialog)
    dialog.selectFile(str(file))
    dialog.accept()
    qtbot.waitUntil(lambda: owner.findChild(QFileDialog) is None)


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Drop something in the middle of a widget; whether it was taken."""
    at = QPointF(widget.rect().center())
    how = (Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(at.toPoint(), *how)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(at, *how))
    return enter.isAccepted()


def holding_image(image: Image) -> QMimeData:
    """An image, uint8 `[H, W, C]`, as it is dragged from elsewhere."""
    mime = QMimeData()
    mime.setImageData(to_qimage(image))
    return mime


def holding_files(*paths: Path) -> QMimeData:
    """Files as they are dragged from a folder."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def picture_of(panel: Panel, qtbot: QtBot, code: Code | None = None, quality: str = FULL) -> Image:
    """The picture of a code, the current one if none is given, asked for beside the panel."""
    got: list[Image] = []
    model, code = panel.session.model, code or panel.session.code
    panel.host.ask(
        "generate", model.path, arrays={"codes": model.space.pack(code)[None]},
        options=options_of(code, quality), on_result=lambda reply: got.append(reply.arrays["images"][0]),
    )  # fmt: skip
    qtbot.waitUntil(lambda: bool(got))
    return got[0]
