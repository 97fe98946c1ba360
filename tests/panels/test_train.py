"""The Train panel with real trainings of scikit-learn's digits, driven by real clicks."""

import os
import signal
import time
from types import SimpleNamespace

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from backends import catalog
from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.train import TrainPanel
from trainers import runs
from trainers.api import Phase
from trainers.registry import trainer
from trainers.runs import Run, State

TINY = {"image_size": 16, "body": "mlp", "width": 8, "batch": 16, "sample_every": 40, "checkpoint_every": 80}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of runs; whatever trains there is ended afterwards."""
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LATENT_EXPLORER_NICE", "0")
    monkeypatch.setenv("LATENT_EXPLORER_THREADS", "1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    yield tmp_path / "runs"
    for run in runs.list_runs(tmp_path / "runs"):
        kill(run)


@pytest.fixture
def panel(qtbot, folder, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    services = Services(Session(), SimpleNamespace(), SimpleNamespace(), settings, Notices())
    made = TrainPanel(services)
    qtbot.addWidget(made)
    made.resize(780, 620)
    made.problems = []
    services.notices.problem.connect(lambda what, advice: made.problems.append((what, advice)))
    made.show()
    qtbot.waitUntil(lambda: made.form.choices is not None)
    yield made
    made.trainings.close()


def kill(run: Run, how: int = signal.SIGKILL) -> None:
    state = run.state()
    if state.pid and runs.alive(state.pid, state.started):
        os.kill(state.pid, how)
        psutil.wait_procs([psutil.Process(state.pid)] if psutil.pid_exists(state.pid) else [], timeout=60)


def fill(panel, **values):
    form = panel.form
    form.family.setCurrentIndex(form.family.findData("vae"))
    form.kind.setCurrentIndex(form.kind.findData("digits"))
    for name, value in {**TINY, **values}.items():
        form.form.rows[name].set_value(value)


def click(qtbot, button):
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def phase_of(panel):
    view = panel.view
    return view.detail.summary.phase if view is not None and view.detail is not None else None


def wait_for(qtbot, panel, phase):
    qtbot.waitUntil(lambda: phase_of(panel) is phase)


def points_drawn(view):
    lines = view.curves._lines.get("loss")
    return 0 if lines is None or lines[1].xData is None else len(lines[1].xData)


def dead_run(folder, step=40):
    """A run whose process is gone without a word."""
    settings = trainer("vae").INFO.settings.from_mapping({**TINY, "steps": 100})
    run = runs.create("vae", "digits", settings, "Orphan")
    run.write_state(State(Phase.TRAINING, step, 100, pid=2**22 - 3, started=1.0, message="Training."))
    return run


def test_a_training_from_the_form_to_explore(panel, qtbot, folder):
    fill(panel, steps=1_000_000)
    panel.form.name.setText("My digits")
    click(qtbot, panel.form.start)
    wait_for(qtbot, panel, Phase.TRAINING)
    view = panel.view
    assert panel.list.item(0).text().startswith("My digits: vae on digits")

    qtbot.waitUntil(lambda: points_drawn(view) > 3)
    qtbot.waitUntil(lambda: view.picture.array is not None and len(view.detail.samples) > 2)
    assert view.history.value() == view.history.maximum()
    qtbot.keyClick(view.history, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: view._sample == view.detail.samples[0])
    assert view.when.text() == "step 0"

    click(qtbot, view.buttons["pause"])
    assert view.buttons["pause"].text() == "Pausing…"
    wait_for(qtbot, panel, Phase.PAUSED)
    assert view.buttons["pause"].text() == "Resume"
    events = len(view.detail.events)
    click(qtbot, view.buttons["checkpoint"])
    qtbot.waitUntil(lambda: len(view.detail.events) > events)
    samples = len(view.detail.samples)
    click(qtbot, view.buttons["sample"])
    qtbot.waitUntil(lambda: len(view.detail.samples) >= samples and view.events.count() > 0)

    qtbot.waitUntil(lambda: view.buttons["open"].isEnabled())
    click(qtbot, view.buttons["open"])
    qtbot.waitUntil(lambda: panel.session.model is not None)
    assert panel.session.model.path == str(next(folder.iterdir()) / "model.safetensors")
    first = panel.session.model.step
    assert panel.session.code is not None

    click(qtbot, view.buttons["pause"])
    wait_for(qtbot, panel, Phase.TRAINING)
    qtbot.waitUntil(lambda: catalog.read(panel.session.model.path).step > first)
    qtbot.waitUntil(lambda: view.buttons["open"].text() == "Reload newer")
    redrawn = []
    panel.session.code_changed.connect(lambda: redrawn.append(1))
    click(qtbot, view.buttons["open"])
    qtbot.waitUntil(lambda: panel.session.model.step > first)
    assert redrawn

    click(qtbot, view.buttons["stop"])
    assert view.buttons["stop"].text() == "Stopping…"
    assert not view.buttons["stop"].isEnabled()
    wait_for(qtbot, panel, Phase.STOPPED)
    assert view.buttons["continue"].isEnabled()
    assert panel.problems == []


def test_killed_and_continued(panel, qtbot, folder):
    fill(panel, steps=1_000_000)
    click(qtbot, panel.form.start)
    wait_for(qtbot, panel, Phase.TRAINING)
    view = panel.view
    qtbot.waitUntil(lambda: len(view.detail.checkpoints) > 0)
    kill(Run(view.detail.summary.folder))
    wait_for(qtbot, panel, Phase.INTERRUPTED)
    assert "Continue" in view.message.text()
    click(qtbot, view.buttons["continue"])
    assert view.buttons["continue"].text() == "Starting…"
    wait_for(qtbot, panel, Phase.TRAINING)
    qtbot.waitUntil(lambda: any(e["kind"] == "resumed" for e in view.detail.events))
    steps = view.detail.curves[0].steps
    assert (steps[1:] > steps[:-1]).all()


def test_an_orphan_is_shown_as_interrupted_and_moves_to_the_trash(panel, qtbot, folder):
    run = dead_run(folder)
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    qtbot.waitUntil(lambda: "interrupted" in panel.list.item(0).text())
    row = panel.list.visualItemRect(panel.list.item(0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=row)
    wait_for(qtbot, panel, Phase.INTERRUPTED)
    for name in ("pause", "stop", "checkpoint", "sample", "open"):
        assert not panel.view.buttons[name].isEnabled()
        assert panel.view.buttons[name].toolTip()
    click(qtbot, panel.view.buttons["delete"])
    yes = next(b for b in panel.doings.dialog.buttons() if "trash" in b.text())
    qtbot.mouseClick(yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not run.folder.exists() or "no trash" in panel.doings.dialog.text())
    if run.folder.exists():  # this machine has no trash: it asks again, clearly
        sure = next(b for b in panel.doings.dialog.buttons() if "for good" in b.text())
        qtbot.mouseClick(sure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.list.count() == 0)
    assert panel.pages.currentWidget() is panel.form


def test_settings_of_a_run_go_back_into_the_form(panel, qtbot, folder):
    dead_run(folder)
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    panel.list.setCurrentRow(0)
    wait_for(qtbot, panel, Phase.INTERRUPTED)
    click(qtbot, panel.view.buttons["duplicate"])
    assert panel.pages.currentWidget() is panel.form
    values = panel.form.form.values()
    assert (values["image_size"], values["body"], values["steps"]) == (16, "mlp", "100")
    assert panel.form.spec() == "digits"
    assert panel.form.start.isEnabled()


def test_a_finished_run_can_train_longer(panel, qtbot, folder):
    run = dead_run(folder)
    run.write_state(State(Phase.FINISHED, 100, 100))
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    panel.list.setCurrentRow(0)
    wait_for(qtbot, panel, Phase.FINISHED)
    assert panel.view.buttons["continue"].text() == "Train longer…"
    click(qtbot, panel.view.buttons["continue"])
    panel.doings.dialog.setIntValue(60)
    panel.doings.dialog.accept()
    qtbot.waitUntil(lambda: run.asked()["settings"]["steps"] == 160)
    wait_for(qtbot, panel, Phase.PREPARING)


def test_the_form_says_why_it_cannot_start(panel, qtbot, tmp_path):
    fill(panel)
    form = panel.form
    assert form.start.isEnabled()
    batch = form.form.rows["batch"]
    batch.editor.selectAll()
    qtbot.keyClicks(batch.editor, "many")
    assert not form.start.isEnabled()
    assert "whole number" in form.reason.text()
    assert "whole number" in form.start.toolTip()
    qtbot.mouseClick(batch.reset, Qt.MouseButton.LeftButton)
    assert form.start.isEnabled()
    form.kind.setCurrentIndex(form.kind.findData("folder"))
    assert not form.start.isEnabled()
    qtbot.keyClicks(form.path, "/no/such/place")
    assert "/no/such/place" in form.reason.text()
    form.path.clear()
    qtbot.keyClicks(form.path, str(tmp_path))
    assert form.start.isEnabled()
    assert form.spec() == f"folder:{tmp_path}"


@pytest.mark.parametrize(("name", "prefix"), [("faces.npz", "npz"), ("pictures", "folder")])
def test_data_can_be_dropped(panel, qtbot, tmp_path, name, prefix):
    path = tmp_path / name
    path.mkdir() if prefix == "folder" else path.write_bytes(b"")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    enter = QDragEnterEvent(QPoint(20, 20), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
                            Qt.KeyboardModifier.NoModifier)  # fmt: skip
    drop = QDropEvent(QPointF(QPoint(20, 20)), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
                      Qt.KeyboardModifier.NoModifier)  # fmt: skip
    QApplication.sendEvent(panel.form, enter)
    QApplication.sendEvent(panel.form, drop)
    assert panel.form.spec() == f"{prefix}:{path}"


def test_a_recipe_fills_the_form_until_it_is_changed(panel, qtbot):
    names = list(panel.form.choices.recipes)
    if not names:
        pytest.skip("there are no recipes yet")
    form = panel.form
    form.recipe.setCurrentIndex(1)
    plan = form.choices.recipes[names[0]]
    assert form.plan().family == plan.family
    assert form.plan().recipe == names[0]
    assert form.form.settings() == form.choices.families[plan.family].settings.from_mapping(plan.settings)
    form.form.rows["seed"].set_value("77")
    assert form.plan().recipe == ""
    assert form.recipe.currentIndex() == 0


def test_the_form_is_found_again_at_the_next_start(panel, qtbot, folder):
    fill(panel, steps=1234)
    saved = panel.settings_to_save()
    fill(panel, steps=4)
    panel.restore_settings(saved)
    assert panel.form.form.values()["steps"] == "1234"
    panel.restore_settings({"form": 3, "run": 4})


def test_a_problem_of_the_disk_is_told(panel, qtbot, folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    fill(panel)
    click(qtbot, panel.form.start)
    qtbot.waitUntil(lambda: bool(panel.problems))
    assert panel.form.start.isEnabled()
    folder.unlink()


def test_a_hidden_panel_reads_nothing(panel, qtbot, folder):
    panel.hide()
    time.sleep(0.1)
    told = []
    panel.trainings.runs_changed.connect(told.append)
    dead_run(folder)
    qtbot.wait(600)
    assert not told
    panel.show()
    qtbot.waitUntil(lambda: panel.list.count() == 1)


def test_every_control_has_a_name_and_every_command_a_place(panel, qtbot, folder):
    dead_run(folder)
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    assert all(c.menu == "Train" for c in panel.commands())
    always = ("train.new", "train.prepare", "train.sweep", "train.results")
    assert all(c.enabled() == "Select a training first." for c in panel.commands() if c.id not in always)
    panel.list.setCurrentRow(0)
    wait_for(qtbot, panel, Phase.INTERRUPTED)
    enabled = {c.id: c.enabled() for c in panel.commands()}
    assert enabled["train.continue"] is True
    assert enabled["train.stop"] == "It is not running."
    next(c for c in panel.commands() if c.id == "train.new").run()
    assert panel.pages.currentWidget() is panel.form
