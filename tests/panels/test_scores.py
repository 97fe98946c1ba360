"""The Scores panel over a real model host and real jobs, by real clicks and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.panels.scores import HINT, ScoresPanel
from tests.hands import choose_file, click


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Images of a bright square whose place, size and shade are known."""
    rng = np.random.default_rng(0)
    labels = np.stack([rng.integers(n, size=300) for n in (4, 3, 3)], axis=1)
    images = np.zeros((300, 16, 16), np.uint8)
    for image, (x, size, shade) in zip(images, labels, strict=True):
        image[4 : 6 + 2 * size, 3 * x : 3 * x + 3 + 2 * size] = 85 * (shade + 1)
    path = tmp_path_factory.mktemp("squares") / "squares.npz"
    np.savez(path, images=images, labels=labels, factor_names=np.array(["place", "size", "shade"]))
    return path


@pytest.fixture
def panel(qtbot, services, archive):
    made = ScoresPanel(services)
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.problems = []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    made.bar.choose(made.bar.count, 500)
    made.bar.spec.setEditText(f"npz:{archive}")
    made.show()
    qtbot.waitExposed(made)
    return made


def measure(panel, qtbot):
    assert panel.bar.measure.isEnabled(), panel.bar.measure.toolTip()
    qtbot.mouseClick(panel.bar.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy())


def titles(panel):
    return [panel.table.item(row, 0).text() for row in range(panel.table.rowCount())]


def click_score(panel, qtbot, title):
    item = panel.table.item(titles(panel).index(title), 0)
    panel.table.scrollToItem(item)
    place = panel.table.visualItemRect(item).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_measured_shown_chosen_pointed_at_sorted_and_saved(panel, qtbot, tmp_path):
    assert panel.matrix.hint == HINT
    assert not panel.table.isVisible()
    measure(panel, qtbot)
    assert not panel.problems
    assert panel.matrix.columns == ("place", "size", "shade")
    assert panel.matrix.rows == ("z 1", "z 2", "z 3", "z 4")
    assert {"MIG", "SAP", "DCI disentanglement", "FactorVAE", "Probe accuracy"} <= set(titles(panel))
    assert panel.table.item(0, 2).toolTip().count("exact factors") == 1

    click_score(panel, qtbot, "FactorVAE")
    assert panel.sentence.text().startswith("Majority vote")
    assert "look at MIG too" in panel.sentence.text()
    assert panel.caption.text() == "Share of the votes of each factor"
    assert "standard deviation" in panel.sentence.text()  # an untrained model hardly tells images apart
    click_score(panel, qtbot, "BetaVAE")  # without a matrix of its own the one shown stays
    assert panel.caption.text() == "Share of the votes of each factor"
    assert panel.sentence.text().startswith("Accuracy of naming")
    click_score(panel, qtbot, "Probe accuracy")
    assert panel.matrix.rows == ("z",)

    click_score(panel, qtbot, "MIG")
    cell = panel.matrix.rect_of(2, 1)
    QTest.mouseMove(panel.matrix, cell.center() - QPoint(9, 3))
    QTest.mouseMove(panel.matrix, cell.center())
    QApplication.processEvents()
    value = f"{panel.matrix.values[2, 1]:.3f}"
    assert panel.caption.text().endswith(f"z 3 · size: {value}")
    assert panel.matrix.accessibleDescription() == f"z 3 · size: {value}"
    panel.matrix.setFocus()
    qtbot.keyClick(panel.matrix, Qt.Key.Key_Right)
    assert panel.matrix.cell == (2, 2)
    for _ in range(5):
        qtbot.keyClick(panel.matrix, Qt.Key.Key_Down)
    assert panel.matrix.cell == (3, 2)

    before = panel.matrix.values.copy()
    qtbot.mouseClick(panel.sorting, Qt.MouseButton.LeftButton, pos=QPoint(8, panel.sorting.height() // 2))
    assert panel.sorting.isChecked()
    best = panel.matrix.values.argmax(1)
    assert (np.diff(best) >= 0).all()
    np.testing.assert_allclose(np.sort(panel.matrix.values, axis=0), np.sort(before, axis=0))

    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    for name in ("scores.png", "scores.csv"):
        panel.ask_and_save(name[-4:])
        choose_file(panel, qtbot, tmp_path / name)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
    lines = (tmp_path / "scores.csv").read_text().splitlines()
    assert lines[0].startswith("score,value,low,high,ceiling,chance")
    assert "Mutual information / entropy of the factor,place,size,shade" in lines
    enabled = {command.id: command.enabled() for command in panel.commands()}
    assert enabled["scores.save_picture"] is True


def test_labels_alone_show_how_the_class_leaks(panel, qtbot):
    panel.bar.spec.setEditText("digits")
    measure(panel, qtbot)
    assert panel.matrix.columns == ("class",)
    assert {"MIG", "Probe accuracy", "Explicitness"} <= set(titles(panel))
    assert "Modularity" not in titles(panel)
    assert "need at least two" in panel.sentence.text()

    cloud = panel._cloud[1]
    measure(panel, qtbot)
    assert panel._cloud[1] is cloud  # encoded once


def test_scores_can_be_given_up_and_measured_again(panel, qtbot):
    qtbot.mouseClick(panel.bar.measure, Qt.MouseButton.LeftButton)
    assert panel.busy()
    qtbot.waitUntil(panel.waiting.isVisible)
    qtbot.mouseClick(panel.waiting.button, Qt.MouseButton.LeftButton)
    assert not panel.busy()
    assert panel.sentence.text() == "Given up."
    assert panel.report is None
    measure(panel, qtbot)
    assert panel.report is not None


def test_wrong_data_are_one_sentence(panel, qtbot):
    for spec, said in (("", "No data are chosen"), ("npz:/nowhere.npz", "There is no file at /nowhere.npz")):
        panel.bar.spec.setEditText(spec)
        measure(panel, qtbot)
        assert panel.problems.pop().startswith(said)
        assert panel.report is None


def test_a_model_without_encoder_says_why_not(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    assert not panel.bar.measure.isEnabled()
    assert "no encoder" in panel.bar.measure.toolTip()
    assert "no encoder" in panel.matrix.hint
    enabled = {command.id: command.enabled() for command in panel.commands()}
    assert "no encoder" in enabled["scores.measure"]
    assert enabled["scores.save_table"] == "Measure scores first."
    assert enabled["scores.cancel"] == "No scores are being measured."


def test_a_file_is_chosen(panel, qtbot, archive):
    panel.bar.spec.setEditText("")
    click(qtbot, panel.bar.opening)
    choose_file(panel, qtbot, archive)
    assert panel.bar.spec.currentText() == f"npz:{archive}"


def test_data_sets_that_are_here_are_listed(panel, qtbot):
    box = panel.bar.spec
    assert [box.itemText(i) for i in range(box.count())] == ["dsprites", "digits"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    described = Qt.ItemDataRole.ToolTipRole
    qtbot.waitUntil(lambda: bool(box.itemData(box.findText("dsprites"), described)))
    box.hidePopup()
    assert len({box.itemText(i) for i in range(box.count())}) == box.count()
    assert panel.bar.spec.currentText().startswith("npz:")


def test_choices_are_found_again(panel, services, qtbot):
    panel.bar.seed.setValue(7)
    panel.bar.choose(panel.bar.effort, "full")
    panel.bar.spec.show_spec("dsprites:32", typed=True)
    panel.sorting.setChecked(True)
    other = ScoresPanel(services)
    qtbot.addWidget(other)
    other.restore_settings(panel.settings_to_save())
    assert other.settings_to_save() == panel.settings_to_save()
    other.restore_settings({"preset": "huge", "seed": "x", "count": [], "spec": 3, "sorted": "yes"})
    assert other.settings_to_save() == panel.settings_to_save()
