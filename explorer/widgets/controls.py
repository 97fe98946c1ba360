"""Controls that have a name for those who hear the window and a tip for those who see it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget


def named(widget: QWidget, name: str, tip: str) -> None:
    """Give a widget its accessible name and its tooltip."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip)


def allow(widget: QWidget, why_not: str) -> None:
    """Enable a widget whose name is its tooltip, or disable it with a tooltip that says why."""
    widget.setEnabled(not why_not)
    widget.setToolTip(why_not or widget.accessibleName())


def button(text: str, act: Callable[[], object], tip: str) -> QPushButton:
    """A push button whose tooltip is its accessible name."""
    made = QPushButton(text)
    named(made, tip, tip)
    made.clicked.connect(lambda: act())
    return made


def switch(text: str, tip: str) -> QPushButton:
    """A button that stays down."""
    made = QPushButton(text)
    made.setCheckable(True)
    made.setToolTip(tip)
    return made


def tool_button(text: str, tip: str, name: str = "") -> QToolButton:
    """A flat button; its name is its text unless another is given."""
    made = QToolButton()
    made.setText(text)
    named(made, name or text, tip)
    return made


def menu_button(text: str, tip: str, name: str = "") -> QToolButton:
    """A button that opens its menu at once."""
    made = tool_button(f"{text} ▾", tip, name or text)
    made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    # Fusion paints its arrow over the last letter; ours stands beside it.
    made.setStyleSheet("QToolButton::menu-indicator { image: none; }")
    return made


def combo(name: str, tip: str, items: dict[str, str] | None = None) -> QComboBox:
    """A combo box as wide as its texts; `items` are texts by key."""
    made = QComboBox()
    named(made, name, tip)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    for key, text in (items or {}).items():
        made.addItem(text, key)
    return made


def titled(title: str, widget: QWidget) -> QWidget:
    """A widget with its title, which stay together where a line breaks."""
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel(title)
    label.setBuddy(widget)
    row.addWidget(label)
    row.addWidget(widget)
    return both


def beside(text: str = "") -> QLabel:
    """A sentence beside the matter: wrapped, in the colour of hints."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def small(text: str = "") -> QLabel:
    """A wrapped sentence in smaller letters."""
    label = QLabel(text)
    label.setWordWrap(True)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 0.9)
    label.setFont(font)
    return label
