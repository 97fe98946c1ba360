"""The Steps panel over a real process, by real clicks and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.steps import HINT, NO_GAME, StepsPanel
from explorer.panels.steps_trace import MOST, Trace
from explorer.widgets.plane_view import Plane, PlaneView, lengthened, placed
from tests.hands import click
from trainers.toys.presets import PRESETS


@pytest.fixture
def panel(qtbot):
    made = StepsPanel(Services(Session(), None, None, None, Notices()))
    qtbot.addWidget(made)
    made.resize(760, 640)
    made.problems = []
    made.services.notices.problem.connect(lambda what, _: made.problems.append(what))
    made.show()
    yield made
    made.shut_down()


def settled(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.busy())
    assert panel.problems == []


def choose(panel, name, value):
    box = panel.choices.rows[name].editor
    box.setFocus()
    box.setCurrentIndex(box.findData(value))


def typed(panel, qtbot, name, text):
    line = panel.choices.rows[name].editor
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_everything_from_the_data_alone_to_a_preset(panel, qtbot):
    """One process for all of it: torch takes seconds to load."""
    assert panel.sentence.text() == HINT
    assert len(panel.plane.plane.real) == 400
    assert not panel.watch.started
    small = panel.choices
    small.show_settings(small.settings.from_mapping({"width": 16, "batch": 32}))

    click(qtbot, panel.one)
    settled(panel, qtbot)
    assert (panel.step, panel.steps.text()) == (1, "step 1")
    assert panel.plane.plane.points.shape == (512, 2)
    assert panel.trace.names == ["critic", "∇ critic", "generator", "∇ generator"]
    points = panel.plane.plane.points.tobytes()
    click(qtbot, panel.critic)
    settled(panel, qtbot)
    assert panel.step == 2
    assert panel.plane.plane.points.tobytes() == points  # the generator rested
    click(qtbot, panel.generator)
    settled(panel, qtbot)
    assert panel.plane.plane.points.tobytes() != points
    click(qtbot, panel.ten)
    settled(panel, qtbot)
    assert panel.step == 13
    assert len(panel.trace.lines()[0].steps) == 13
    for _ in range(3):
        qtbot.keyClick(panel.plane, Qt.Key.Key_Right)
    settled(panel, qtbot)
    assert panel.step == 16  # each key arrived

    _plays(panel, qtbot)
    _begins_anew(panel, qtbot)
    _changes(panel, qtbot)
    _shows_a_preset(panel, qtbot)


def _plays(panel, qtbot):
    qtbot.keyClick(panel.plane, Qt.Key.Key_Space)
    assert (panel.playing.text(), panel.playing.isChecked()) == ("Pause", True)
    qtbot.waitUntil(lambda: panel.step > 25)
    panel.hide()  # nobody looks: it rests
    settled(panel, qtbot)
    rested = panel.step
    qtbot.wait(300)
    assert panel.step == rested
    panel.show()
    qtbot.waitUntil(lambda: panel.step > rested + 5)
    panel.speed.setCurrentIndex(panel.speed.findData(10.0))
    click(qtbot, panel.playing)
    assert panel.playing.text() == "Play"
    click(qtbot, panel.one)  # what is told last arrives last
    settled(panel, qtbot)
    stood = panel.step
    qtbot.wait(250)
    assert panel.step == stood


def _begins_anew(panel, qtbot):
    click(qtbot, panel.again)
    settled(panel, qtbot)
    assert panel.step == 0
    assert "Nothing is learned yet" in panel.sentence.text()
    first = panel.plane.plane.points.tobytes()
    choose(panel, "data", "grid")
    settled(panel, qtbot)
    assert panel.step == 0
    assert panel.numbers["of modes"] == 25
    typed(panel, qtbot, "seed", "3")
    settled(panel, qtbot)
    assert panel.plane.plane.points.tobytes() != first


def _changes(panel, qtbot):
    click(qtbot, panel.ten)
    settled(panel, qtbot)
    typed(panel, qtbot, "rate", "0.5")  # at once, without a new toy
    click(qtbot, panel.one)
    settled(panel, qtbot)
    assert panel.step == 11
    typed(panel, qtbot, "batch", "many")
    assert panel.choices.problem.isVisible()
    assert "whole number" in panel.choices.problem.text()
    typed(panel, qtbot, "batch", "48")
    assert not panel.choices.problem.isVisible()
    choose(panel, "kind", "vae")
    settled(panel, qtbot)
    assert not panel.critic.isEnabled()
    assert panel.critic.toolTip() == NO_GAME
    assert panel.choices.rows["kl_weight"].isVisible()
    assert not panel.choices.rows["loss"].isVisible()
    assert panel.plane.plane.exact


def _shows_a_preset(panel, qtbot):
    click(qtbot, panel.choices.presets["vanishing"])
    assert panel.watch.playing
    assert panel.settings == PRESETS["vanishing"].settings
    qtbot.waitUntil(lambda: "The critic has won" in panel.sentence.text())
    assert panel.critic.isEnabled()
    click(qtbot, panel.playing)
    settled(panel, qtbot)
    saved = panel.settings_to_save()
    panel.restore_settings({"settings": {"data": "nowhere"}})
    panel.restore_settings({"settings": 5, "speed": "?"})
    assert panel.settings_to_save() == saved
    assert all(command.run for command in panel.commands())


def test_parts_are_switched_off_and_on(qtbot):
    panel = StepsPanel(Services(Session(), None, None, None, Notices()))
    qtbot.addWidget(panel)
    panel.show()
    before = panel.plane.grab().toImage()
    for part, box in panel.parts.items():
        click(qtbot, box)
        assert not panel.plane.shown[part]
    assert panel.plane.grab().toImage() != before
    click(qtbot, panel.parts["real"])
    assert panel.plane.shown["real"]
    qtbot.waitUntil(lambda: panel.curves is not None)
    panel.curves.smoothing_slider.setValue(3)
    panel.shut_down()


def test_a_lost_process_is_said_and_restart_brings_another(qtbot):
    panel = StepsPanel(Services(Session(), None, None, None, Notices()))
    qtbot.addWidget(panel)
    heard = []
    panel.services.notices.problem.connect(lambda what, advice: heard.append(what + advice))
    panel.show()
    panel.restart()
    panel.watch.jobs._child.process.kill()
    qtbot.waitUntil(lambda: bool(heard))
    assert "Restart" in heard[0]
    assert not panel.watch.started
    panel.shut_down()


def test_a_plane_places_points_and_keeps_small_arrows_small(qtbot):
    from PySide6.QtCore import QRectF

    points = np.array([[-1, -1], [0, 0], [1, 1], [np.nan, 0]], np.float32)
    at = placed(points, QRectF(10, 20, 100, 100), 1.0)
    assert at.tolist() == [[10, 120], [60, 70], [110, 20]]
    arrows = np.array([[1e-4, 0], [0, 300]], np.float32)
    plane = Plane(1.0, foot=points[:2], arrows=arrows)
    sizes = np.linalg.norm(lengthened(plane), axis=1)
    assert sizes[0] < 1e-3
    assert sizes[1] == pytest.approx(0.32, rel=0.01)
    view = PlaneView("plane")
    qtbot.addWidget(view)
    view.resize(300, 260)
    empty = view.grab().toImage()
    values = np.array([[0, 1], [1, 0]], np.float32)
    view.show_plane(Plane(1.0, points, points, points[:2], arrows, values))
    view.show()
    view.setFocus()
    QApplication.processEvents()
    assert view.grab().toImage() != empty


def test_a_trace_stays_small_and_keeps_means():
    trace = Trace()
    for start in range(0, 5000, 50):
        steps = np.arange(start, start + 50, dtype=np.float32) + 1
        trace.add(["a"], np.stack([steps, steps * 2], 1), 1.0)
    trace.add(["a", "b"], np.array([[5001, 1, 7]], np.float32), 2.0)
    a, b = trace.lines(smoothing=3)
    assert len(a.steps) <= MOST
    assert np.allclose(a.values[:-1], 2 * a.steps[:-1])
    assert np.all(np.diff(a.steps) > 0)
    assert a.steps[-1] > 4980
    assert a.means[5] == pytest.approx(a.values[3:6].mean())
    assert np.isnan(b.values).all()
