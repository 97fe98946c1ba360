"""The Train panel as a lab: several runs beside each other, changes, notes, search, the queue. No process."""

import os
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QItemSelectionModel, QSettings, Qt

from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.train import TrainPanel
from explorer.panels.train_compare import shortened
from explorer.panels.train_list import fitting
from trainers import changes, queued, runs
from trainers.api import Command, Phase
from trainers.processes import birth
from trainers.registry import trainer
from trainers.runs import State

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def panel(qtbot, folder, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    services = Services(Session(), SimpleNamespace(), SimpleNamespace(), settings, Notices())
    made = TrainPanel(services)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append((what, advice)))
    services.notices.told.connect(made.told.append)
    made.show()
    qtbot.waitUntil(lambda: made.form.choices is not None)
    yield made
    made.trainings.close()
    assert made.problems == []


def a_run(name, phase=Phase.STOPPED, step=40, **given):
    """A run with curves and events; one that should be live has this process as its own."""
    settings = trainer("vae").INFO.settings.from_mapping({"steps": 100, **given})
    run = runs.create("vae", "digits", settings, name)
    for at in range(10, step + 1, 10):
        run.add_metrics(at, at * 6.0, {"loss": 100.0 / at, "kl": float(at)})
    run.add_event(20, "checkpoint")
    run.add_event(30, "warning", "The critic has won.")
    me = (os.getpid(), birth(os.getpid())) if phase.live else (0, 0.0)
    run.write_state(State(phase, step, 100, *me))
    return run


def listed(qtbot, panel, count):
    qtbot.waitUntil(lambda: panel.list.count() == count)


def select(qtbot, panel, *names):
    """Click the runs of these names, with Ctrl from the second on."""
    for number, name in enumerate(names):
        row = next(i for i in range(panel.list.count()) if panel.list.item(i).text().startswith(name))
        place = panel.list.visualItemRect(panel.list.item(row)).center()
        held = Qt.KeyboardModifier.ControlModifier if number else Qt.KeyboardModifier.NoModifier
        qtbot.mouseClick(panel.list.viewport(), LEFT, held, place)
    if len(names) == 1:
        qtbot.waitUntil(lambda: panel.view is not None and panel.view.detail is not None)
        qtbot.waitUntil(lambda: panel.view.detail.summary.title == names[0])


def test_events_are_marked_on_the_curves_and_tell(panel, qtbot):
    a_run("One")
    listed(qtbot, panel, 1)
    select(qtbot, panel, "One")
    curves = panel.view.curves
    assert [len(curves._ticks[kind].xvals) for kind in ("checkpoint", "warning")] == [1, 1]
    assert curves.mark_at(31, near=2).text == "The critic has won."
    assert curves.mark_at(35, near=2) is None
    qtbot.keyClick(curves.axis, Qt.Key.Key_Down)
    assert curves._ticks["warning"].xvals == [3.0]  # minutes
    qtbot.mouseClick(curves.events, LEFT, pos=curves.events.rect().center() / 4)
    assert not curves._ticks["warning"].isVisible()
    assert curves.mark_at(3, near=2) is None


def test_several_are_drawn_over_each_other_with_what_differs(panel, qtbot):
    a_run("One", latent=2)
    a_run("Two", latent=8, step=60)
    a_run("Three")
    listed(qtbot, panel, 3)
    select(qtbot, panel, "One", "Two")
    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.comparison)
    view = panel.comparison
    qtbot.waitUntil(lambda: list(view.curves.switches) == ["Two", "One"])
    assert len(view.curves._lines["Two"][1].xData) == 6
    rows = [view.table.verticalHeaderItem(row).text() for row in range(view.table.rowCount())]
    assert rows == ["stands", "loss", "kl", "latent"]
    assert [view.table.item(3, column).text() for column in (0, 1)] == ["8", "2"]
    assert view.chosen.currentText() == "loss"
    qtbot.keyClick(view.chosen, Qt.Key.Key_Down)
    assert view.curves._lines["One"][1].yData.tolist() == [10, 20, 30, 40]
    select(qtbot, panel, "Three")
    assert panel.pages.currentWidget() is panel.view


def test_notes_and_tags_are_kept_and_found(panel, qtbot):
    run, _other = a_run("One"), a_run("Two")
    listed(qtbot, panel, 2)
    select(qtbot, panel, "One")
    notes = panel.view.notes
    panel.view.tabs.setCurrentWidget(notes)
    qtbot.keyClicks(notes.tags, "#sharp keep")
    qtbot.keyClicks(notes.notes, "Sevens are fine.")
    select(qtbot, panel, "Two")  # before the pause is over
    qtbot.waitUntil(lambda: run.notes() == ("Sevens are fine.", ("sharp", "keep")))
    assert notes.notes.toPlainText() == ""
    qtbot.keyClicks(panel.search, "sevens sharp")
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    assert "#sharp" in panel.list.item(0).text()
    assert panel.pages.currentWidget() is panel.view
    panel.search.clear()
    assert panel.list.count() == 2


def test_a_setting_changes_at_the_next_start_and_a_rate_at_once(panel, qtbot):
    run = a_run("One")
    listed(qtbot, panel, 1)
    select(qtbot, panel, "One")
    page = panel.view.settings
    panel.view.tabs.setCurrentWidget(page)
    names = [page.which.itemData(row) for row in range(page.which.count())]
    assert names[0] == "learning_rate"
    assert "steps" in names
    assert "latent" not in names
    assert not page.apply.isEnabled()
    page.value.selectAll()
    qtbot.keyClicks(page.value, "fast")
    assert "must be a number" in page.reason.text()
    page.value.selectAll()
    qtbot.keyClicks(page.value, "0.002")
    qtbot.mouseClick(page.apply, LEFT)
    qtbot.waitUntil(lambda: [c["new"] for c in changes.of(run.asked())] == [0.002])
    qtbot.waitUntil(lambda: "learning_rate: 0.002" in page.facts.toPlainText())
    assert panel.told[-1] == "learning_rate: 0.001 → 0.002 when it goes on."

    run.write_state(State(Phase.TRAINING, 40, 100, os.getpid(), birth(os.getpid())))
    qtbot.waitUntil(lambda: page.which.findData("steps") < 0)
    page.value.selectAll()
    qtbot.keyClicks(page.value, "0.004")
    qtbot.keyClick(page.value, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: run.is_asked(Command.SET))
    assert run.take_requests()[0].values == {"learning_rate": 0.004}
    run.write_state(State())


def test_the_queue_from_the_form_and_by_its_buttons(panel, qtbot, folder):
    running = a_run("Running", Phase.TRAINING)
    first = a_run("First")
    listed(qtbot, panel, 2)
    panel.line.count.setFocus()
    qtbot.keyClick(panel.line.count, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: queued.at_once(folder) == 1)
    select(qtbot, panel, "First")
    buttons = panel.view.buttons
    qtbot.mouseClick(buttons["queue"], LEFT)
    qtbot.waitUntil(lambda: first.phase() is Phase.QUEUED)
    qtbot.waitUntil(lambda: buttons["stop"].text() == "Leave queue")
    assert buttons["continue"].text() == "Start now"
    assert buttons["queue"].toolTip() == "It is the next one."
    assert "holds the queue" in panel.line.waiting.text()

    qtbot.mouseClick(panel.new, LEFT)
    panel.form.family.setCurrentIndex(panel.form.family.findData("vae"))
    panel.form.kind.setCurrentIndex(panel.form.kind.findData("digits"))
    panel.form.name.setText("Second")
    qtbot.mouseClick(panel.form.queue, LEFT)
    listed(qtbot, panel, 3)
    qtbot.waitUntil(lambda: "waiting, number 2" in panel.list.item(0).text())
    select(qtbot, panel, "Second")
    qtbot.waitUntil(lambda: buttons["queue"].text() == "To the front")
    assert "number 2 in the queue" in panel.view.message.text()
    qtbot.mouseClick(buttons["queue"], LEFT)
    qtbot.waitUntil(lambda: [r.name for r in queued.waiting(folder)] == ["second", "first"])
    qtbot.mouseClick(buttons["stop"], LEFT)
    qtbot.waitUntil(lambda: [r.name for r in queued.waiting(folder)] == ["first"])
    queued.remove(first)
    running.write_state(State())


def test_the_button_says_what_is_done_to_one_that_does_not_answer(panel, qtbot):
    run = a_run("Deaf", Phase.TRAINING)
    listed(qtbot, panel, 1)
    select(qtbot, panel, "Deaf")
    panel.view.ending(run.folder, "Terminating…")
    assert panel.view.buttons["stop"].text() == "Terminating…"
    run.write_state(State(Phase.STOPPED, 40, 100))
    qtbot.waitUntil(lambda: panel.view.buttons["stop"].text() == "Stop")


def test_the_selection_stays_when_the_list_changes(panel, qtbot):
    a_run("One")
    a_run("Two")
    listed(qtbot, panel, 2)
    panel.list.selectAll()
    qtbot.waitUntil(lambda: len(panel._compared) == 2)
    a_run("Three")
    listed(qtbot, panel, 3)
    assert len(panel.list.selected()) == 2
    assert panel.pages.currentWidget() is panel.comparison
    panel.list.selectionModel().clear()
    panel.list.setCurrentRow(0, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert panel._selected is not None


def test_the_tab_fits_between_the_docks_of_a_small_window_and_its_buttons_stay(panel, qtbot):
    name = "A training with a name that is a good deal longer than any list is wide"
    run = a_run(name, Phase.TRAINING)
    other = a_run("Other")
    listed(qtbot, panel, 2)
    select(qtbot, panel, name, "Other")
    qtbot.waitUntil(lambda: panel.comparison is not None)
    panel.select(run.folder)
    qtbot.waitUntil(lambda: panel.view is not None and panel.view.detail is not None)
    assert panel.view.title.text() == name
    assert panel.minimumSizeHint().width() < 750  # what 1280 pixels leave
    panel.resize(750, 700)
    qtbot.waitUntil(lambda: panel.view.buttons["delete"].y() > 0)
    places = [button.geometry() for button in panel.view.buttons.values()]
    for phase in (Phase.STOPPED, Phase.FINISHED, Phase.QUEUED):
        run.write_state(State(phase, 100, 100))
        qtbot.waitUntil(lambda phase=phase: panel.view.detail.summary.phase is phase)
        panel.grab()
        assert [button.geometry() for button in panel.view.buttons.values()] == places
    assert other.phase() is Phase.STOPPED


def test_a_line_of_the_list_leaves_out_the_speed_first(panel):
    metrics, line = panel.list.fontMetrics(), "training · 5% · 10 h 24 min left · 53 images/s"
    wide = metrics.horizontalAdvance
    assert fitting(line, wide(line), metrics) == line
    assert fitting(line, wide(line) - 1, metrics) == "training · 5% · 10 h 24 min left"
    assert fitting(line, wide("5% · 10 h 24 min left"), metrics) == "5% · 10 h 24 min left"
    assert fitting("paused · 5%", 10, metrics) == "paused · 5%"
    assert shortened("A name that is nothing but long, number 17") == "A name that is nothing … number 17"
