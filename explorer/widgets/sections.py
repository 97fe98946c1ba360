"""Folding sections one above the other; open ones share the room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Section(QWidget):
    """A title with a count that folds its content; `hint` under it while there is nothing."""

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.title, self.content = title, content
        self.head = QToolButton()
        self.head.setObjectName("fold")
        self.head.setCheckable(True)
        self.head.setChecked(True)
        self.head.setAutoRaise(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.setToolTip(f"Show or fold: {title}")
        self.head.toggled.connect(self.set_open)
        font = self.head.font()
        font.setBold(True)
        self.head.setFont(font)
        self.hint = QLabel(str(content.property("hint") or ""))
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(26, 0, 8, 6)
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.hint)
        column.addWidget(content, 1)
        self._count = 0
        self.show_count(0)

    @property
    def is_open(self) -> bool:
        return self.head.isChecked()

    def set_open(self, opened: bool) -> None:
        self.head.setChecked(opened)
        self._arrange()

    def show_count(self, count: int) -> None:
        """How many things are inside."""
        self._count = count
        self.head.setText(f"{self.title}  {count}" if count else self.title)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        # A wrapped label in a section that doesn't stretch is cut unless its height is said.
        self.hint.setMinimumHeight(self.hint.heightForWidth(self.width()))
        super().resizeEvent(event)

    @property
    def stretches(self) -> bool:
        return self.is_open and self._count > 0

    def _arrange(self) -> None:
        self.head.setArrowType(Qt.ArrowType.DownArrow if self.is_open else Qt.ArrowType.RightArrow)
        self.content.setVisible(self.stretches)
        self.hint.setVisible(self.is_open and not self._count)
        vertical = QSizePolicy.Policy.Expanding if self.stretches else QSizePolicy.Policy.Fixed
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, vertical)
        # By what is in it; without any, half the room would go to the space below.
        policy.setVerticalStretch(min(max(self._count, 3), 20) if self.stretches else 0)
        self.setSizePolicy(policy)


class Sections:
    """The sections of a panel by title, put into its layout."""

    def __init__(self, sections: dict[str, Section], parent: QWidget) -> None:
        self.all = sections
        column = QVBoxLayout(parent)
        column.setContentsMargins(4, 4, 0, 4)
        column.setSpacing(4)
        for section in sections.values():
            column.addWidget(section)
        column.addStretch(0)

    def __getitem__(self, title: str) -> Section:
        return self.all[title]
