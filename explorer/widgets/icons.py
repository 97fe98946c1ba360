"""Small line icons in the text's colour, drawn when they are painted: they follow the theme by themselves."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

_PATHS = {  # strokes in a box of 24 by 24
    "previous": "M15 5 L8 12 L15 19",
    "next": "M9 5 L16 12 L9 19",
    "random": "M4 4 H20 V20 H4 Z M8.5 8.5 h.01 M15.5 8.5 h.01 M12 12 h.01 M8.5 15.5 h.01 M15.5 15.5 h.01",
    "undo": "M8 5 L4 9 L8 13 M4 9 H14 A5 5 0 0 1 14 19 H9",
    "redo": "M16 5 L20 9 L16 13 M20 9 H10 A5 5 0 0 0 10 19 H15",
    "search": "M10.5 4 A6.5 6.5 0 1 0 10.5 17 A6.5 6.5 0 1 0 10.5 4 M15.5 15.5 L20 20",
    "reset": "M5 5 V10 H10 M5.5 10 A7.5 7.5 0 1 1 5 14.5",
    "lock": "M6 11 H18 V20 H6 Z M8.5 11 V8 A3.5 3.5 0 0 1 15.5 8 V11",
    "unlock": "M6 11 H18 V20 H6 Z M8.5 11 V7 A3.5 3.5 0 0 1 15 5.5",
    "more": "M6 12 h.01 M12 12 h.01 M18 12 h.01",
    "close": "M6 6 L18 18 M18 6 L6 18",
    "copy": "M9 9 H20 V20 H9 Z M15 9 V4 H4 V15 H9",
    "paste": "M8 5 H5 V20 H19 V5 H16 M9 3.5 H15 V7 H9 Z",
    "tree": "M12 4 V9 M12 9 H5 V14 M12 9 H19 V14 M12 9 V14 M5 18 h.01 M12 18 h.01 M19 18 h.01",
    "star": "M12 4 L14.5 9.3 L20 10 L16 14 L17 19.7 L12 17 L7 19.7 L8 14 L4 10 L9.5 9.3 Z",
    "go": "M6 4 L19 11 L13 13 L10.5 19 Z",
    "lasso": "M12 5 C6 5 4 8 4 10.5 C4 14 8 15.5 12 15.5 C17 15.5 20 13.5 20 10 C20 7 17 5 12 5 M9 15.5 "
    "C6 17 8 20 12 20",
    "rectangle": "M4 6 h4 M11 6 h3 M17 6 H20 V9 M20 12 V15 M20 18 h-3 M14 18 h-3 M8 18 H4 V15 M4 12 V9",
    "settings": "M4 7 H12 M16 7 H20 M14 4.5 V9.5 M4 17 H7 M11 17 H20 M9 14.5 V19.5",
    "draw": "M4 18 C7 4 11 22 14 12 C15 8 17 6 20 6",
}
NAMES = tuple(_PATHS)


def icon(name: str) -> QIcon:
    """The icon of that name; see `NAMES`."""
    return QIcon(_LineIcon(_PATHS[name]))


class _LineIcon(QIconEngine):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._made: dict[tuple[int, int, str], QPixmap] = {}

    def clone(self) -> QIconEngine:
        return _LineIcon(self._path)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        pixmap = self.pixmap(QSize(round(rect.width() * ratio), round(rect.height() * ratio)), mode, state)
        painter.drawPixmap(rect, pixmap)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        palette = QGuiApplication.palette()
        colour = palette.color(group, QPalette.ColorRole.ButtonText)
        if state == QIcon.State.On:
            colour = palette.color(group, QPalette.ColorRole.Highlight)
        if mode == QIcon.Mode.Disabled:
            colour = palette.color(QPalette.ColorRole.Mid)
        key = (size.width(), size.height(), colour.name())
        if key not in self._made:
            self._made[key] = _draw(self._path, size, colour.name())
        return self._made[key]


def _draw(path: str, size: QSize, colour: str) -> QPixmap:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{path}" fill="none" '
        f'stroke="{colour}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    pixmap = QPixmap(size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return pixmap
