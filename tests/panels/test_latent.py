"""The latent dock by real mouse, wheel and keys, over real models."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton

from backends.api import Reply
from explorer.model.state import Direction
from explorer.panels.latent import LatentPanel
from tests.hands import on_slider


@pytest.fixture
def panel(qtbot, services):
    made = LatentPanel(services)
    qtbot.addWidget(made)
    made.resize(330, 640)
    made.show()
    choose(made, "tiny")
    return made


def choose(panel, name):
    panel.session.select_model(next(p for p, m in panel.session.models.items() if m.name == name))


def z(panel, dimension=0):
    return float(panel.session.code.values["z"][dimension])


def test_drag_is_one_step_and_the_number_follows(panel, qtbot):
    panel.session.reset()
    row = panel.rows.row_of("z.1")
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(row.slider, left, pos=on_slider(row.slider, 0))
    for value in (0.5, 1.0, 2.0):
        qtbot.mouseMove(row.slider, on_slider(row.slider, value))
    qtbot.mouseRelease(row.slider, left, pos=on_slider(row.slider, 2.0))
    assert z(panel, 1) == pytest.approx(2.0, abs=0.05)
    assert row.number.value() == pytest.approx(z(panel, 1), abs=0.006)
    panel.session.undo()
    assert z(panel, 1) == 0


def test_double_click_reset_button_and_typing_beyond_three(panel, qtbot):
    row = panel.rows.row_of("z.0")
    row.number.setFocus()
    row.number.selectAll()
    qtbot.keyClicks(row.number, "4.5")
    qtbot.keyClick(row.number, Qt.Key.Key_Return)
    assert z(panel) == 4.5
    assert row.reset.isEnabled()
    qtbot.mouseDClick(row.slider, Qt.MouseButton.LeftButton, pos=on_slider(row.slider, 1))
    assert z(panel) == 0
    assert not row.reset.isEnabled()
    panel.session.set_value("z", 0, 1.0)
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert z(panel) == 0


def test_arrow_keys_and_wheel(panel, qtbot):
    panel.session.reset()
    row = panel.rows.row_of("z.2")
    row.slider.setFocus()
    qtbot.keyClick(row.slider, Qt.Key.Key_Right)
    assert z(panel, 2) == pytest.approx(0.1, abs=1e-3)
    qtbot.keyClick(row.slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert z(panel, 2) == pytest.approx(0.6, abs=1e-3)
    qtbot.keyClick(row.slider, Qt.Key.Key_Home)
    assert z(panel, 2) == -3
    before = z(panel, 2)
    wheel(row.slider, 120, Qt.KeyboardModifier.ControlModifier)
    assert z(panel, 2) == pytest.approx(before + 0.1, abs=1e-3)
    with qtbot.waitSignal(row.let_go):
        qtbot.keyClick(row.slider, Qt.Key.Key_0)
    assert z(panel, 2) == 0


def wheel(widget, turn, held=Qt.KeyboardModifier.NoModifier):
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place, widget.mapToGlobal(place), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QGuiApplication.sendEvent(widget, event)


def test_a_locked_slider_stays(panel, qtbot):
    panel.session.set_value("z", 3, 1.25)
    row = panel.rows.row_of("z.3")
    qtbot.mouseClick(row.lock, Qt.MouseButton.LeftButton)
    assert (panel.session.state.model, "z", 3) in panel.session.state.locks
    assert row.lock.isChecked()
    press(panel, qtbot, "Random")
    press(panel, qtbot, "Reset all")
    assert z(panel, 3) == 1.25
    assert z(panel, 0) == 0
    qtbot.mouseClick(row.lock, Qt.MouseButton.LeftButton)
    press(panel, qtbot, "Reset all")
    assert z(panel, 3) == 0


def press(panel, qtbot, name):
    button = next(b for b in panel.findChildren(QPushButton) if b.accessibleName() == name)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_copy_and_paste_buttons(panel, qtbot):
    kept = panel.session.code
    press(panel, qtbot, "Copy code")
    panel.session.set_seed(8)
    press(panel, qtbot, "Paste code")
    assert panel.session.code == kept


def test_truncation_slider_and_number(panel, qtbot):
    slider = panel.truncation
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=on_slider(slider, 0.5))
    assert panel.session.code.truncation == pytest.approx(0.5, abs=0.02)
    panel.truncation_number.setFocus()
    panel.truncation_number.selectAll()
    qtbot.keyClicks(panel.truncation_number, "1.3")
    qtbot.keyClick(panel.truncation_number, Qt.Key.Key_Return)
    assert panel.session.code.truncation == pytest.approx(1.3)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=on_slider(slider, 0.2))
    assert panel.session.code.truncation == 1.0


def test_label_buttons_choose_and_blend(panel, qtbot):
    choose(panel, "tiny-label")
    buttons = panel._labels["label"]
    left, control = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
    qtbot.mouseClick(buttons[3], left)
    assert panel.session.code.values["label"].argmax() == 3
    qtbot.mouseClick(buttons[7], left)
    assert [b.isChecked() for b in buttons].index(True) == 7
    qtbot.mouseClick(buttons[1], left, control)
    weights = panel.session.code.values["label"]
    assert weights.sum() == pytest.approx(1)
    assert weights[1] > 0
    panel._build_labels()  # as for another model
    assert not any(button.isVisible() for button in buttons)


def test_large_spaces_show_principal_directions_first(panel, qtbot):
    choose(panel, "tiny-wide")
    qtbot.waitUntil(lambda: not panel.busy(), timeout=90_000)
    assert panel.rows.visible_keys()[0] == "pc z.0"
    panel.session.reset()
    panel.rows.row_of("pc z.0").moved.emit("pc z.0", 2.0)
    values = panel._sliders.values(panel.session.code)
    assert values["pc z.0"] == pytest.approx(2.0, abs=1e-4)
    assert values["pc z.1"] == pytest.approx(0.0, abs=1e-4)
    qtbot.mouseClick(panel.dimensions, Qt.MouseButton.LeftButton)
    assert panel.rows.visible_keys()[0] == "z.0"
    assert len(panel.rows.entries) == 40
    assert len(panel.rows.rows) < 30  # only what can be seen exists
    qtbot.keyClicks(panel.filter, "z 39")
    assert panel.rows.visible_keys() == ["z.38", "z.39"]  # by its name and by its key
    qtbot.keyClicks(panel.filter, "nothing")
    assert panel.hint.isVisible()
    qtbot.mouseClick(panel.directions, Qt.MouseButton.LeftButton)


def test_without_directions_there_are_dimensions(panel):
    choose(panel, "tiny-wide")
    key = panel.session.model.checksum
    panel._waiting.add("z")
    panel._no_directions(key, "z", Reply(1, "error", {"what": "No directions."}))
    assert panel.rows.visible_keys()[0] == "z.0"
    panel.directions.setChecked(True)


def test_a_found_direction_gets_a_slider_a_name_and_an_end(panel, qtbot):
    path = panel.session.model.path
    direction = Direction(path, "z", np.array([1, 0, 0, 1], np.float32), "smile", "class means", 0.9)
    panel.session.add_direction(direction)
    key = f"own {direction.id}"
    row = panel.rows.row_of(key)
    assert row.label.text() == "smile"
    assert "90%" in row.label.toolTip()
    panel.session.reset()
    qtbot.mouseClick(row.slider, Qt.MouseButton.LeftButton, pos=on_slider(row.slider, 1.5))
    assert z(panel, 0) == pytest.approx(1.5, abs=0.03)
    assert z(panel, 3) == pytest.approx(1.5, abs=0.03)
    assert z(panel, 1) == 0
    qtbot.mouseClick(row.menu, Qt.MouseButton.LeftButton)
    menu = panel.findChild(QMenu)
    menu.actions()[0].trigger()
    dialog = panel.findChild(QInputDialog)
    dialog.setTextValue("grin")
    dialog.accept()
    assert panel.rows.row_of(key).label.text() == "grin"
    menu.actions()[1].trigger()
    assert not panel.session.state.directions
    menu.close()


def test_no_model_says_what_to_do(qtbot, services):
    services.session.models = {}
    made = LatentPanel(services)
    qtbot.addWidget(made)
    made.show()
    assert "File > Open" in made.hint.text()


def test_the_card_unfolds(panel, qtbot):
    qtbot.mouseClick(panel.card.fold, Qt.MouseButton.LeftButton)
    assert panel.card.text.isVisible()
    assert "vae" in panel.card.text.text()
