"""The map's points and legend, by real pixels and real mouse events."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.latent.palette import class_palette
from explorer.widgets.map_view.contours import contours, segments
from explorer.widgets.map_view.drawn import GREY, Drawn, Names, Points, pack, random_order
from explorer.widgets.map_view.grid import Grid
from explorer.widgets.map_view.legend import Legend
from explorer.widgets.map_view.outline import within
from explorer.widgets.map_view.raster import Frame, Scratch, disc, mixed, stamp, toned
from explorer.widgets.map_view.view import MapView
from tests.seen import LEAST, VISIONS, least_distance

RED, BLUE = (255, 0, 0), (0, 0, 255)
CORNERS = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [np.nan, 5]], np.float32)
COLOURS = np.array([RED, BLUE, BLUE, RED, RED], np.uint8)
IDS = np.array([70, 71, 9, 33, 1])
A, B, C, D, _ = IDS.tolist()


@pytest.fixture
def view(qtbot):
    made = MapView("Nothing here yet")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    qtbot.waitExposed(made)
    made.show_points(CORNERS, COLOURS, ids=IDS)
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
    assert [colour_at(view, ident) for ident in (A, B, C, D)] == [RED, BLUE, BLUE, RED]


def test_larger_y_is_higher(view):
    assert view.pixel_of(C).y() < view.pixel_of(A).y()


def test_points_follow_zoom_and_pan(view):
    view.getViewBox().setRange(xRange=(5, 15), yRange=(5, 15), padding=0)
    assert colour_at(view, D) == RED
    assert not view.rect().contains(view.pixel_of(A).toPoint())


def test_switched_off_points_go_pale_and_cannot_be_hit(view, qtbot):
    view.recolour(COLOURS, ~np.array([False, True, True, True, True]))
    pale = np.array(colour_at(view, A))
    assert np.ptp(pale) < 8  # grey
    move_to(view, view.pixel_of(A).toPoint())
    assert view.pointer.hover == -1


def test_hovering_tells_the_row_once_and_leaving_clears_it(view, qtbot):
    heard = []
    view.hovered.connect(heard.append)
    move_to(view, view.pixel_of(B).toPoint())
    move_to(view, view.pixel_of(B).toPoint() + QPoint(2, 2))
    move_to(view, QPoint(200, 150))
    qtbot.waitUntil(lambda: heard[-1] == -1)
    assert heard == [B, -1]


def test_clicking_a_point_tells_its_row_and_shift(view, qtbot):
    heard = []
    view.clicked.connect(lambda row, shift: heard.append((row, shift)))
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, view.pixel_of(C).toPoint())
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert heard == [(C, False), (C, True)]


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


def test_a_hundred_thousand_points_at_the_edge_of_the_view(view, qtbot):
    rng = np.random.default_rng(0)
    many = rng.uniform(-1, 1, (100_000, 2)).astype(np.float32)
    view.show_points(many, np.full((100_000, 3), 77, np.uint8))
    qtbot.waitUntil(lambda: view.layer.drawn.grid is not None)
    view.getViewBox().setRange(xRange=(-0.9, 0.9), yRange=(-0.5, 0.5), padding=0)
    picture, room = view.grab().toImage(), view.getViewBox().sceneBoundingRect().toRect()
    for point in (room.topLeft() + QPoint(2, 2), room.bottomRight() - QPoint(2, 2), room.center()):
        assert picture.pixelColor(point).red() == 77


def drag(view, places, modifier=Qt.KeyboardModifier.NoModifier):
    port = view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, modifier, places[0])
    for place in places[1:]:
        QTest.mouseMove(port, place)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, modifier, places[-1])
    QApplication.processEvents()


def around(view, ident, reach=25):
    """A diamond around a point, for a lasso."""
    at = view.pixel_of(ident).toPoint()
    steps = [(-reach, 0), (0, -reach), (reach, 0), (0, reach), (-reach + 4, 4)]
    return [at + QPoint(x, y) for x, y in steps]


def test_the_lasso_replaces_adds_subtracts_and_escape_clears(view, qtbot):
    heard: list[list[int]] = []
    view.selected.connect(lambda ids: (heard.append(ids.tolist()), view.show_selection(ids)))
    view.box.setRange(xRange=(-5, 15), yRange=(-5, 15), padding=0)
    view.set_tool("lasso")
    drag(view, around(view, A))
    drag(view, around(view, C), Qt.KeyboardModifier.ShiftModifier)
    drag(view, around(view, A), Qt.KeyboardModifier.AltModifier)
    assert heard == [[A], [A, C], [C]]
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert heard[-1] == []


def test_the_rectangle_shows_its_count_and_greys_the_others_while_it_is_drawn(view):
    view.box.setRange(xRange=(-5, 15), yRange=(-5, 15), padding=0)
    view.set_tool("rectangle")
    low, high = view.pixel_of(A).toPoint(), view.pixel_of(B).toPoint()
    port = view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=low + QPoint(-20, 8))
    for place in (low, high, high + QPoint(20, -20)):
        QTest.mouseMove(port, place)
        QTest.qWait(1)  # moves are told by the event loop
    assert view.marks.count == "2"
    assert np.ptp(colour_at(view, D)) < 8  # grey
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=high + QPoint(20, -20))
    QApplication.processEvents()
    assert view.marks.outline is None
    assert colour_at(view, D) == RED


def test_a_drawn_line_is_told_in_places_of_the_map(view):
    heard = []
    view.drawn.connect(heard.append)
    view.set_tool("draw")
    drag(view, [view.pixel_of(ident).toPoint() for ident in (A, B, D)])
    np.testing.assert_allclose(heard[0], [[0, 0], [10, 0], [10, 10]], atol=0.1)


def test_with_a_tool_the_map_stays_and_without_it_moves(view):
    before = view.pixel_of(A)
    view.set_tool("rectangle")
    drag(view, [QPoint(100, 100), QPoint(150, 120), QPoint(160, 140)])
    assert view.pixel_of(A) == before
    view.set_tool("go")
    drag(view, [QPoint(100, 100), QPoint(150, 120), QPoint(160, 140)])
    assert view.pixel_of(A) != before


def test_a_selection_greys_the_others_and_hides_none(view):
    view.show_selection(np.array([B, 12345]))
    assert colour_at(view, B) == BLUE
    for ident in (A, C, D):
        shade = colour_at(view, ident)
        assert np.ptp(shade) < 8
        assert shade != view.palette().color(QPalette.ColorRole.Base).getRgb()[:3]
    view.show_selection(np.zeros(0, np.int64))
    assert colour_at(view, A) == RED


def test_hidden_classes_vanish(view):
    view.recolour(COLOURS, np.array([True, False, False, False, False]), hide=True)
    assert colour_at(view, A) == view.palette().color(QPalette.ColorRole.Base).getRgb()[:3]
    assert colour_at(view, D) == RED


def test_the_card_is_asked_for_after_a_rest_and_stays_a_little(view, qtbot):
    heard = []
    view.dwelt.connect(heard.append)
    for timer in (view.pointer._dwell, view.pointer._grace):
        timer.setInterval(3 * timer.interval())  # a busy machine takes long between two lines
    move_to(view, view.pixel_of(B).toPoint())
    assert heard == []
    qtbot.waitUntil(lambda: heard == [B])
    move_to(view, QPoint(200, 150))
    assert heard == [B]
    qtbot.waitUntil(lambda: heard == [B, -1])


def test_fast_moves_are_tested_a_few_times_only_and_the_last_one_is(view, qtbot):
    for x in range(100):
        view.pointer.move(view.mapToScene(QPoint(150 + x, 150)))
    view.pointer.move(view.mapToScene(view.pixel_of(D).toPoint()))
    qtbot.waitUntil(lambda: view.pointer.hover == D)
    assert view.pointer.tests < 20


def test_between_points_the_place_is_told_if_asked_for(view, qtbot):
    heard = []
    view.between.connect(lambda x, y: heard.append((x, y)))
    view.look_between = True
    middle = view.box.mapViewToScene(view.box.viewRect().center())
    move_to(view, view.mapFromScene(middle))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard[-1] == pytest.approx((5, 5), abs=0.2)


def test_points_move_and_blend_by_id(view):
    there = CORNERS + np.float32(2)
    view.blend_to(there)
    view.set_blend(0.5)
    np.testing.assert_allclose(view.position_of(D), [11, 11])
    assert colour_at(view, D) == RED
    view.move_points(there)
    np.testing.assert_allclose(view.position_of(A), [2, 2])
    assert view.position_of(999) is None


def test_thumbnails_stand_at_their_points_one_for_each_cell(view):
    view.set_image_of(lambda ident: np.full((4, 4, 1), ident, np.uint8))
    assert sorted(ident for ident, _ in view.thumbnails.shown()) == sorted([A, B, C, D])
    assert colour_at(view, B) == (B, B, B)
    view.recolour(COLOURS, np.array([True, False, False, False, False]), hide=True)
    assert A not in dict(view.thumbnails.shown())
    assert colour_at(view, B) == (B, B, B)
    view.set_thumbnails("never")
    assert colour_at(view, B) == BLUE


def test_names_that_would_cover_each_other_give_way_to_the_first(view):
    places = [np.array(place, np.float32) for place in ((0, 0), (0.1, 0.1), (10, 10))]
    view.show_names(list(zip(("large", "small", "far"), places, strict=True)))
    pixels = [view.layer.sceneTransform().map(float(x), float(y)) for x, y in places]
    from PySide6.QtCore import QPointF

    shown = view.marks.shown_names([QPointF(x, y) for x, y in pixels])
    assert [text for text, _ in shown] == ["large", "far"]


@pytest.mark.parametrize("mode", ["density", "mix"])
def test_density_and_mixture_show_points_where_they_are(view, mode):
    view.set_mode(mode)
    base = view.palette().color(QPalette.ColorRole.Base).getRgb()[:3]
    assert all(colour_at(view, ident) != base for ident in (A, B, C, D))
    assert view.grab().toImage().pixelColor(200, 150).getRgb()[:3] == base


def test_five_hundred_repaints_leave_the_reference_counts_flat(view):
    view.show_names([("one", CORNERS[0])])
    view.mark_current(CORNERS[1])
    for step in range(30):
        view.box.translateBy(x=0.01 * (-1) ** step, y=0)
        view.viewport().repaint()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for step in range(500):
        view.box.translateBy(x=0.01 * (-1) ** step, y=0)
        view.viewport().repaint()
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 200


# The arrays beneath


def points(count, **more):
    rng = np.random.default_rng(1)
    places = rng.normal(size=(count, 2)).astype(np.float32)
    colours = rng.integers(0, 255, (count, 3)).astype(np.uint8)
    return Points(places, colours, Names(np.arange(count)), random_order(count), **more)


def test_drawn_points_keep_their_rows_and_groups():
    off, chosen = np.arange(1000) % 10 == 0, np.arange(1000) % 3 == 0
    made = points(1000, off=off, chosen=chosen)
    drawn = Drawn.of(made)
    np.testing.assert_array_equal(drawn.x, made.positions[drawn.rows, 0])
    np.testing.assert_array_equal(drawn.colours, pack(made.colours)[drawn.rows])
    a, b, c, d = drawn.groups
    assert off[drawn.rows[a:b]].all()
    assert not (off | chosen)[drawn.rows[b:c]].any()
    assert (chosen & ~off)[drawn.rows[c:d]].all()
    assert d == 1000


def test_a_sample_is_fair_to_every_group():
    drawn = Drawn.of(points(10_000, chosen=np.arange(10_000) < 1000))
    counts = {group: piece.stop - piece.start for piece, group in drawn.sample(None, 1000)}
    assert counts == {1: 900, 2: 100}


def test_the_grid_finds_what_brute_force_finds():
    drawn = Drawn.of(points(30_000), with_grid=True)
    assert isinstance(drawn.grid, Grid)
    inside = (np.abs(drawn.x - 0.5) < 0.2) & (np.abs(drawn.y) < 0.2)
    found = drawn.grid.inside(0.3, -0.2, 0.7, 0.2, 30_000)
    assert set(np.flatnonzero(inside)) <= set(found.tolist())
    assert len(found) < 1.3 * inside.sum()
    assert (np.diff(found) > 0).all()
    assert drawn.grid.inside(-9, -9, 9, 9, 100) is None


def test_within_agrees_with_a_winding_path():
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QPolygonF

    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (9, 2))  # crosses itself: the even-odd rule matters
    x, y = rng.uniform(0, 100, (2, 500))
    shape = QPolygonF([QPointF(*corner) for corner in corners])
    truth = [shape.containsPoint(QPointF(a, b), Qt.FillRule.OddEvenFill) for a, b in zip(x, y, strict=True)]
    np.testing.assert_array_equal(within(x, y, corners), truth)


def test_stamps_and_tones_by_hand():
    scratch, frame = Scratch(), Frame(20, 10, 1.0, 0.0, 1.0, 0.0, 3)
    pixels = scratch.blank(frame.shape)
    at = scratch.places(np.array([5.2, 400], np.float32), np.array([2.9, -1], np.float32), frame, 1)
    assert at.tolist() == [5 * 26 + 8, 2 * 26 + 24]
    stamp(pixels, at[:1], np.uint32(0xFF0000FF), 4.0)
    assert pixels[5, 8] == 0xFF0000FF
    assert 0 < pixels[5, 8 + 2] >> 24 < 255  # the rim is paler, so that it looks round
    assert len(disc(1.0)) == 1
    assert GREY >> 24 < 128
    ramp = np.arange(256, dtype=np.uint32)
    assert toned(np.array([[0, 1], [3, 7]]), ramp).tolist() == [[0, 85], [170, 255]]


def test_a_mixture_is_the_mean_colour():
    drawn = Drawn(*(np.zeros(4, np.float32),) * 2, pack(np.array([RED, RED, BLUE, BLUE], np.uint8)),
                  np.arange(4, dtype=np.int32), (0, 0, 0, 4), (0, 0), (0, 0))  # fmt: skip
    one, two, less = drawn.mixed()
    at = np.array([7, 7, 7, 7], np.int32)
    cell = int(mixed(at, one, two, less, (3, 5))[1, 2])
    assert (cell >> 24, cell >> 16 & 255, cell >> 8 & 255, cell & 255) == (255, 128, 0, 128)


def test_contours_of_a_hill_are_circles():
    y, x = np.mgrid[-20:21, -20:21]
    lines = segments(np.exp(-(x**2 + y**2) / 100.0), np.exp(-1.0)) - 20
    np.testing.assert_allclose(np.hypot(lines[..., 0], lines[..., 1]), 10, atol=0.05)
    cloud = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    around_centre = contours(cloud, (0.6,))
    assert len(around_centre) > 20
    np.testing.assert_allclose(np.hypot(*around_centre.reshape(-1, 2).T).mean(), 1.05, atol=0.2)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("dark", [False, True])
def test_class_colours_can_be_told_apart_by_everyone(vision, dark):
    assert least_distance(class_palette(20, dark), vision) > LEAST


def test_the_first_colours_are_those_of_okabe_and_ito():
    assert class_palette(3).tolist() == [[230, 159, 0], [86, 180, 233], [0, 158, 115]]
    np.testing.assert_array_equal(class_palette(21)[20], class_palette(21)[0])


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


def test_hiding_is_a_choice(legend, qtbot):
    assert not legend.hides
    with qtbot.waitSignal(legend.toggled):
        qtbot.mouseClick(
            legend.hide_box, Qt.MouseButton.LeftButton, pos=QPoint(8, legend.hide_box.height() // 2)
        )
    assert legend.hides


def test_a_scale_shows_its_ends(legend):
    legend.show_scale("Confidence", 0.25, 1.0, np.array([RED, BLUE], np.uint8))
    assert legend.currentWidget() is legend.scale
    assert legend.scale.accessibleName() == "Confidence from 0.25 to 1"
    picture = legend.grab().toImage()
    colours = {picture.pixelColor(16, y).getRgb()[:3] for y in range(200)}
    assert {RED, BLUE} <= colours
