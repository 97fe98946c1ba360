"""Erasing parts of a picture with the mouse and with buttons."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from explorer.widgets.mask_view import AREAS, HOLE, MaskView, with_holes

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def view(qtbot):
    made = MaskView("Nothing yet.")
    qtbot.addWidget(made)
    made.resize(200, 260)
    made.show_image(np.full((16, 16, 1), 90, np.uint8))
    made.show()
    made.ends = []
    made.finished.connect(lambda: made.ends.append(int((~made.known).sum())))
    return made


def at(view, x, y):
    return view.position_of(x, y).toPoint()


def test_the_left_button_erases_and_the_right_one_brings_back(view, qtbot):
    qtbot.mousePress(view, LEFT, pos=at(view, 3, 8))
    qtbot.mouseMove(view, at(view, 12, 8))  # one fast move leaves no gaps
    qtbot.mouseRelease(view, LEFT, pos=at(view, 12, 8))
    assert not view.known[8, 3:13].any()
    assert view.known[2].all()
    assert len(view.ends) == 1
    view.brush = 0.6
    qtbot.mouseClick(view, RIGHT, pos=at(view, 6, 8))
    assert view.known[8, 6]
    assert not view.known[8, 9]
    assert len(view.ends) == 2


def test_a_larger_brush_erases_more(view, qtbot):
    sizes = []
    for brush in (0.5, 2.0, 5.0):
        view.clear()
        view.brush = brush
        qtbot.mouseClick(view, LEFT, pos=at(view, 8, 8))
        sizes.append(int((~view.known).sum()))
    assert sizes[0] == 1
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("area", list(AREAS))
def test_areas_are_halves_quarters_the_middle_and_all(view, area):
    view.erase(area)
    share = {"everything": 1.0, "middle": 0.25}.get(area, 0.25 if " " in area else 0.5)
    assert (~view.known).mean() == share
    view.invert()
    assert view.known.mean() == share
    view.clear()
    assert view.known.all()
    assert len(view.ends) == 3


def test_halves_are_where_they_say(view):
    view.erase("top")
    assert not view.known[:8].any()
    assert view.known[8:].all()
    view.erase("lower left")
    assert not view.known[8:, :8].any()
    assert view.known[:8].all()


def test_a_mask_stays_with_pictures_of_one_size(view):
    view.erase("left")
    view.show_image(np.zeros((16, 16, 3), np.uint8))
    assert (~view.known).mean() == 0.5
    view.show_image(np.zeros((8, 8, 3), np.uint8))
    assert view.known.shape == (8, 8)
    assert view.known.all()


def test_holes_are_seen(view):
    known = np.ones((16, 16), bool)
    known[0, 0] = False
    shown = with_holes(view.image, known)
    assert (shown[0, 0] == HOLE[0]).all()
    assert (shown[1:] == 90).all()
    view.erase("top")
    colour = view.grab().toImage().pixelColor(at(view, 3, 3))
    assert colour.blue() > colour.red()
