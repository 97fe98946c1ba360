"""Pictures on the screen: pixels, places, clicks, keys, drops; and the bar for waiting."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt, QUrl
from PySide6.QtGui import QImage

from backends.api import Reply
from explorer.widgets.images import ImageGrid, ImageView, fit, from_qimage, holds_pictures, to_qimage
from explorer.widgets.point_view import PointView
from explorer.widgets.waiting import PATIENCE_MS, Waiting


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [4, 5, 7])
def test_every_pixel_survives_odd_widths(qapp, width, channels):
    image = np.random.default_rng(width).integers(0, 256, (6, width, channels), dtype=np.uint8)
    back = from_qimage(to_qimage(image))
    assert np.array_equal(back, np.broadcast_to(image, (6, width, 3)))


def test_transparent_pixels_lie_over_white(qapp):
    picture = QImage(2, 2, QImage.Format.Format_RGBA8888)
    picture.fill(Qt.GlobalColor.transparent)
    assert (from_qimage(picture) == 255).all()


def test_sharp_pictures_grow_by_whole_numbers():
    assert fit(QSize(28, 28), QRect(0, 0, 100, 90), smooth=False).width() == 84
    assert fit(QSize(28, 28), QRect(0, 0, 100, 90), smooth=True).width() == 90
    assert fit(QSize(200, 100), QRect(0, 0, 100, 100), smooth=False).height() == 50


def test_the_view_shows_its_picture_and_tells(qtbot):
    view = ImageView("hint")
    qtbot.addWidget(view)
    view.resize(80, 80)
    view.show()
    checks = np.zeros((2, 2, 3), np.uint8)
    checks[0, 0] = (255, 0, 0)
    with qtbot.waitSignal(view.painted):
        view.show_image(checks)
    shot = view.grab().toImage()
    assert shot.pixelColor(10, 10).red() == 255
    assert shot.pixelColor(60, 60).red() == 0


def test_a_click_is_no_drag(qtbot):
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(80, 80)
    heard = []
    view.clicked.connect(lambda: heard.append("click"))
    view.dragged.connect(lambda dx, dy: heard.append((dx, dy)))
    view.released.connect(lambda: heard.append("release"))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    qtbot.mouseMove(view, QPoint(21, 20))
    qtbot.mouseMove(view, QPoint(30, 24))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(30, 24))
    assert heard == ["click", (10.0, 4.0), "release"]


def test_the_grid_selects_by_mouse_and_keys(qtbot):
    grid = ImageGrid(columns=3)
    qtbot.addWidget(grid)
    grid.resize(300, 200)
    grid.show_images(np.zeros((6, 4, 4, 1), np.uint8))
    clicked, activated = [], []
    grid.clicked.connect(clicked.append)
    grid.activated.connect(activated.append)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(1).center())
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(grid, key)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert (clicked, activated) == ([1, 2, 5, 5, 4], [4])
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=QPoint(299, 199))
    assert grid.selected == 4


def test_only_pictures_are_taken(qapp, tmp_path):
    def files(*names):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in names])
        return mime

    assert holds_pictures(files("a.png", "b.JPG"))
    assert not holds_pictures(files("a.png", "model.safetensors"))
    assert not holds_pictures(files("folder"))
    assert not holds_pictures(QMimeData())


def test_pointing_gives_the_place_in_the_picture(qtbot):
    view = PointView()
    qtbot.addWidget(view)
    view.resize(120, 100)
    heard = []
    view.pointed.connect(lambda u, v: heard.append((u, v)))
    view.released.connect(lambda: heard.append("release"))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 50))
    assert heard == []
    view.show_image(np.zeros((50, 50, 1), np.uint8))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(35, 25))
    qtbot.mouseMove(view, QPoint(500, -20))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(500, -20))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 50))
    assert heard == [pytest.approx((0.25, 0.75)), (1.0, 1.0), "release"]


def test_waiting_appears_late_tells_and_gives_up(qtbot):
    waiting = Waiting("Working")
    qtbot.addWidget(waiting)
    given_up = []
    waiting.begin(lambda: given_up.append(1))
    assert not waiting.isVisible()
    waiting.end()
    qtbot.wait(PATIENCE_MS + 50)
    assert not waiting.isVisible()
    waiting.begin(lambda: given_up.append(2))
    qtbot.waitUntil(waiting.isVisible)
    waiting.tell(Reply(1, "progress", {"fraction": 0.4}))
    assert waiting._bar.value() == 40
    qtbot.mouseClick(waiting.button, Qt.MouseButton.LeftButton)
    assert given_up == [2]
    assert not waiting.isVisible()
    assert not waiting.busy
