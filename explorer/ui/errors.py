"""What goes wrong, said once and kindly: a bar over the panels, and one dialog for faults of ours."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMessageBox, QSizePolicy, QToolButton, QWidget

from backends.errors import ExplorerError
from explorer.panels.base import Notices

log = logging.getLogger("explorer")


class NoticeBar(QFrame):
    """The newest problem until it is dismissed: what happened, what to do, and its details to copy."""

    def __init__(self, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        copy, close = QToolButton(), QToolButton()
        copy.setText("Copy details")
        copy.setAutoRaise(True)
        copy.clicked.connect(self._copy)
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip("Dismiss")
        close.setAccessibleName("Dismiss this message")
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.addWidget(self._label, 1)
        row.addWidget(copy)
        row.addWidget(close)
        self.hide()
        notices.problem.connect(self.show_problem)

    @property
    def text(self) -> str:
        return self._label.text()

    def show_problem(self, what: str, advice: str) -> None:
        log.warning("%s %s", what, advice)
        self._label.setText(f"{what} {advice}".strip())
        self.show()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text}\n{about_this_machine()}")


class ErrorHooks(QObject):
    """Catches what no one caught, on every thread, and shows it on the GUI thread, one dialog at a time."""

    _caught = Signal(str, str)  # one line, the whole traceback

    def __init__(self, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._dialog: QMessageBox | None = None
        self._repeats = 0
        self._before = (sys.excepthook, threading.excepthook)
        self._caught.connect(self._show)
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook

    def remove(self) -> None:
        """Give back the hooks that were there."""
        sys.excepthook, threading.excepthook = self._before

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            QGuiApplication.quit()
        elif isinstance(error, ExplorerError):
            self._notices.problem.emit(error.what, error.advice)
        else:
            details = "".join(traceback.format_exception(kind, error, trace))
            log.error("Unexpected error\n%s", details)
            sys.__excepthook__(kind, error, trace)
            self._caught.emit(f"{kind.__name__}: {error}", details)

    def _thread_hook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._hook(args.exc_type, args.exc_value, args.exc_traceback)

    def _show(self, line: str, details: str) -> None:
        if self._dialog is not None:
            self._repeats += 1
            self._dialog.setInformativeText(f"Your work is kept. {self._repeats} more since.")
            return
        self._repeats = 0
        box = self._dialog = QMessageBox(
            QMessageBox.Icon.Warning, "Latent Explorer", "Something went wrong here."
        )
        box.setInformativeText(f"Your work is kept, and you can go on.\n\n{line}")
        box.setDetailedText(f"{details}\n{about_this_machine()}")
        copy = box.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(box.detailedText()))
        box.addButton(QMessageBox.StandardButton.Close)
        box.finished.connect(self._closed)
        box.open()

    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def about_this_machine() -> str:
    """What a report of a fault should say besides."""
    import PySide6

    versions = f"Python {platform.python_version()}, Qt {PySide6.__version__}"
    return f"Latent Explorer, {versions}, {platform.platform()}"
