"""Curves on the screen: what each switch does to what is drawn."""

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import Qt

from explorer.widgets.curves import CurvesView


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
