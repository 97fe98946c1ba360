"""Knobs, noise and named codes in the latent dock, by real mouse and keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from explorer.panels.latent import LatentPanel
from tests.hands import LEFT, on_slider


@pytest.fixture
def panel(qtbot, rich):
    made = LatentPanel(rich)
    qtbot.addWidget(made)
    made.resize(330, 700)
    made.show()
    return made


def test_a_knob_is_dragged_as_one_step_typed_and_reset(panel, qtbot):
    row = panel.knobs.knobs.rows["steps"]
    before = panel.session.code
    qtbot.mousePress(row.slider, LEFT, pos=on_slider(row.slider, 3))
    qtbot.mouseMove(row.slider, on_slider(row.slider, 5))
    qtbot.mouseMove(row.slider, on_slider(row.slider, 12))
    assert panel.session.moving
    qtbot.mouseRelease(row.slider, LEFT, pos=on_slider(row.slider, 12))
    assert not panel.session.moving
    assert panel.session.code.options == {"steps": 12.0}
    panel.session.undo()
    assert panel.session.code is before
    assert row.value == 8
    glow = panel.knobs.knobs.rows["glow"]
    glow.number.setFocus()
    glow.number.selectAll()
    qtbot.keyClicks(glow.number, "1.5")
    qtbot.keyClick(glow.number, Qt.Key.Key_Return)
    assert panel.session.code.options == {"glow": 1.5}
    qtbot.mouseClick(glow.reset, LEFT)
    assert panel.session.code == before


def test_noise_has_a_seed_and_no_sliders(panel, qtbot):
    row = panel.knobs.noises["noise"]
    panel.session.set_seed(40)
    assert row.seed.value() == 40
    kept = panel.session.code
    qtbot.mouseClick(row.fresh, LEFT)
    assert not np.array_equal(panel.session.code.values["noise"], kept.values["noise"])
    assert np.array_equal(panel.session.code.values["z"], kept.values["z"])
    fresh = row.seed.value()
    assert fresh not in (-1, 40)
    row.seed.setFocus()
    row.seed.selectAll()
    qtbot.keyClicks(row.seed, "7")
    qtbot.keyClick(row.seed, Qt.Key.Key_Return)
    assert np.array_equal(panel.session.code.values["noise"], panel.session.space.sample(7).values["noise"])
    panel.session.undo()
    assert row.seed.value() == fresh
    panel.session.undo()
    assert row.seed.value() == 40
    panel.session.set_lattice(2.5, 0.5)
    assert row.seed.text() == "own"
    assert not any(entry.key.startswith("noise") for entry in panel.rows.entries)


def test_new_noise_is_a_command_that_says_when_it_cannot(panel, tiny_models):
    (command,) = panel.commands()
    kept = panel.session.code
    assert command.enabled() is True
    command.run()
    assert panel.session.code != kept
    panel.session.select_model(str(tiny_models["tiny"]))
    assert "no noise" in command.enabled()
    assert panel.knobs.isHidden()


def test_named_codes_come_first(panel):
    assert [entry.label for entry in panel.rows.entries] == ["tilt", "girth", "z 1", "z 2", "z 3"]
    assert not panel.busy()  # nobody looks for principal directions of a model of many steps


def test_a_model_of_noise_alone_says_so(panel, made_up):
    from dataclasses import replace

    from backends.api import LatentSpace

    noise = LatentSpace(tuple(p for p in made_up.space.parts if p.name in ("noise", "label")))
    panel.session.add_model(replace(made_up, path="/noise", space=noise))
    panel.session.select_model("/noise")
    assert "noise" in panel.hint.text()
    assert panel.hint.isVisible()
    assert not panel.rows.isVisible()
    assert not panel.truncation_row.isVisible()
    assert panel.knobs.isVisible()
