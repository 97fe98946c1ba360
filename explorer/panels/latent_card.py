"""The card of the current model: what it is, what it learnt from, how well."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from backends.api import ModelInfo
from explorer.model import cards

HEIGHT = 170  # pixels of the opened card


class ModelCard(QWidget):
    """Folded to one line until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.fold = QToolButton()
        self.fold.setObjectName("fold")
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.setText("About this model")
        self.fold.setToolTip("Family, data, figures and licence")
        self.fold.toggled.connect(self._show)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setContentsMargins(10, 0, 8, 4)
        self.room = QScrollArea()  # a long card must not take the room of the sliders
        self.room.setFrameShape(QFrame.Shape.NoFrame)
        self.room.setWidgetResizable(True)
        self.room.setFixedHeight(HEIGHT)
        self.room.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.room.setWidget(self.text)
        self.room.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.fold)
        column.addWidget(self.room)

    def show_model(self, info: ModelInfo | None) -> None:
        self.setVisible(info is not None)
        if info is None:
            return
        rows = "".join(
            f"<tr><td style='padding-right:8px'>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
            for name, value in cards.facts(info)
        )
        about = f"<p>{html.escape(info.description)}</p>" if info.description else ""
        self.text.setText(f"{about}<table>{rows}</table>")

    def _show(self, opened: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.room.setVisible(opened)
