"""Parallel coordinates under a real mouse and keyboard."""

import pytest
from PySide6.QtCore import QPoint, Qt

from explorer.model.parallel import axis_of
from explorer.widgets import parallel_view
from explorer.widgets.parallel_view import ParallelView

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot):
    made = ParallelView("Runs")
    qtbot.addWidget(made)
    made.resize(500, 260)
    made.show_axes([axis_of("rate", [1, 2, 3]), axis_of("body", ["a", "b", "a"]),
                    axis_of("loss", [30.0, 20.0, None])], "loss")  # fmt: skip
    made.told = []
    made.hovered.connect(lambda i: made.told.append(("hovered", i)))
    made.chosen.connect(lambda i: made.told.append(("chosen", i)))
    made.opened.connect(lambda i: made.told.append(("opened", i)))
    made.ranged.connect(lambda kept: made.told.append(("ranged", kept)))
    made.show()
    return made


def at(view, axis, place):
    """A point between axes, where `axis` may be a fraction."""
    x = view.x_of(0) + axis * (view.x_of(1) - view.x_of(0))
    return QPoint(round(x), round(view.y_of(place)))


def drag(qtbot, view, axis, start, end):
    qtbot.mousePress(view, LEFT, pos=at(view, axis, start))
    qtbot.mouseMove(view, at(view, axis, (start + end) / 2))
    qtbot.mouseMove(view, at(view, axis, end))
    qtbot.mouseRelease(view, LEFT, pos=at(view, axis, end))


def test_the_line_under_the_mouse_is_lifted_and_chosen_by_a_click(view, qtbot):
    qtbot.mouseMove(view, at(view, 0.5, 0.75))  # the second: from 0.5 to 1
    assert view.told[-1] == ("hovered", 1)
    assert view.lifted == 1
    qtbot.mouseClick(view, LEFT, pos=at(view, 0.5, 0.75))
    assert view.told[-1] == ("chosen", 1)
    qtbot.mouseDClick(view, LEFT, pos=at(view, 0.5, 0.75))
    assert ("opened", 1) in view.told
    qtbot.mouseMove(view, at(view, 1.5, 0.5) + QPoint(0, 40))
    assert view.lifted == -1


def test_a_drag_on_an_axis_keeps_a_range_until_a_click_there(view, qtbot):
    drag(qtbot, view, 0, 0.4, 1.0)
    assert view.told[-1] == ("ranged", [1, 2])
    drag(qtbot, view, 1, 0.2, 0.0)
    assert view.told[-1] == ("ranged", [2])
    qtbot.mouseMove(view, at(view, 0.5, 0.75))
    assert view.lifted == -1  # faded lines are not pointed at
    qtbot.mouseClick(view, LEFT, pos=at(view, 0, 0.7))
    assert view.told[-1] == ("ranged", [0, 2])
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.kept == [0, 1, 2]


def test_arrow_keys_go_along_the_figure_that_colours(view, qtbot):
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.lifted == 1  # 20, after the one that isn't known
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.lifted == 0
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert view.told[-1] == ("chosen", 0)


def test_lines_are_painted_in_the_colours_of_their_figure_and_faded_outside(view, qtbot):
    def near(point):
        picture = view.grab().toImage()
        found = [picture.pixelColor(point.x(), point.y() + dy) for dy in range(-3, 4)]
        return max(found, key=lambda c: c.saturation())

    bare = at(view, 0.5, 0.25)  # nothing there
    first = at(view, 1.25, 0.25)  # the first line: from 0 to 1, the highest loss
    plain, shade = near(bare), near(first)
    assert shade.saturation() > plain.saturation() + 40
    drag(qtbot, view, 0, 0.4, 1.0)
    assert near(first).saturation() < shade.saturation() - 40
    drawn = view.grab().toImage()
    view.lift(2)
    assert view.grab().toImage() != drawn


def test_nothing_and_one_axis_are_no_error(view, qtbot):
    for axes in ([], [axis_of("a", [1, 2])]):
        view.show_axes(axes)
        view.grab()
        qtbot.mouseMove(view, QPoint(250, 100))
        qtbot.mouseClick(view, LEFT, pos=QPoint(250, 100))
        qtbot.keyClick(view, Qt.Key.Key_Up)


def test_ranges_stay_when_the_same_axes_have_new_values(view, qtbot):
    drag(qtbot, view, 0, 0.4, 1.0)
    view.show_axes([axis_of("rate", [1, 2, 3, 4]), axis_of("loss", [3.0, 2.0, 1.0, 0.0])], "loss")
    assert view.kept == [2, 3]
    view.show_axes([axis_of("loss", [3.0, 2.0])], "loss")
    assert view.kept == [0, 1]
    assert view.ranges == {}


def test_many_lines_come_in_turns_and_look_as_if_they_came_at_once(view, qtbot, monkeypatch):
    axes = [axis_of(name, [(k * step) % 301 for k in range(300)]) for name, step in zip("abc", (1, 7, 40))]
    monkeypatch.setattr(parallel_view, "PIECES_A_TURN", {True: 50, False: 50})
    before = view.grab().toImage()
    view.show_axes(axes, "c")
    begun = view.grab().toImage()
    qtbot.waitUntil(lambda: view._coming is None and not view._outdated, timeout=60_000)
    slowly = view.grab().toImage()
    assert slowly not in (before, begun)
    monkeypatch.setattr(parallel_view, "PIECES_A_TURN", {True: 10_000, False: 10_000})
    view.show_axes(axes, "c")
    assert view.grab().toImage() == slowly
