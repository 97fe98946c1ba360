"""Sweeps in the Train panel: made by hand, followed in table and plot, exported. No process is started."""

import csv

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication

from explorer.model.sweep_table import SweepReader, sweeps_among
from tests.hands import choose_file
from tests.panels.test_train_lab import LEFT, folder, listed, panel, select
from trainers import queued, runs, sweeps
from trainers.api import Phase
from trainers.registry import trainer
from trainers.runs import State

__all__ = ["folder", "panel"]


def swept(name="s", count=3, measured=True):
    """A sweep as the verb makes it, its runs stopped with curves."""
    kind = trainer("vae").INFO.settings
    found = []
    for number in range(1, count + 1):
        settings = kind.from_mapping({"steps": 100, "latent": 2**number, "learning_rate": 10.0**-number})
        run = runs.create("vae", "digits", settings, f"{name}-{number}", sweep=name,
                          varied=["latent", "learning_rate"])  # fmt: skip
        for step in range(10, 110, 10) if measured else ():
            run.add_metrics(step, step * 1.0, {"loss": 100.0 * number - step, "kl": float(number)})
        run.write_state(State(Phase.FINISHED if measured else Phase.STOPPED, 100 if measured else 0, 100))
        found.append(run)
    return found


def shown(qtbot, panel, name="s", rows=3):
    qtbot.waitUntil(lambda: name in panel.sweeps.known)
    action = next(a for a in panel.sweeps.menu.actions() if a.text().startswith(name))
    action.trigger()
    page = panel.sweeps.page
    qtbot.waitUntil(lambda: len(page.data.rows) == rows)
    assert panel.pages.currentWidget() is page
    return page


def column(page, name):
    texts = [page.model.headerData(i, Qt.Orientation.Horizontal) for i in range(page.model.columnCount())]
    return texts.index(name)


def texts(page, name):
    at = column(page, name)
    return [page.model.index(row, at).data() for row in range(page.model.rowCount())]


def click_heading(qtbot, page, name):
    head = page.table.horizontalHeader()
    at = column(page, name)
    place = QPoint(head.sectionViewportPosition(at) + head.sectionSize(at) // 2, head.height() // 2)
    qtbot.mouseClick(head.viewport(), LEFT, pos=place)


def click_row(qtbot, page, row):
    place = page.table.visualRect(page.model.index(row, 0)).center()
    qtbot.mouseClick(page.table.viewport(), LEFT, pos=place)


def test_a_sweep_of_the_verb_is_shown_sorted_ranged_coloured_and_written(panel, qtbot, tmp_path):
    swept()
    page = shown(qtbot, panel)
    assert "3 runs, 3 finished" in page.title.text()
    assert texts(page, "latent") == ["2", "4", "8"]
    assert texts(page, "loss") == ["0", "100", "200"]  # the last of ten measurements
    assert [axis.name for axis in page.plot.axes] == ["latent", "learning_rate", "loss", "kl"]
    click_heading(qtbot, page, "loss")
    click_heading(qtbot, page, "loss")
    assert texts(page, "loss") == ["200", "100", "0"]

    plot = page.plot
    x, top, low = round(plot.x_of(2)), round(plot.y_of(1.0)), round(plot.y_of(0.4))
    qtbot.mousePress(plot, LEFT, pos=QPoint(x, top))
    qtbot.mouseMove(plot, QPoint(x, low))
    qtbot.mouseRelease(plot, LEFT, pos=QPoint(x, low))
    assert texts(page, "run") == ["s-3", "s-2"]
    assert page.csv().splitlines()[0] == "run,phase,latent,learning_rate,loss,kl"
    assert [row["run"] for row in csv.DictReader(page.csv().splitlines())] == ["s-3", "s-2"]
    qtbot.mouseClick(page.clear, LEFT)
    assert len(texts(page, "run")) == 3
    assert not page.clear.isEnabled()

    page.colour.setFocus()
    qtbot.keyClick(page.colour, Qt.Key.Key_Down)
    assert page.colour.currentText() == "kl"
    assert plot.axes[plot.coloured].name == "kl"
    next(a for a in page.menu.actions() if a.text() == "loss").trigger()
    assert [axis.name for axis in plot.axes] == ["latent", "learning_rate", "kl"]
    next(a for a in page.menu.actions() if a.text() == "kl").trigger()
    assert [axis.name for axis in plot.axes] == ["latent", "learning_rate", "kl"]  # it gives the colours

    page.export.click()
    choose_file(page, qtbot, tmp_path / "t.csv")
    qtbot.waitUntil(lambda: panel.told[-1:] == ["Wrote t.csv."])
    with (tmp_path / "t.csv").open() as file:
        assert [row["latent"] for row in csv.DictReader(file)] == ["8", "4", "2"]


def test_pointing_goes_both_ways_and_a_click_selects_the_run(panel, qtbot):
    made = swept()
    page = shown(qtbot, panel)
    plot = page.plot
    middle = (plot.x_of(2) + plot.x_of(3)) / 2
    ends = (plot._places[1][2] + plot._places[1][3]) / 2
    qtbot.mouseMove(plot, QPoint(round(middle), round(plot.y_of(ends))))
    tint = Qt.ItemDataRole.BackgroundRole
    assert [page.model.data(page.model.index(row, 0), tint) is not None for row in range(3)] == [
        False, True, False]  # fmt: skip
    click_row(qtbot, page, 2)
    assert panel.list.selected() == [made[2].folder]
    assert panel.pages.currentWidget() is page
    qtbot.waitUntil(lambda: panel.view is not None and panel.view.detail is not None)
    assert panel.pages.currentWidget() is page
    assert panel.view.detail.summary.folder == made[2].folder
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert panel.pages.currentWidget() is panel.view
    assert panel.view.sweep.isVisible()
    qtbot.mouseClick(panel.view.sweep, LEFT)
    assert panel.pages.currentWidget() is page
    listed(qtbot, panel, 3)
    select(qtbot, panel, "s-1")
    assert panel.pages.currentWidget() is panel.view


def test_what_is_measured_later_is_shown_without_losing_the_place(panel, qtbot):
    made = swept(measured=False)
    page = shown(qtbot, panel)
    click_row(qtbot, page, 1)
    made[1].add_metrics(10, 1.0, {"loss": 5.0})
    made[1].write_state(State(Phase.STOPPED, 10, 100))
    qtbot.waitUntil(lambda: "loss" in page.data.measured)
    assert texts(page, "loss") == ["", "5", ""]
    assert page.selected() == made[1].folder


def test_a_sweep_is_made_from_the_form(panel, qtbot, folder, monkeypatch):
    monkeypatch.setattr(queued, "start_next", lambda folder=None: [])
    panel.form.family.setCurrentIndex(panel.form.family.findData("vae"))
    panel.form.kind.setCurrentIndex(panel.form.kind.findData("digits"))
    panel.form.form.rows["steps"].set_value("50")
    qtbot.mouseClick(panel.form.sweep, LEFT)
    dialog = panel.sweeps.dialog
    dialog.name.setText("mine")
    first = dialog.rows[0]
    assert first.name == "latent"
    assert not dialog.start.isEnabled()
    qtbot.keyClicks(first.values, "0, 4")
    qtbot.waitUntil(lambda: "at least 1" in dialog.said.text())
    first.values.clear()
    qtbot.keyClicks(first.values, "2, 4")
    qtbot.mouseClick(dialog.more, LEFT)
    second = dialog.rows[1]
    second.choose("learning_rate")
    second.way.setFocus()
    qtbot.keyClick(second.way, Qt.Key.Key_End)
    qtbot.keyClicks(second.values, "1e-4..1e-2")
    dialog.count.setFocus()
    dialog.count.selectAll()
    qtbot.keyClicks(dialog.count, "3")
    qtbot.waitUntil(lambda: dialog.start.text() == "Add 6 runs to the queue")
    assert dialog.said.text() == "6 runs of 50 steps each."
    assert len(dialog.preview.toPlainText().splitlines()) == 6
    qtbot.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: len(panel.sweeps.page.data.rows) == 6)
    assert panel.pages.currentWidget() is panel.sweeps.page
    found = sweeps.of("mine")
    assert [run.asked()["settings"]["latent"] for run in found] == [2, 2, 2, 4, 4, 4]
    assert all(1e-4 <= run.asked()["settings"]["learning_rate"] <= 1e-2 for run in found)
    assert sweeps.varied_in(found) == ["latent", "learning_rate"]
    assert all(run.phase() is Phase.QUEUED for run in found)


def test_what_cannot_be_swept_is_said(panel, qtbot):
    swept("mine")
    listed(qtbot, panel, 3)
    panel.form.family.setCurrentIndex(panel.form.family.findData("vae"))
    panel.form.kind.setCurrentIndex(panel.form.kind.findData("digits"))
    panel.ask_sweep()
    dialog = panel.sweeps.dialog

    def said(words):
        qtbot.waitUntil(lambda: words in dialog.said.text())
        assert not dialog.start.isEnabled()

    said("no list of values")
    dialog.rows[0].values.setText("2,4")
    dialog.name.setText("mine")
    said("of this name already")
    dialog.name.setText("other")
    dialog.add_row()
    dialog.rows[1].choose("latent")
    said("there twice")
    qtbot.mouseClick(dialog.rows[1].away, LEFT)
    qtbot.waitUntil(dialog.start.isEnabled)
    dialog.rows[0].choose("body")
    assert dialog.rows[0].text == "conv, mlp"
    assert dialog.rows[0].way.count() == 1  # words are not drawn from a range
    dialog._judge()
    dialog.reject()  # while the other thread still counts
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    counted = []
    panel.trainings.do(lambda: 1, counted.append)
    qtbot.waitUntil(lambda: bool(counted))


def test_reading_a_sweep_again_opens_only_what_changed(folder, monkeypatch):
    from explorer.model.runs import RunsReader

    made = swept()
    reader, every = SweepReader("s"), RunsReader(folder)
    table = reader.read(every.read())
    assert sweeps_among(every.read()) == {"s": 3}
    assert [row.settings["latent"] for row in table.rows] == [2, 4, 8]
    opened = []
    monkeypatch.setattr(
        "explorer.model.sweep_table.outcome", lambda run: opened.append(run.name) or {"loss": 1.0}
    )
    assert reader.read(every.read()) is None
    made[0].write_state(State(Phase.STOPPED, 90, 100))
    assert reader.read(every.read()).rows[0].outcome == {"loss": 1.0}
    assert opened == ["s-1"]
    every.close()
