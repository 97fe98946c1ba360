"""Curves on the screen: what each switch does to what is drawn."""

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from explorer.widgets.curves import CurvesView, frame


@dataclass(frozen=True)
class Line:
    name: str
    steps: np.ndarray
    seconds: np.ndarray
    values: np.ndarray
    means: np.ndarray


def line(name, values):
    values = np.asarray(values, float)
    steps = np.arange(len(values)) * 10.0
    return Line(name, steps, steps * 6, values, values + 1)


@pytest.fixture
def view(qtbot):
    made = CurvesView()
    qtbot.addWidget(made)
    made.show_curves([line("loss", [4, 2, 1]), line("accuracy", [-1, 0.5, 0.9])])
    made.show()
    return made


def drawn(view, name):
    return view._lines[name][1]


def test_losses_are_shown_first_and_the_rest_is_one_click_away(view, qtbot):
    assert drawn(view, "loss").isVisible()
    assert not drawn(view, "accuracy").isVisible()
    switch = view.switches["accuracy"]
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=switch.rect().center() / 4)
    assert drawn(view, "accuracy").isVisible()


def test_more_points_keep_the_switches(view):
    view.switches["loss"].setChecked(False)
    before = view.switches["loss"]
    view.show_curves([line("loss", [4, 2, 1, 0.5]), line("accuracy", [0, 0.5, 0.9, 0.9])])
    assert view.switches["loss"] is before
    assert not drawn(view, "loss").isVisible()
    view.switches["loss"].setChecked(True)
    assert len(drawn(view, "loss").xData) == 4


def test_the_axis_can_be_time(view, qtbot):
    assert drawn(view, "loss").xData.tolist() == [0, 10, 20]
    qtbot.keyClick(view.axis, Qt.Key.Key_Down)
    assert drawn(view, "loss").xData.tolist() == [0, 1, 2]


def test_a_log_scale_leaves_out_what_is_not_positive(view, qtbot):
    qtbot.mouseClick(view.log, Qt.MouseButton.LeftButton, pos=view.log.rect().center() / 4)
    assert view.log.isChecked()
    view.switches["accuracy"].setChecked(True)
    assert np.isfinite(view._lines["loss"][0].yData).all()
    assert np.isnan(view._lines["accuracy"][0].yData[0])


def test_smoothing_is_asked_for_and_keeps_the_raw_curve_behind(view, qtbot):
    asked = []
    view.smoothing_changed.connect(asked.append)
    assert not view._lines["loss"][0].isVisible()
    for _ in range(3):
        qtbot.keyClick(view.smoothing_slider, Qt.Key.Key_Right)
    assert asked == [2, 4, 8]
    view.show_curves([line("loss", [4, 2, 1])])
    assert view._lines["loss"][0].isVisible()


def test_the_axes_keep_room_and_hold_still_while_the_curve_grows_into_it():
    held = frame(0, 100, None, before=False)
    assert held == (0, 125)
    assert frame(0, 120, held, before=False) == held
    assert frame(0, 130, held, before=False) == (0, 162.5)
    assert frame(0, 40, held, before=False) == (0, 50), "a curve much shorter than its axis"
    assert frame(2, 4, None, before=True) == (1.5, 4.5)
    low, high = frame(3, 3, None, before=True)
    assert low < 3 < high, "a flat curve has an axis all the same"


def span(view):
    return view.plot.getPlotItem().getViewBox().viewRange()


def turn_wheel(view):
    port = view.plot.viewport()
    at = QPointF(port.rect().center())
    QApplication.sendEvent(port, QWheelEvent(
        at, port.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False))  # fmt: skip


def test_what_a_person_zoomed_to_stays_until_a_double_click(view, qtbot):
    view.resize(600, 400)
    qtbot.waitUntil(lambda: view.plot.width() > 300)
    whole = span(view)
    turn_wheel(view)
    zoomed = span(view)
    assert zoomed[0][1] - zoomed[0][0] < whole[0][1] - whole[0][0]
    view.show_curves([line("loss", np.linspace(9, 1, 50)), line("accuracy", np.zeros(50))])
    assert span(view) == zoomed
    qtbot.mouseDClick(
        view.plot.viewport(), Qt.MouseButton.LeftButton, pos=view.plot.viewport().rect().center()
    )
    qtbot.waitUntil(lambda: span(view)[0][1] > 490)


def test_axes_keep_room_only_while_more_is_to_come(view):
    box = view.plot.getPlotItem().getViewBox()
    last = drawn(view, "loss").xData[-1]
    growing = box.viewRange()[0][1]
    view.set_growing(False)
    assert last < box.viewRange()[0][1] < growing
    view.set_growing(True)
    assert box.viewRange()[0][1] == pytest.approx(growing)


def test_without_a_curve_a_sentence_stands_in_the_plot(view):
    assert view.empty.isHidden()
    view.show_curves([])
    assert not view.empty.isHidden()
    assert view.plot.isHidden()
