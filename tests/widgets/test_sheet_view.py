"""Sheets of captioned pictures: whole-number scaling, scrolling, what is saved."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from explorer.widgets.sheet_view import SheetView, in_one_size


@pytest.fixture
def sheet(qtbot):
    made = SheetView("Nothing yet.")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def pictures(count, height=8, width=8, channels=1):
    return np.stack([np.full((height, width, channels), 20 * i % 256, np.uint8) for i in range(count)])


def test_pictures_are_enlarged_by_a_whole_number_and_fit(sheet):
    sheet.show_sheet(pictures(6), [f"step {i}" for i in range(6)], columns=3)
    assert sheet.scale > 1
    cells = [sheet.cell(i) for i in range(6)]
    assert {(c.width(), c.height()) for c in cells} == {(8 * sheet.scale, 8 * sheet.scale)}
    assert cells[0].top() == cells[2].top() < cells[3].top()
    assert cells[5].bottom() < 300
    assert cells[2].right() < 400


def test_pixels_on_the_screen_are_the_pictures_pixels(sheet):
    sheet.show_sheet(pictures(4), columns=2)
    shot = sheet.page.grab().toImage()
    for index in range(4):
        assert shot.pixelColor(sheet.cell(index).center()).red() == 20 * index
        assert shot.pixelColor(sheet.cell(index).topLeft()).red() == 20 * index


def test_many_pictures_scroll_instead_of_shrinking_to_nothing(sheet):
    sheet.show_sheet(pictures(300), [str(i) for i in range(300)], columns=4)
    assert 8 * sheet.scale >= 48
    assert sheet.verticalScrollBar().maximum() > 0


def test_a_growing_row_keeps_its_scale(sheet):
    sheet.show_sheet(pictures(1), columns=6)
    scale = sheet.scale
    sheet.show_sheet(pictures(6), columns=6)
    assert sheet.scale == scale


def test_a_click_names_the_picture(sheet, qtbot):
    heard = []
    sheet.clicked.connect(heard.append)
    sheet.show_sheet(pictures(4), columns=2)
    qtbot.mouseClick(sheet.page, Qt.MouseButton.LeftButton, pos=sheet.cell(3).center())
    qtbot.mouseClick(sheet.page, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert heard == [3]
    sheet.select(3)
    assert sheet.selected == 3
    sheet.show_sheet(pictures(2), columns=2)
    assert sheet.selected == 1


def test_what_is_saved_holds_pictures_and_captions_on_white(sheet):
    assert sheet.picture() is None
    sheet.show_sheet(pictures(4), ["a", "b", "c", "d"], columns=2)
    saved = sheet.picture()
    assert saved.dtype == np.uint8
    assert saved.shape[2] == 3
    assert (saved[0, 0] == 255).all()
    assert {0, 20, 40, 60} <= set(np.unique(saved))
    bare = SheetView()
    bare.show_sheet(pictures(4), columns=2)
    assert bare.picture().shape[0] < saved.shape[0]  # captions take room


def test_grey_and_colour_in_one_sheet():
    one, other = in_one_size([pictures(1)[0], pictures(1, channels=3)[0]])
    assert one.shape == other.shape
