"""The Map panel over a real model host and real jobs, by real clicks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from backends.native import describe, read_info, save
from explorer.panels.map import MapPanel

SLOW_MS = 120_000  # the first torch of a busy machine


@pytest.fixture
def panel(qtbot, services):
    made = MapPanel(services)
    qtbot.addWidget(made)
    made.resize(820, 620)
    made.problems = []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    made.bar.choose(made.bar.method, "pca")
    made.bar.choose(made.bar.count, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """An untrained classifier of the tiny models' pictures."""
    import torch

    from backends.registry import families

    torch.manual_seed(0)
    config = {"width": 4, "image_size": 16, "classes": 3}
    model = families()["classifier"].build(config)
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    save(path, model, replace(describe(model, name="judge", family="classifier"), classes=("a", "b", "c")))
    return read_info(path)


def press(qtbot, button):
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def make(panel, qtbot):
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: not panel.busy(), timeout=SLOW_MS)
    assert not panel.problems


def point(panel, row):
    return panel.scatter.pixel_of(row).toPoint()


def click_point(panel, qtbot, row, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(panel.scatter.viewport(), Qt.MouseButton.LeftButton, modifier, point(panel, row))


def far_apart(panel):
    """Two rows at the ends of the map, which no other point covers."""
    x = panel.map.positions[:, 0]
    return int(x.argmin()), int(x.argmax())


def marked(panel):
    x, y = panel.scatter._current.getData()
    return np.array([x[0], y[0]]) if len(x) else None


def test_a_map_to_hover_and_to_travel_on(panel, qtbot):
    make(panel, qtbot)
    assert panel.map.positions.shape == (500, 2)
    assert "Trustworthiness" in panel.quality.text.text()
    assert not panel.waiting.isVisible()
    row, _ = far_apart(panel)

    QTest.mouseMove(panel.scatter.viewport(), point(panel, row) - QPoint(40, 40))
    QTest.mouseMove(panel.scatter.viewport(), point(panel, row))
    QApplication.processEvents()
    assert panel.card.isVisible()
    np.testing.assert_array_equal(panel.card.view.array, panel.map.cloud.images[row])

    before = marked(panel)
    click_point(panel, qtbot, row)
    np.testing.assert_array_equal(panel.session.code.values["z"], panel.map.cloud.codes[row])
    after = marked(panel)
    spread = np.ptp(panel.map.positions, axis=0).max()
    assert np.linalg.norm(after - panel.map.positions[row]) < spread / 4
    assert not np.array_equal(before, after)
    panel.session.undo()
    np.testing.assert_allclose(marked(panel), before)


def test_two_clicks_with_shift_are_a_walk(panel, qtbot):
    make(panel, qtbot)
    first, last = far_apart(panel)
    click_point(panel, qtbot, first, Qt.KeyboardModifier.ShiftModifier)
    assert not panel.session.state.path.codes
    click_point(panel, qtbot, last, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: panel.strip.isVisible() and not panel.busy(), timeout=SLOW_MS)
    path = panel.session.state.path
    np.testing.assert_array_equal(path.codes[0].values["z"], panel.map.cloud.codes[first])
    np.testing.assert_array_equal(path.codes[1].values["z"], panel.map.cloud.codes[last])
    assert len(panel.strip.arrays) == 11
    assert len(panel.scatter._path.getData()[0]) == 11

    qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=panel.strip.cell(5).center())
    np.testing.assert_allclose(panel.session.code.values["z"], panel.strip.codes[5])


def test_classes_of_a_conditional_model_can_be_switched_off(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-label"]))
    make(panel, qtbot)
    assert panel.bar.colour.currentText() == "Class"
    assert panel.legend.list.count() == 10
    assert sum(panel.colouring.counts()) == 500
    bare = panel.scatter.grab().toImage()
    rect = panel.legend.list.visualItemRect(panel.legend.list.item(3))
    spot = QPoint(rect.left() + 9, rect.center().y())
    qtbot.mouseClick(panel.legend.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert panel.legend.hidden == {3}
    assert panel.scatter.grab().toImage() != bare


def test_colours_by_a_dimension_have_a_scale(panel, qtbot):
    make(panel, qtbot)
    box = panel.bar.colour
    box.setCurrentIndex(box.findText("z 1"))
    box.activated.emit(box.currentIndex())
    assert panel.legend.currentWidget() is panel.legend.scale
    np.testing.assert_allclose(panel.colouring.values, panel.map.cloud.codes[:, 1], rtol=1e-5)


def test_a_data_set_is_encoded(panel, qtbot):
    panel.bar.choose(panel.bar.source, "data")
    assert panel.bar.spec.isVisible()
    panel.bar.spec.setEditText("digits")
    make(panel, qtbot)
    assert panel.map.cloud.classes == tuple("0123456789")
    assert panel.bar.colour.currentText() == "Class"
    assert panel.map.cloud.images[0].shape == (16, 16, 1)


def test_a_wrong_data_set_is_one_sentence(panel, qtbot):
    panel.bar.choose(panel.bar.source, "data")
    panel.bar.spec.setEditText("folder:/nowhere")
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: not panel.busy(), timeout=SLOW_MS)
    assert panel.problems[0].startswith("There is no folder at /nowhere")
    assert panel.map is None


def test_features_of_the_images_by_a_classifier(panel, qtbot, classifier, tiny_models):
    info = replace(
        panel.session.models[str(tiny_models["tiny"])], classifier=classifier.path, checksum="other"
    )
    panel.session.set_models([info, classifier])
    panel.bar.choose(panel.bar.source, "features")
    make(panel, qtbot)
    assert panel.map.cloud.points.shape[1] != panel.session.space.size
    assert panel.map.cloud.classes == ("a", "b", "c")
    assert panel.bar.colour.findText("Classifier's confidence") > 0
    qtbot.waitUntil(lambda: marked(panel) is not None, timeout=SLOW_MS)


def test_codes_of_many_dimensions_are_called_noise(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    make(panel, qtbot)
    assert "mostly noise" in panel.quality.text.text()
    assert not panel.quality.better.isVisible()  # it has neither classifier nor encoder


def test_noise_with_an_encoder_offers_encoded_data(panel, qtbot):
    panel.quality.better_asked.connect(lambda source: asked.append(source))
    asked: list[str] = []
    make(panel, qtbot)
    assert panel._better(panel.map) == ("data", "Map encoded data")


def test_a_map_can_be_given_up(panel, qtbot):
    press(qtbot, panel.bar.make)
    assert panel.busy()
    panel.cancel()
    assert not panel.busy()
    assert panel.quality.text.text() == "Given up."
    make(panel, qtbot)  # and made again


def test_another_layout_of_the_same_codes_asks_for_no_new_ones(panel, qtbot):
    make(panel, qtbot)
    cloud = panel.map.cloud
    panel.bar.choose(panel.bar.method, "umap")
    make(panel, qtbot)
    assert panel.map.cloud is cloud
    assert panel.map.method == "umap"


def test_another_model_clears_the_map_and_says_what_it_lacks(panel, qtbot, tiny_models):
    make(panel, qtbot)
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    assert panel.map is None
    assert not panel.bar.save.isEnabled()
    entry = panel.bar.source.model().item(2)
    assert not entry.isEnabled()
    assert "no encoder" in entry.toolTip()


def test_the_map_is_saved(panel, qtbot, tmp_path):
    make(panel, qtbot)
    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    for name in ("map.png", "map.csv"):
        panel.save_map(tmp_path / name)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=SLOW_MS)
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 501
    assert (tmp_path / "map.png").stat().st_size > 5000


def test_choices_are_found_again(panel, services, qtbot):
    panel.bar.seed.setValue(7)
    panel.bar.choose(panel.bar.source, "data")
    panel.bar.spec.setEditText("digits")
    other = MapPanel(services)
    qtbot.addWidget(other)
    other.restore_settings(panel.settings_to_save())
    assert other.settings_to_save() == panel.settings_to_save()
    other.restore_settings({"method": "som", "seed": "x", "count": [], "spec": 3})
    assert other.settings_to_save() == panel.settings_to_save()


def test_commands_say_why_not(panel):
    enabled = {command.id: command.enabled() for command in panel.commands()}
    assert enabled["map.make"] is True
    assert enabled["map.save_picture"] == "Make a map first."
