"""The Anomalies panel over a real model host and real jobs, by real clicks and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from backends.api import Reply
from explorer.panels.anomalies import AnomaliesPanel
from explorer.panels.anomalies_find import HINT
from explorer.panels.anomalies_worst import COLUMNS
from explorer.widgets.chart_view import ChartView
from tests.hands import choose_file, click


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Images unlike any digit."""
    path = tmp_path_factory.mktemp("noise") / "noise.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (49, 16, 16), np.uint8))
    return f"npz:{path}"


@pytest.fixture
def panel(qtbot, services):
    made = AnomaliesPanel(services)
    qtbot.addWidget(made)
    made.resize(860, 760)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    services.notices.told.connect(made.told.append)
    made.search.bar.count.setCurrentIndex(0)
    made.show()
    yield made
    made.shut_down()


def typed(qtbot, line, text):
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def settled(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.busy())


def find(panel, qtbot, spec="digits", normal="", against=""):
    bar = panel.search.bar
    for line, text in ((bar.spec.line, spec), (bar.normal, normal), (bar.against.line, against)):
        line.clear()
        typed(qtbot, line, text)
    click(qtbot, bar.button)
    settled(panel, qtbot)


def click_worst(panel, qtbot, cell):
    grid = panel.search.worst.grid
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(cell).center())


def test_from_proposed_classes_to_saved_pictures(panel, qtbot, tiny_models, noise, tmp_path):
    """One process for all of it: scikit-learn takes seconds to load."""
    assert panel.search.sentence.text() == HINT
    assert not panel.search.threshold.isEnabled()
    _a_model_proposes_its_classes(panel, tiny_models)
    _found_and_chosen(panel, qtbot, noise)
    _saved(panel, qtbot, tmp_path)
    _classes_wrong_choices_and_giving_up(panel, qtbot, noise)
    _another_model_clears_what_was_found(panel, tiny_models)


def _found_and_chosen(panel, qtbot, noise):
    page = panel.search
    find(panel, qtbot, against=noise)
    assert not panel.problems
    case = page.case
    assert case.images.shape == (228, 16, 16, 1)
    assert (case.verdict.normal, case.verdict.anomalies) == (179, 49)
    assert page.sentence.text().startswith("ROC area ")
    histogram, curve = page.charts.histogram, page.charts.curve
    np.testing.assert_allclose(histogram.normal.getData()[1], case.verdict.bars[0])
    np.testing.assert_allclose(curve.curve.getData()[1], case.verdict.roc.caught)

    # the threshold, by keys and by the line
    page.threshold.setFocus()
    qtbot.keyClick(page.threshold, Qt.Key.Key_Home)
    assert page.caught.text().endswith("100% caught, 100% false alarms")
    qtbot.keyClick(page.threshold, Qt.Key.Key_PageUp)
    place = curve.place.getData()
    assert (place[0][0], place[1][0]) == case.at(float(histogram.threshold.value()))
    middle = float(case.verdict.edges[[0, -1]].mean())
    histogram.threshold.setValue(middle)
    histogram.threshold.sigDragged.emit(histogram.threshold)
    assert page.threshold.value() == page.threshold.maximum() // 2

    # a picture's code becomes current, its copy stands beside it
    np.testing.assert_array_equal(page.worst.image.array, case.images[case.verdict.alarms[0]])
    click_worst(panel, qtbot, COLUMNS + 1)
    row = int(case.verdict.alarms[1])
    np.testing.assert_array_equal(panel.session.code.values["z"], case.codes[row])
    np.testing.assert_array_equal(page.worst.image.array, case.images[row])
    np.testing.assert_array_equal(page.worst.copy.array, case.again[row])
    assert page.worst.text.text() == case.caption(row)
    assert panel.session.undo_label == f"Image {row} of digits"
    qtbot.keyClick(page.worst.grid, Qt.Key.Key_Down)
    missed = int(case.verdict.missed[1])
    np.testing.assert_array_equal(panel.session.code.values["z"], case.codes[missed])


def _saved(panel, qtbot, tmp_path):
    page = panel.search
    for name in ("a.png", "a.csv"):
        page.ask_and_save(name[-4:])
        choose_file(panel, qtbot, tmp_path / name)
    qtbot.waitUntil(lambda: len(panel.told) == 2)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 229


def _a_model_proposes_its_classes(panel, tiny_models):
    session, bar = panel.session, panel.search.bar
    part = replace(session.model, path="part", dataset="Digits of scikit-learn (1, 2)", classes=("1", "2"))
    session.add_model(part)
    session.select_model("part")
    assert (bar.spec.text, bar.normal.text(), bar.against.text) == ("digits", "1,2", "")
    session.select_model(str(tiny_models["tiny"]))


def _classes_wrong_choices_and_giving_up(panel, qtbot, noise):
    find(panel, qtbot, normal="0-4")
    kinds = {name for name, _, _ in panel.search.case.verdict.groups}
    assert kinds <= set("56789")
    assert "By class: " in panel.search.sentence.text()
    for words, said in (
        (("", "", noise), "No data are chosen"),
        (("digits", "0-11", ""), "There is no class"),
        (("digits", "", ""), "All classes of digits are taken for normal"),
    ):
        find(panel, qtbot, *words)
        assert panel.problems.pop().startswith(said)
        assert panel.search.case is not None  # what was found stays
    find(panel, qtbot, normal="3", against="")
    click(qtbot, panel.search.bar.button)
    panel.search.waiting.cancel()
    assert panel.search.sentence.text() == "Given up."
    assert not panel.busy()


def _another_model_clears_what_was_found(panel, tiny_models):
    bar = panel.search.bar
    assert panel.search.case is not None
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    assert panel.search.case is None
    assert not bar.button.isEnabled()
    assert "no encoder" in bar.button.toolTip()
    assert bar.spec.text == "digits"  # typed
    enabled = {command.id: command.enabled() for command in panel.commands()}
    assert "no encoder" in enabled["anomalies.find"]
    assert enabled["anomalies.save_picture"] == "Find anomalies first."
    assert enabled["anomalies.save_curve"] == "Measure with few labels first."
    assert enabled["anomalies.cancel"] == "Nothing is under way."


def test_a_likelihood_scores_where_there_is_no_encoder(qtbot, rich, noise):
    panel = AnomaliesPanel(rich)
    qtbot.addWidget(panel)
    panel.resize(860, 760)
    panel.show()
    bar = panel.search.bar
    assert [bar.how.itemData(i) for i in range(bar.how.count())] == ["likelihood"]
    find(panel, qtbot, against=noise)
    case = panel.search.case
    assert case.asked.how == "likelihood"
    assert case.scores.max() > 0
    assert case.codes is None
    click_worst(panel, qtbot, 0)
    assert "no encoder" in panel.search.worst.text.text()
    assert panel.search.worst.copy.array is None
    assert not panel.labels.measure_button.isEnabled()
    panel.shut_down()


def test_what_comes_is_drawn_and_choices_are_found_again(panel, qtbot):
    """Without the process, which takes seconds to load torch."""
    page = panel.labels
    panel.pages.setCurrentWidget(page)
    qtbot.waitUntil(lambda: page.charts is not None)
    page.of = panel.session.model
    rows = np.array([(0, 10, 0, 0.5), (0, 10, 1, 0.7), (2, 10, 0, 0.3)])
    page._on_rows(Reply(1, "partial", {}, {"rows": rows}))
    np.testing.assert_allclose(page.charts.lines["linear"].getData(), [[1.0], [0.6]])
    np.testing.assert_allclose(page.charts.bands["linear"][0].getData()[1], 0.6 - 0.2 / 2**0.5)
    assert page.charts.lines["tuned"].getData()[0] is None
    page._on_done(Reply(1, "result", {"notes": ["A note."]}, {"rows": rows}))
    assert page.sentence.text() == (
        "With 10 labels: 60.0% linear reading, 30.0% from scratch; from scratch none of these is enough. "
        "A note."
    )
    typed(qtbot, page.labels, "10,20")
    kept = panel.settings_to_save()
    page.labels.clear()
    panel.restore_settings(kept)
    assert panel.settings_to_save() == kept
    panel.restore_settings({"page": 9, "find": 3, "labels": {"draws": "x", "ways": 1, "labels": None}})
    assert panel.settings_to_save() == kept


@pytest.mark.slow
def test_few_labels_are_drawn_while_they_are_measured(panel, qtbot, tmp_path):
    page = panel.labels
    panel.pages.setCurrentWidget(page)
    typed(qtbot, page.spec.line, "digits")
    typed(qtbot, page.labels, "none")
    click(qtbot, page.measure_button)
    assert "no numbers of labels" in panel.problems.pop()
    typed(qtbot, page.labels, "20,40")
    page.draws.setValue(1)
    page.ways["tuned"].setFocus()
    qtbot.keyClick(page.ways["tuned"], Qt.Key.Key_Space)
    click(qtbot, page.measure_button)
    qtbot.waitUntil(lambda: len(page.rows) > 0)
    settled(panel, qtbot)
    assert not panel.problems
    assert page.rows[:, :3].tolist() == [[0, 20, 0], [2, 20, 0], [0, 40, 0], [2, 40, 0]]
    x, y = page.charts.lines["linear"].getData()
    np.testing.assert_allclose(x, np.log10([20, 40]))
    np.testing.assert_allclose(y, page.rows[page.rows[:, 0] == 0, 3])
    assert page.sentence.text().startswith("With 20 labels: ")
    page.ask_and_save(".png")
    choose_file(panel, qtbot, tmp_path / "c.png")
    qtbot.waitUntil(lambda: panel.told == ["Saved c.png"])
    assert (tmp_path / "c.png").exists()
    click(qtbot, page.measure_button)
    page.waiting.cancel()
    assert not panel.busy()
    assert page.sentence.text().startswith("Stopped.")


def test_charts_follow_the_theme(qtbot):
    chart = ChartView("a chart", "x", "y")
    qtbot.addWidget(chart)
    palette = chart.palette()
    palette.setColor(palette.ColorRole.Base, Qt.GlobalColor.black)
    chart.setPalette(palette)
    assert chart.plot.backgroundBrush().color() == Qt.GlobalColor.black
