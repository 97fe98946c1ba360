"""The Directions panel over a real model host, by real clicks and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from backends.api import Capability
from backends.native import describe, read_info, save
from backends.registry import families
from explorer.latent.directions import boundary
from explorer.latent.steering import whiten
from explorer.model.state import Direction, Favourite
from explorer.panels.directions import FRAMES, DirectionsPanel
from explorer.panels.directions_find import METHODS
from explorer.panels.directions_groups import FAVOURITES, GENERATED
from tests.hands import LEFT, choose, click, settle


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """An untrained classifier of ten classes."""
    import torch

    from backends.registry import families

    torch.manual_seed(2)
    model = families()["classifier"].build({"width": 4, "image_size": 16})
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    save(
        path, model, replace(describe(model, name="judge", family="classifier"), classes=tuple("0123456789"))
    )
    return read_info(path)


@pytest.fixture
def panel(services, qtbot, judge):
    models = [replace(m, classifier=judge.path) for m in services.session.models.values()]
    services.session.set_models([*models, judge])
    made = DirectionsPanel(services)
    qtbot.addWidget(made, before_close_func=lambda panel: (settle(panel, qtbot), panel.shut_down()))
    made.resize(900, 700)
    made.show()
    settle(made, qtbot)
    return made


def method(panel, qtbot, key):
    choose(panel.bar.how, qtbot, METHODS[key][0])
    settle(panel, qtbot)


def found_by(panel, qtbot, key):
    method(panel, qtbot, key)
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    return panel.candidates


def form(panel, qtbot, key, source):
    method(panel, qtbot, key)
    made = panel.bar.form
    choose(made.where, qtbot, made.where.itemText(made.where.findData(source)))
    return made


def row(panel, number, frame=FRAMES // 2):
    return panel.strips.cell(number * FRAMES + frame).center()


def test_an_empty_panel_says_what_to_do(panel):
    assert "Find" in panel.strips.hint
    assert not panel.keep_button.isEnabled()
    assert not panel.export_button.isEnabled()


@pytest.mark.parametrize("key", ["principal", "jacobian", "sefa", "ganspace"])
def test_directions_without_labels_become_strips(panel, qtbot, key):
    panel.session.select_model(next(m.path for m in panel.session.models.values() if m.name == "tiny-wide"))
    settle(panel, qtbot)
    found = found_by(panel, qtbot, key)
    assert 4 <= len(found) <= 12
    part = panel.session.space.main
    lengths = np.linalg.norm([whiten(part, c.direction.vector[None])[0] for c in found], axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)
    assert panel.codes.shape == (len(found), FRAMES, 40)
    middle = panel.session.space.pack(panel.session.code)
    np.testing.assert_allclose(panel.codes[:, FRAMES // 2], np.tile(middle, (len(found), 1)), atol=1e-6)
    np.testing.assert_allclose(panel.codes[1, -1], middle + 3 * found[1].direction.vector, atol=1e-5)
    assert "Beside each" in panel.said.text()
    assert len(panel.strips.row_titles) == len(found)


def test_directions_are_learnt_beside_the_window_and_can_be_stopped(panel, qtbot):
    method(panel, qtbot, "voynov")
    panel.finder.training.steps = 100_000
    grown = []
    panel.finder.grew.connect(lambda found, said: grown.append(found))
    click(qtbot, panel.bar.find_button)
    qtbot.waitUntil(lambda: bool(grown))
    assert "learning" in panel.said.text()
    assert [c.direction.name for c in panel.candidates] == [f"Voynov {i}" for i in range(1, 5)]
    assert panel.chosen == grown[0][0].direction.id
    click(qtbot, panel.waiting.button)
    settle(panel, qtbot)
    assert panel.said.text() == "Stopped."
    assert len(panel.candidates) == 4
    panel.finder.training.steps = 3
    found = found_by(panel, qtbot, "latentclr")
    assert panel.bar.layer == panel.bar.layers.count() // 2
    assert "chance 25%" in panel.said.text()
    assert {c.direction.name for c in found} == {f"LatentCLR {i}" for i in range(1, 5)}
    part = panel.session.space.main
    lengths = np.linalg.norm([whiten(part, c.direction.vector[None])[0] for c in found], axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


def test_a_direction_is_steered_named_kept_and_taken_back(panel, qtbot):
    found = found_by(panel, qtbot, "sefa")
    click(qtbot, panel.strips, row(panel, 1))
    assert panel.current is not None
    assert panel.current.direction.name == "SeFa 2"
    before = panel.session.code.values["z"]
    slider = panel.slider.slider
    at = slider.rect().center()
    qtbot.mousePress(slider, LEFT, pos=at)
    for x in range(at.x(), slider.width() - 10, 4):
        qtbot.mouseMove(slider, QPoint(x, at.y()))
    qtbot.mouseRelease(slider, LEFT, pos=QPoint(slider.width() - 10, at.y()))
    settle(panel, qtbot)
    moved = panel.session.code.values["z"] - before
    along = moved / np.linalg.norm(moved)
    assert abs(along @ found[1].direction.vector) == pytest.approx(1, abs=1e-4)
    panel.session.undo()  # the whole drag
    np.testing.assert_array_equal(panel.session.code.values["z"], before)
    panel.naming.setFocus()
    panel.naming.selectAll()
    qtbot.keyClicks(panel.naming, "slant")
    qtbot.keyClick(panel.naming, Qt.Key.Key_Return)
    click(qtbot, panel.keep_button)
    (kept,) = panel.session.state.directions
    assert kept.name == "slant"
    np.testing.assert_allclose(kept.vector, found[1].direction.vector)
    assert not panel.keep_button.isEnabled()
    panel.naming.setFocus()
    panel.naming.selectAll()
    qtbot.keyClicks(panel.naming, "tilt")
    qtbot.keyClick(panel.naming, Qt.Key.Key_Return)
    assert panel.session.state.directions[0].name == "tilt"
    click(qtbot, panel.remove_button)
    assert not panel.session.state.directions
    panel.session.undo()
    assert panel.session.state.directions


def test_held_directions_stay_while_others_move(panel, qtbot):
    path, z = panel.session.state.model, panel.session.space["z"]
    for name, vector in (("one", [1, 0, 0, 0]), ("both", [0.6, 0.8, 0, 0])):
        panel.session.add_direction(Direction(path, "z", np.array(vector, np.float32), name, "made up"))
    settle(panel, qtbot)
    click(qtbot, panel.strips, row(panel, 0))
    click(qtbot, panel.hold_button)
    settle(panel, qtbot)
    assert panel.strips.row_titles[0].startswith("held · one")
    step = panel.codes[1, -1] - panel.codes[1, FRAMES // 2]
    np.testing.assert_allclose(step, [0, 3, 0, 0], atol=1e-5)
    click(qtbot, panel.strips, row(panel, 1))
    before = panel.session.code.values["z"]
    panel.slider.number.setFocus()
    panel.slider.number.selectAll()
    qtbot.keyClicks(panel.slider.number, "2")
    qtbot.keyClick(panel.slider.number, Qt.Key.Key_Return)
    settle(panel, qtbot)
    after = panel.session.code.values["z"]
    assert after[0] == before[0]
    assert after[1] == pytest.approx(2, abs=1e-4)
    assert z.size == 4


def test_a_strip_becomes_the_walk_of_explore_and_a_picture_the_code(panel, qtbot, monkeypatch):
    found_by(panel, qtbot, "principal")
    click(qtbot, panel.strips, row(panel, 0))
    click(qtbot, panel.walk_button)
    path = panel.session.state.path
    assert (len(path.codes), path.steps, path.how) == (2, FRAMES, "linear")
    np.testing.assert_allclose(panel.session.space.pack(path.codes[1]), panel.codes[0, -1], atol=1e-6)
    wanted = panel.codes[0, 2].copy()
    at = row(panel, 0, 2)
    click(qtbot, panel.strips, at)
    qtbot.mouseDClick(panel.strips, LEFT, pos=at)
    np.testing.assert_allclose(panel.session.space.pack(panel.session.code), wanted, atol=1e-6)
    saved = []
    monkeypatch.setattr(panel.saver, "ask_and_save", lambda *args, **options: saved.append((args, options)))
    settle(panel, qtbot)
    click(qtbot, panel.export_button)
    assert saved[0][1]["columns"] == FRAMES
    panel.reach.setFocus()
    qtbot.keyClick(panel.reach, Qt.Key.Key_Up)
    settle(panel, qtbot)
    assert panel.strips.column_titles[-1] == "+3.5σ"


def test_class_means_of_generated_pictures(panel, qtbot):
    made = form(panel, qtbot, "means", GENERATED)
    made.number.setValue(200)
    assert made.plus.count() == 10
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    values = made.labelled.values[:, 0]
    common = int(np.bincount(values, minlength=10).argmax())
    choose(made.plus, qtbot, str(common))
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    inside = values == common
    if inside.all():
        assert "without" in panel.said.text()
        return
    z = made.labelled.codes
    by_means = z[inside].mean(0) - z[~inside].mean(0)
    vector = panel.candidates[0].direction.vector
    np.testing.assert_allclose(vector, by_means / np.linalg.norm(by_means), atol=1e-4)
    missing = int(np.bincount(values, minlength=10).argmin())
    if not (values == missing).any():
        choose(made.plus, qtbot, str(missing))
        click(qtbot, panel.bar.find_button)
        assert "No code is in the group" in panel.said.text()


def test_boundaries_paths_and_components_of_encoded_data(panel, qtbot):
    made = form(panel, qtbot, "svm", "data")
    made.spec.setFocus()
    made.spec.selectAll()
    qtbot.keyClicks(made.spec, "digits")
    made.number.setValue(600)
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    assert "choose the two groups" in panel.said.text()
    choose(made.plus, qtbot, "0")
    choose(made.minus, qtbot, "1")
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    labelled = made.labelled
    rows = np.isin(labelled.values[:, 0], (0, 1))
    by_hand = boundary.boundary(panel.session.space["z"], labelled.codes[rows], labelled.values[rows, 0] == 0)
    np.testing.assert_allclose(panel.candidates[0].direction.vector, by_hand.vector, atol=1e-4)
    assert panel.candidates[0].direction.validation == pytest.approx(by_hand.accuracy)
    assert by_hand.accuracy > 0.7  # even an untrained encoder sees the difference of a zero and a one
    bent, straight = found_by(panel, qtbot, "follow")
    assert bent.path.shape == (81, 4)
    np.testing.assert_allclose(bent.path[40], panel.session.code.values["z"], atol=1e-4)
    assert "Over 6 σ the decision value goes from" in panel.said.text()
    np.testing.assert_array_equal(panel.codes[0], bent.path[28:53:3])  # three deviations either way
    panel.reach.setValue(10.0)
    settle(panel, qtbot)
    np.testing.assert_array_equal(panel.codes[0], bent.path[::10])
    assert straight.path is None
    click(qtbot, panel.strips, row(panel, 0))
    click(qtbot, panel.walk_button)
    assert len(panel.session.state.path.codes) == FRAMES
    assert not made.plus.isHidden()
    method(panel, qtbot, "codes")
    assert made.plus.isHidden()
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    assert panel.candidates[0].direction.name == "Codes 1"
    made.spec.setText("nonsense")
    click(qtbot, panel.bar.find_button)
    qtbot.waitUntil(lambda: "nonsense" in panel.said.text())


def test_a_direction_between_favourites(panel, qtbot):
    made = form(panel, qtbot, "means", FAVOURITES)
    click(qtbot, panel.bar.find_button)
    assert "at least one favourite" in panel.said.text()
    for seed in (1, 2):
        code = panel.session.space.sample(seed)
        panel.session.add_favourite(
            Favourite(panel.session.state.model, code, np.zeros((8, 8, 3), np.uint8), f"{seed}")
        )
    made.plus_favourites.menu().actions()[0].trigger()
    made.minus_favourites.menu().actions()[1].trigger()
    assert made.plus_favourites.text() == "1 favourites"
    click(qtbot, panel.bar.find_button)
    settle(panel, qtbot)
    step = panel.session.space.sample(1).values["z"] - panel.session.space.sample(2).values["z"]
    vector = panel.candidates[0].direction.vector
    np.testing.assert_allclose(vector, step / np.linalg.norm(step), atol=1e-5)
    assert np.isnan(panel.candidates[0].direction.validation)


def test_without_a_classifier_or_an_encoder_the_button_says_why(panel, qtbot):
    wide = next(m for m in panel.session.models.values() if m.name == "tiny-wide")
    panel.session.add_model(replace(wide, classifier=""))
    panel.session.select_model(wide.path)
    form(panel, qtbot, "means", GENERATED)
    assert not panel.bar.find_button.isEnabled()
    assert "classifier" in panel.bar.find_button.toolTip()
    form(panel, qtbot, "svm", "data")
    assert "no encoder" in panel.bar.find_button.toolTip()
    assert not wide.can(Capability.ENCODES)
    method(panel, qtbot, "sefa")
    assert panel.bar.find_button.isEnabled()


def test_directions_lead_through_noise_where_there_is_nothing_else(panel, qtbot, tmp_path):
    model = families()["flow"].build({"image_size": 16, "hidden": 4, "flow_steps": 1})
    path = tmp_path / "stream.safetensors"
    save(path, model, replace(describe(model, name="stream", family="flow"), dataset="nothing"))
    panel.session.set_models([*panel.session.models.values(), read_info(path)])
    panel.session.select_model(str(path))
    settle(panel, qtbot)
    assert [panel.bar.which.itemText(i) for i in range(panel.bar.which.count())] == ["coarse", "fine"]
    found = found_by(panel, qtbot, "jacobian")
    assert len(found) == 12
    assert panel.codes.shape == (12, FRAMES, 256)
    click(qtbot, panel.keep_button)
    assert panel.session.state.directions[0].part == "coarse"


def test_commands_say_why_not(panel, qtbot):
    commands = {c.id: c for c in panel.commands()}
    assert commands["directions.find"].enabled() is True
    assert "first" in commands["directions.keep"].enabled()
    commands["directions.find"].run()
    settle(panel, qtbot)
    assert commands["directions.keep"].enabled() is True
