"""A sheet of captioned pictures: sharp, enlarged by a whole number, scrolled where they don't fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QToolTip, QWidget

from explorer.widgets.images import Image, from_qimage, to_qimage

GAP = 6
LEAST = 48  # pixels: pictures with captions aren't drawn smaller only to spare the scroll bar
PAPER, INK = QColor("white"), QColor("#1c2230")
SAVED_SIDE = 112  # pixels of a picture in a saved sheet, about


class SheetView(QScrollArea):
    """Pictures of one size in rows of `columns`, each with its caption below.

    `clicked(index)` by the left button.
    """

    clicked = Signal(int)

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: list[Image] = []
        self.captions: list[str] = []
        self.columns = 1
        self.selected = -1
        self.hint = hint
        self._pictures: list[QImage] = []
        self._page = _Page(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(self._page)
        self.setWidgetResizable(True)
        self.setMinimumSize(96, 96)
        self.viewport().setAutoFillBackground(False)

    def show_sheet(
        self, images: Sequence[Image] | Image, captions: Sequence[str] = (), columns: int = 0
    ) -> None:
        """Show uint8 `[h, w, C]` pictures; `columns` 0 puts them all in one row."""
        self.images = list(images)
        self._pictures = [to_qimage(image) for image in self.images]
        self.captions = list(captions)
        self.columns = max(1, columns or len(self.images))  # a row that is growing keeps its room
        self.selected = min(self.selected, len(self.images) - 1)
        self.setAccessibleDescription(f"{len(self.images)} pictures" if self.images else self.hint)
        self._page.arrange()

    def set_hint(self, hint: str) -> None:
        """What an empty sheet says."""
        self.hint = hint
        self._page.update()

    def select(self, index: int) -> None:
        self.selected = index
        self._page.update()

    def cell(self, index: int) -> QRect:
        """Where a picture is, in the sheet's own coordinates."""
        return self._page.layout_of().cell(index)

    @property
    def page(self) -> QWidget:
        """What is scrolled: pictures are clicked here."""
        return self._page

    @property
    def scale(self) -> int:
        """How many screen pixels a pixel of a picture takes."""
        return self._page.layout_of().scale

    def picture(self) -> Image | None:
        """The whole sheet with its captions on white, uint8 `[H, W, 3]`: what is saved and copied."""
        if not self.images:
            return None
        height, width = self.images[0].shape[:2]
        scale = max(1, round(SAVED_SIDE / max(height, width)))
        size, caption = QSize(width, height), self._caption_height()
        at = _Layout(len(self.images), self.columns, scale, size, caption, QPoint(GAP, GAP))
        canvas = QImage(at.size + QSize(2 * GAP, 2 * GAP), QImage.Format.Format_RGB32)
        canvas.fill(PAPER)
        painter = QPainter(canvas)
        painter.setFont(QFont(self.font()))
        self.paint_on(painter, at, INK)
        painter.end()
        return from_qimage(canvas)

    def paint_on(self, painter: QPainter, at: _Layout, ink: QColor) -> None:
        """Draw every picture and its caption."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        metrics = painter.fontMetrics()
        for index, picture in enumerate(self._pictures):
            cell = at.cell(index)
            painter.drawImage(cell, picture)
            if index < len(self.captions) and self.captions[index]:
                below = QRect(cell.left() - GAP // 2, cell.bottom() + 2, cell.width() + GAP, at.caption)
                text = metrics.elidedText(self.captions[index], Qt.TextElideMode.ElideRight, below.width())
                painter.setPen(ink)
                painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), text)

    def _caption_height(self) -> int:
        return self.fontMetrics().height() + 4 if any(self.captions) else 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._page.arrange()


class _Layout:
    """Where the pictures of a sheet are at a scale."""

    def __init__(
        self, count: int, columns: int, scale: int, picture: QSize, caption: int, origin: QPoint
    ) -> None:
        self.columns, self.scale, self.caption, self.origin = columns, scale, caption, origin
        self.side = QSize(picture.width() * scale, picture.height() * scale)
        rows = -(-count // columns)
        self.size = QSize(
            columns * (self.side.width() + GAP) - GAP, rows * (self.side.height() + caption + GAP) - GAP
        )

    def cell(self, index: int) -> QRect:
        row, column = divmod(index, self.columns)
        left = self.origin.x() + column * (self.side.width() + GAP)
        top = self.origin.y() + row * (self.side.height() + self.caption + GAP)
        return QRect(QPoint(left, top), self.side)


class _Page(QWidget):
    """What a `SheetView` scrolls."""

    def __init__(self, view: SheetView) -> None:
        super().__init__()
        self._view = view

    def arrange(self) -> None:
        """Be as large as the pictures need."""
        self.setMinimumSize(self.layout_of().size if self._view.images else QSize(0, 0))
        self.update()

    def layout_of(self) -> _Layout:
        view = self._view
        count = max(len(view.images), 1)
        height, width = view.images[0].shape[:2] if view.images else (1, 1)
        room, caption = view.maximumViewportSize(), view._caption_height()
        rows = -(-count // view.columns)
        wide = ((room.width() + GAP) // view.columns - GAP) // width
        high = ((room.height() + GAP) // rows - GAP - caption) // height
        least = -(-LEAST // width)
        scale = max(1, min(wide, max(high, least)))
        at = _Layout(count, view.columns, scale, QSize(width, height), caption, QPoint(0, 0))
        at.origin = QPoint(max((self.width() - at.size.width()) // 2, 0),
                           max((self.height() - at.size.height()) // 2, 0))  # fmt: skip
        return at

    def index_at(self, place: QPoint) -> int:
        at = self.layout_of()
        return next((i for i in range(len(self._view.images)) if at.cell(i).contains(place)), -1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, view = QPainter(self), self._view
        if not view.images:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), int(flags), view.hint)
            return
        at = self.layout_of()
        view.paint_on(painter, at, self.palette().color(QPalette.ColorRole.WindowText))
        if view.selected >= 0:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
            painter.drawRect(at.cell(view.selected).adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._view.clicked.emit(index)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            said = self._view.captions[index] if 0 <= index < len(self._view.captions) else ""
            QToolTip.showText(event.globalPos(), said or self._view.toolTip(), self)
            return True
        return super().event(event)


def in_one_size(images: Sequence[Image]) -> list[Image]:
    """Pictures `[h, w, C]` with as many channels as the one with most."""
    channels = max(image.shape[2] for image in images)
    return [np.repeat(i, 3, 2) if i.shape[2] == 1 and channels == 3 else i for i in images]
