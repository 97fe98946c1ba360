"""The map's points and legend, by real pixels and real mouse events."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.widgets.scatter import ScatterView
from explorer.widgets.scatter_legend import Legend

RED, BLUE = (255, 0, 0), (0, 0, 255)
CORNERS = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [np.nan, 5]], np.float32)
COLOURS = np.array([RED, BLUE, BLUE, RED, RED], np.uint8)


@pytest.fixture
def view(qtbot):
    made = ScatterView("Nothing here yet")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    qtbot.waitExposed(made)
    made.show_points(CORNERS, COLOURS)
    return made


def colour_at(view, row):
    picture = view.grab().toImage()
    point = view.pixel_of(row).toPoint()
    return picture.pixelColor(point).getRgb()[:3]


def move_to(view, point):
    QTest.mouseMove(view.viewport(), point - QPoint(3, 3))
    QTest.mouseMove(view.viewport(), point)
    QApplication.processEvents()


def test_points_are_drawn_where_they_are(view):
    assert [colour_at(view, row) for row in range(4)] == [RED, BLUE, BLUE, RED]


def test_larger_y_is_higher(view):
    assert view.pixel_of(2).y() < view.pixel_of(0).y()


def test_points_follow_zoom_and_pan(view):
    view.getViewBox().setRange(xRange=(5, 15), yRange=(5, 15), padding=0)
    assert colour_at(view, 3) == RED
    assert not view.rect().contains(view.pixel_of(0).toPoint())


def test_switched_off_points_go_pale_and_cannot_be_hit(view, qtbot):
    view.show_points(CORNERS, COLOURS, np.array([False, True, True, True, True]))
    pale = np.array(colour_at(view, 0))
    assert np.ptp(pale) < 8  # grey
    move_to(view, view.pixel_of(0).toPoint())
    assert view.hover == -1


def test_hovering_tells_the_row_once_and_leaving_clears_it(view, qtbot):
    heard = []
    view.hovered.connect(heard.append)
    move_to(view, view.pixel_of(1).toPoint())
    move_to(view, view.pixel_of(1).toPoint() + QPoint(2, 2))
    move_to(view, QPoint(200, 150))
    assert heard == [1, -1]


def test_clicking_a_point_tells_its_row_and_shift(view, qtbot):
    heard = []
    view.clicked.connect(lambda row, shift: heard.append((row, shift)))
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, view.pixel_of(2).toPoint())
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert heard == [(2, False), (2, True)]


def test_the_current_code_is_ringed(view):
    view.mark_current(np.array([5.0, 5.0], np.float32))
    picture = view.grab().toImage()
    yellow = QColor("#ffc400").getRgb()
    centre = view.mapFromScene(view.getViewBox().mapViewToScene(view.getViewBox().viewRect().center()))
    near = [picture.pixelColor(centre.x() + dx, centre.y()).getRgb() for dx in range(-14, 15)]
    assert yellow in near
    view.mark_current(None)
    near = [view.grab().toImage().pixelColor(centre.x() + dx, centre.y()).getRgb() for dx in range(-14, 15)]
    assert yellow not in near


def test_the_ground_follows_the_palette(view):
    dark = QPalette(view.palette())
    dark.setColor(QPalette.ColorRole.Base, QColor(10, 20, 30))
    view.setPalette(dark)
    QApplication.processEvents()
    assert view.grab().toImage().pixelColor(200, 150).getRgb()[:3] == (10, 20, 30)


def test_an_empty_map_says_what_to_do(view):
    view.clear_points("Press the button")
    bare = view.grab().toImage()
    view.hint = ""
    assert view.grab().toImage() != bare


def test_a_hundred_thousand_points_at_the_edge_of_the_view(view):
    rng = np.random.default_rng(0)
    many = rng.uniform(-1, 1, (100_000, 2)).astype(np.float32)
    view.show_points(many, np.full((100_000, 3), 77, np.uint8))
    view.getViewBox().setRange(xRange=(-0.9, 0.9), yRange=(-0.5, 0.5), padding=0)
    picture, room = view.grab().toImage(), view.getViewBox().sceneBoundingRect().toRect()
    for point in (room.topLeft() + QPoint(2, 2), room.bottomRight() - QPoint(2, 2), room.center()):
        assert picture.pixelColor(point).red() == 77


@pytest.fixture
def legend(qtbot):
    made = Legend()
    qtbot.addWidget(made)
    made.resize(170, 200)
    made.show()
    made.show_classes(("cat", "none", "dog"), np.array([RED, BLUE, BLUE], np.uint8), np.array([3, 0, 1200]))
    return made


def click_box(qtbot, legend, row):
    rect = legend.list.visualItemRect(legend.list.item(row))
    qtbot.mouseClick(
        legend.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.left() + 9, rect.center().y())
    )


def test_the_legend_lists_classes_that_occur_with_their_counts(legend):
    texts = [legend.list.item(row).text() for row in range(legend.list.count())]
    assert texts == ["cat  ·  3", "dog  ·  1,200"]


def test_a_tick_switches_a_class_off_and_on(legend, qtbot):
    with qtbot.waitSignal(legend.toggled):
        click_box(qtbot, legend, 1)
    assert legend.hidden == {2}
    with qtbot.waitSignal(legend.toggled):
        click_box(qtbot, legend, 1)
    assert legend.hidden == set()


def test_a_double_click_shows_a_class_alone_and_then_all(legend, qtbot):
    rect = legend.list.visualItemRect(legend.list.item(0))
    where = QPoint(rect.left() + 60, rect.center().y())
    for expected in ({2}, set()):
        qtbot.mouseClick(legend.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
        qtbot.mouseDClick(legend.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert legend.hidden == expected


def test_a_scale_shows_its_ends(legend):
    legend.show_scale("Confidence", 0.25, 1.0, np.array([RED, BLUE], np.uint8))
    assert legend.currentWidget() is legend.scale
    assert legend.scale.accessibleName() == "Confidence from 0.25 to 1"
    picture = legend.grab().toImage()
    colours = {picture.pixelColor(16, y).getRgb()[:3] for y in range(200)}
    assert {RED, BLUE} <= colours
