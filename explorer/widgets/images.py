"""Pictures on the screen: one large `ImageView`, and `ImageGrid` for strips and tables of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QImageReader,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

Image = NDArray[np.uint8]
TITLE_OF = 3  # columns too narrow for their titles: at least every third has one


def to_qimage(image: Image) -> QImage:
    """A QImage with pixels of its own from uint8 `[H, W, C]` or `[H, W]`, C 1 (grey), 3 (RGB) or 4 (RGBA)."""
    solid = np.ascontiguousarray(image)
    height, width = solid.shape[:2]
    channels = solid.shape[2] if solid.ndim == 3 else 1
    kinds = {
        1: QImage.Format.Format_Grayscale8,
        3: QImage.Format.Format_RGB888,
        4: QImage.Format.Format_RGBA8888,
    }
    # The stride is given, else widths that aren't a multiple of four shear. The conversion owns its
    # pixels, and the painter is twice as fast with them as with grey or packed RGB.
    borrowed = QImage(solid.data, width, height, width * channels, kinds[channels])
    return borrowed.convertToFormat(
        QImage.Format.Format_ARGB32_Premultiplied if channels == 4 else QImage.Format.Format_RGB32
    )


def from_qimage(picture: QImage) -> Image:
    """uint8 `[H, W, 3]`, transparent pixels over white."""
    flat = QImage(picture.size(), QImage.Format.Format_RGB888)
    flat.fill(Qt.GlobalColor.white)
    painter = QPainter(flat)
    painter.drawImage(0, 0, picture)
    painter.end()
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : flat.width() * 3].reshape(flat.height(), flat.width(), 3).copy()


def fit(image: QSize, room: QRect, smooth: bool) -> QRectF:
    """Where an image goes in `room`, centred: enlarged by a whole number unless `smooth`."""
    width, height = max(image.width(), 1), max(image.height(), 1)
    scale = min(room.width() / width, room.height() / height)
    if scale >= 1 and not smooth:
        scale = int(scale)
    scale = max(scale, 1e-3)
    size = (width * scale, height * scale)
    left = room.x() + (room.width() - size[0]) / 2
    top = room.y() + (room.height() - size[1]) / 2
    return QRectF(round(left), round(top), size[0], size[1])


def paint_image(painter: QPainter, picture: QImage, room: QRect, smooth: bool = False) -> QRectF:
    """Paint `picture` as large as fits; small images stay sharp. Returns where it is."""
    target = fit(picture.size(), room, smooth)
    shrinks = target.width() < picture.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth or shrinks)
    painter.drawImage(target, picture)
    return target


class ImageView(QWidget):
    """One picture, as large as the room allows.

    Emits `dragged(dx, dy)` in widget pixels while the left button is held, `released`, `clicked`,
    `painted` after each new picture is on the screen, and `image_dropped` (uint8 `[H, W, 3]`), or
    `file_dropped` for a picture that can't be read. `open_file` is asked first with each picture
    file; it returns whether it took it. Other files go to the widget behind.
    """

    dragged = Signal(float, float)
    released = Signal()
    clicked = Signal()
    painted = Signal()
    image_dropped = Signal(object)
    file_dropped = Signal(str)

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.smooth = False
        self.hint = hint  # said in the empty view
        self._image: QImage | None = None
        self._array: Image | None = None
        self._fresh = False
        self._last: QPointF | None = None
        self._moved = False
        self.open_file: Callable[[str], bool] = lambda _: False
        self.setAcceptDrops(True)
        self.setMinimumSize(64, 64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(448, 448)

    @property
    def array(self) -> Image | None:
        """What is shown, uint8 `[H, W, C]`."""
        return self._array

    def show_image(self, image: Image | None) -> None:
        """Show uint8 `[H, W, C]`, or the hint for None."""
        self._array = image
        self._image = None if image is None else to_qimage(image)
        self._fresh = image is not None
        self.update()

    def set_hint(self, hint: str) -> None:
        """What an empty view says."""
        if hint != self.hint:
            self.hint = hint
            if self._image is None:
                self.update()

    def set_smooth(self, smooth: bool) -> None:
        self.smooth = smooth
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            _paint_hint(painter, self.rect(), self.hint, self.palette())
            return
        paint_image(painter, self._image, self.rect(), self.smooth)
        if self._fresh:
            self._fresh = False
            self.painted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._last = event.position()
            self._moved = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        step = event.position() - self._last
        if self._moved or step.manhattanLength() >= 3:
            self._moved = True
            self._last = event.position()
            self.dragged.emit(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        self._last = None
        (self.released if self._moved else self.clicked).emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        take_pictures(self, event.mimeData())


def holds_pictures(mime: QMimeData) -> bool:
    """Whether something dragged is an image or files of images."""
    files = [url.toLocalFile() for url in mime.urls()]
    return all(is_picture(file) for file in files) if files else mime.hasImage()


def is_picture(file: str) -> bool:
    """Whether a file's name says that it is a picture."""
    return Path(file).suffix.lower().lstrip(".") in picture_endings()


def picture_endings() -> list[str]:
    """How the names of pictures that can be read end, without a dot."""
    return [bytes(kind.data()).decode() for kind in QImageReader.supportedImageFormats()]


def take_pictures(view: ImageView | ImageGrid, mime: QMimeData) -> None:
    """Emit what was dropped: each readable picture as an image, the others as file names."""
    files = [url.toLocalFile() for url in mime.urls()]
    if not files and mime.hasImage():
        view.image_dropped.emit(from_qimage(QImage(mime.imageData())))
    for file in files:
        if view.open_file(file):
            continue
        picture = QImage(file)
        if picture.isNull():
            view.file_dropped.emit(file)
        else:
            view.image_dropped.emit(from_qimage(picture))


class ImageGrid(QWidget):
    """Pictures in rows and columns: a strip, a sample grid, a transfer table.

    `columns=0` puts as many in a row as make the pictures largest. A `None` stays empty. Emits
    `clicked(index)`, `activated(index)` (double click or Enter), `hovered(index)` (−1 outside) and
    `context(index, global position)`. Arrow keys move the selection. `selected` is drawn with a frame.
    """

    clicked = Signal(int)
    activated = Signal(int)
    hovered = Signal(int)
    context = Signal(int, QPoint)
    image_dropped = Signal(object)
    file_dropped = Signal(str)
    painted = Signal()

    def __init__(self, hint: str = "", columns: int = 0, gap: int = 4, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint, self.columns, self.gap = hint, columns, gap
        self.from_top = False  # else in the middle of the room there is
        self.selected = -1
        self.captions: list[str] = []
        self.row_titles: list[str] = []
        self.column_titles: list[str] = []
        self._pictures: list[QImage | None] = []
        self._arrays: list[Image | None] = []
        self._hover = -1
        self.open_file: Callable[[str], bool] = lambda _: False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setMinimumHeight(48)

    @property
    def arrays(self) -> list[Image | None]:
        return self._arrays

    def show_images(
        self, images: list[Image | None] | NDArray[np.uint8], captions: list[str] | None = None
    ) -> None:
        """Show these (uint8 `[H, W, C]` each) instead of what was there."""
        self._arrays = list(images)
        self._pictures = [None if a is None else to_qimage(a) for a in self._arrays]
        self.captions = captions or []
        if self.selected >= len(self._arrays):
            self.selected = -1
        self.update()

    def select(self, index: int) -> None:
        if index != self.selected:
            self.selected = index
            self.update()

    def set_hint(self, hint: str) -> None:
        self.hint = hint
        self.update()

    def cell(self, index: int) -> QRect:
        """Where picture `index` is (its caption below it not counted)."""
        columns, size, origin = self._layout()
        row, column = divmod(index, columns)
        step = size + self.gap
        height = step + self._caption_height()
        return QRect(origin.x() + column * step, origin.y() + row * height, size, size)

    def index_at(self, position: QPoint) -> int:
        """The picture at a position, −1 when there is none."""
        for index in range(len(self._pictures)):
            if self.cell(index).contains(position):
                return index
        return -1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._pictures:
            _paint_hint(painter, self.rect(), self.hint, self.palette())
            return
        for index, picture in enumerate(self._pictures):
            self._paint_cell(painter, index, picture)
        self._paint_titles(painter)
        self.painted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index < 0:
            return
        if event.button() == Qt.MouseButton.RightButton:
            self.context.emit(index, event.globalPosition().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton:
            self.select(index)
            self.clicked.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if (index := self.index_at(event.position().toPoint())) >= 0:
            self.activated.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = -1
        self.hovered.emit(-1)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self._layout()[0]
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        if event.key() in step and self._pictures:
            index = min(max(self.selected + step[Qt.Key(event.key())], 0), len(self._pictures) - 1)
            self.select(index)
            self.clicked.emit(index)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected >= 0:
            self.activated.emit(self.selected)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        take_pictures(self, event.mimeData())

    def _caption_height(self) -> int:
        return self.fontMetrics().height() + 2 if any(self.captions) else 0

    def _margins(self) -> tuple[int, int]:
        """Room for the row titles and the column titles."""
        metrics = self.fontMetrics()
        left = max((metrics.horizontalAdvance(t) for t in self.row_titles), default=0)
        return (left + 8 if left else 0, metrics.height() + 4 if self.column_titles else 0)

    def _layout(self) -> tuple[int, int, QPoint]:
        """Columns, the side of a cell, and where the first one is."""
        count = max(len(self._pictures), 1)
        left, top = self._margins()
        room = QSize(max(self.width() - left, 1), max(self.height() - top, 1))
        candidates = [self.columns] if self.columns else range(1, count + 1)
        columns, size = 1, 0
        for c in candidates:
            rows = -(-count // c)
            wide = (room.width() + self.gap) // c - self.gap
            high = (room.height() + self.gap) // rows - self.gap - self._caption_height()
            if min(wide, high) > size:
                columns, size = c, min(wide, high)
        columns, size = (columns, size) if size else (self.columns or 1, 8)
        rows = -(-count // columns)
        used_w = columns * (size + self.gap) - self.gap
        used_h = rows * (size + self.gap + self._caption_height()) - self.gap
        x = left + max((room.width() - used_w) // 2, 0)
        y = top + (0 if self.from_top else max((room.height() - used_h) // 2, 0))
        return columns, size, QPoint(x, y)

    def _paint_cell(self, painter: QPainter, index: int, picture: QImage | None) -> None:
        cell = self.cell(index)
        if picture is None:
            painter.fillRect(cell, self.palette().color(QPalette.ColorRole.AlternateBase))
        else:
            # In a grid the cells are filled: whole-number scaling would leave uneven gaps.
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, cell.width() < picture.width())
            painter.drawImage(QRectF(cell), picture)
        if index < len(self.captions) and self.captions[index]:
            below = QRect(cell.left(), cell.bottom() + 2, cell.width(), self._caption_height())
            text = self.fontMetrics().elidedText(
                self.captions[index], Qt.TextElideMode.ElideRight, below.width()
            )
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        if index in (self.selected, self._hover):
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setPen(QPen(colour, 3 if index == self.selected else 1))
            painter.drawRect(cell.adjusted(0, 0, -1, -1))

    def _paint_titles(self, painter: QPainter) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        columns, size, origin = self._layout()
        metrics = self.fontMetrics()
        step = size + self.gap
        widest = max((metrics.horizontalAdvance(title) for title in self.column_titles), default=0)
        every = max(min(-(-(widest + 4) // step), TITLE_OF), 1)
        wide = every * step - self.gap
        for column, title in enumerate(self.column_titles):
            if column % every == (columns // 2) % every:  # the middle one is what it starts from
                middle = self.cell(column).center().x()
                room = QRect(middle - wide // 2, origin.y() - metrics.height() - 4, wide, metrics.height())
                text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, wide)
                painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
        for row, title in enumerate(self.row_titles):
            cell = self.cell(row * columns)
            room = QRect(0, cell.top(), origin.x() - 6, size)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, title)


def _paint_hint(painter: QPainter, room: QRect, hint: str, palette: QPalette) -> None:
    if not hint:
        return
    colour = QColor(palette.color(QPalette.ColorRole.PlaceholderText))
    painter.setPen(colour)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(room.adjusted(16, 8, -16, -8), int(flags), hint)
