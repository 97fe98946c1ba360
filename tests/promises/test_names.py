"""Everything that takes the focus has a name for people who don't see it, and nothing visible is cut."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QScrollBar,
    QToolButton,
    QWidget,
)


def nameless(window):
    """Focusable widgets without an accessible name."""
    found = []
    for widget in window.findChildren(QWidget):
        inner = isinstance(widget.parentWidget(), QAbstractScrollArea) or isinstance(widget, QScrollBar)
        part = widget.objectName().startswith("qt_") or widget.focusProxy() is not None
        part = part or _inside_a_popup(widget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not inner and not part:
            interface = QAccessible.queryAccessibleInterface(widget)
            if interface is None or not interface.text(QAccessible.Text.Name).strip():
                found.append(f"{type(widget).__name__} {widget.objectName()} in {_path(widget)}")
    return found


def _inside_a_popup(widget):
    """The list of a combo box is named by its box."""
    above = widget.parentWidget()
    return above is not None and isinstance(above.parentWidget(), QComboBox)


def _path(widget):
    names = []
    while (widget := widget.parentWidget()) is not None:
        names.append(widget.objectName() or type(widget).__name__)
    return " < ".join(names[:4])


def test_every_focusable_widget_has_a_name(app):
    assert nameless(app.window) == []


@pytest.mark.parametrize("size", [(1280, 800), (1024, 640)])
def test_no_button_or_line_is_cut(app, size):
    window = app.window
    window.resize(*size)
    QTest.qWait(50)
    assert (window.width(), window.height()) == size
    cut = []
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        QApplication.processEvents()
        for widget in window.findChildren(QAbstractButton) + window.findChildren(QLabel):
            short = isinstance(widget, QLabel) and widget.wordWrap()
            if widget.isVisible() and not short and widget.text() and _is_cut(widget):
                cut.append(f"{widget.text()!r} in {_path(widget)}")
    assert cut == []


def _is_cut(widget):
    text = widget.text().replace("&", "").split("\n")[0]
    plain = "<" not in text
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
        plain = plain and widget.icon().isNull()
    return plain and widget.fontMetrics().horizontalAdvance(text) > widget.width() + 1
