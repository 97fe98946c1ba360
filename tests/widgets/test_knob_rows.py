"""Knobs by real mouse and keys."""

import pytest
from PySide6.QtCore import Qt

from backends.api import Knob
from explorer.widgets.knob_rows import KnobRow, KnobRows
from tests.hands import LEFT, on_slider

STEPS = Knob("steps", "Steps", 1, 50, 10, whole=True, help="How many")
GLOW = Knob("glow", "Glow", 0.0, 1.0, 0.5)


@pytest.fixture
def rows(qtbot):
    made = KnobRows()
    qtbot.addWidget(made)
    made.show_knobs([STEPS, GLOW])
    made.resize(320, 60)
    made.show()
    made.heard = []
    made.moved.connect(lambda name, value: made.heard.append((name, value)))
    return made


def test_whole_numbers_come_whole_and_once(rows, qtbot):
    slider = rows.rows["steps"].slider
    qtbot.mousePress(slider, LEFT, pos=on_slider(slider, 20))
    for value in (20.2, 20.4, 30):
        qtbot.mouseMove(slider, on_slider(slider, value))
    with qtbot.waitSignal(rows.let_go):
        qtbot.mouseRelease(slider, LEFT, pos=on_slider(slider, 30))
    values = [value for _, value in rows.heard]
    assert all(value == int(value) for value in values)
    assert len(set(values)) == len(values)
    assert rows.values()["steps"] == values[-1] == pytest.approx(30, abs=1)
    assert rows.rows["steps"].number.value() == values[-1]


def test_typing_arrows_reset_and_double_click(rows, qtbot):
    row: KnobRow = rows.rows["glow"]
    row.number.setFocus()
    row.number.selectAll()
    qtbot.keyClicks(row.number, "0.8")
    qtbot.keyClick(row.number, Qt.Key.Key_Return)
    assert rows.heard[-1] == ("glow", 0.8)
    assert row.reset.isEnabled()
    qtbot.mouseClick(row.reset, LEFT)
    assert rows.heard[-1] == ("glow", 0.5)
    assert not row.reset.isEnabled()
    row.slider.setFocus()
    qtbot.keyClick(row.slider, Qt.Key.Key_Right)
    assert rows.values()["glow"] == pytest.approx(0.52)
    qtbot.mouseDClick(row.slider, LEFT, pos=on_slider(row.slider, 0.9))
    assert rows.values()["glow"] == 0.5


def test_values_from_elsewhere_are_kept_in_bounds_without_a_signal(rows):
    rows.show_values({"steps": 99})
    assert rows.values() == {"steps": 50, "glow": 0.5}
    rows.show_knobs([GLOW])
    assert list(rows.rows) == ["glow"]
    rows.show_knobs([])
    assert rows.isHidden()
    assert not rows.heard


def test_every_control_has_a_name_and_a_tip(rows):
    for row in rows.rows.values():
        for widget in (row.slider, row.number, row.reset):
            assert widget.accessibleName()
            assert widget.toolTip()


def test_titles_take_the_room_there_is_and_sliders_begin_in_one_line(rows, qtbot):
    rows.show_knobs([STEPS, Knob("long", "A title of many words", 0, 1, 0)])
    rows.resize(500, 60)
    assert rows.rows["long"].label.text() == "A title of many words"
    rows.resize(160, 60)
    assert rows.rows["long"].label.text().endswith("…")
    assert len({row.slider.x() for row in rows.rows.values()}) == 1
