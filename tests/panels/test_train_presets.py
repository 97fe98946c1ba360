"""The form of a new training offers each paper's preset, filled in, and refuses what can't work together."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.panels.train_form import NewTraining, read_choices
from trainers.presets import PRESETS


@pytest.fixture
def form(qtbot: QtBot) -> NewTraining:
    made = NewTraining()
    qtbot.addWidget(made)
    made.offer(read_choices())
    made.kind.setCurrentIndex(made.kind.findData("digits"))
    made.show()
    return made


def choose(qtbot: QtBot, form: NewTraining, title: str) -> None:
    """By typing the beginning of a title into the box of families, as a hand does."""
    patience = QApplication.keyboardInputInterval()
    QApplication.setKeyboardInputInterval(10_000)  # a busy machine types slowly
    form.family.setFocus()
    qtbot.keyClicks(form.family, title)
    QApplication.setKeyboardInputInterval(patience)
    assert form.family.currentText() == title


def test_every_preset_is_a_family_that_can_be_chosen(form: NewTraining):
    for preset in PRESETS:
        assert form.family.findData(preset.name) >= 0
        assert form.family.findText(preset.title) >= 0


def test_a_preset_fills_the_form_with_its_values(qtbot: QtBot, form: NewTraining):
    choose(qtbot, form, "LSGAN")
    assert form.plan().family == "lsgan"
    assert form.form.values()["loss"] == "least-squares"
    assert not form.form.rows["loss"].reset.isEnabled()  # it is what the preset says
    assert "Mao" in form.about.text()
    assert form.start.isEnabled()


def test_starting_a_preset_asks_for_it_by_name(qtbot: QtBot, form: NewTraining):
    choose(qtbot, form, "WGAN-GP")
    with qtbot.waitSignal(form.start_asked) as asked:
        qtbot.mouseClick(form.start, Qt.MouseButton.LeftButton)
    family, data, settings, _, _ = asked.args
    assert (family, data) == ("wgan-gp", "digits")
    assert (settings.loss, settings.penalty, settings.discriminator_steps) == ("wasserstein", "wgan-gp", 5)


def test_what_cannot_work_together_is_said_before_the_start(qtbot: QtBot, form: NewTraining):
    choose(qtbot, form, "WGAN-GP")
    box = form.form.rows["discriminator_norm"].editor
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    assert box.currentText() == "batch"
    assert not form.start.isEnabled()
    assert "gradient penalty" in form.reason.text()
    qtbot.keyClick(box, Qt.Key.Key_End)
    assert box.currentText() == "none"
    assert form.start.isEnabled()


def test_some_classes_alone_can_be_learned(qtbot: QtBot, form: NewTraining):
    qtbot.keyClicks(form.classes, "0-4")
    assert form.spec() == "digits:classes=0-4"
    plan = form.plan()
    form.classes.clear()
    assert form.spec() == "digits"
    form.show_plan(plan)
    assert (form.classes.text(), form.path.text()) == ("0-4", "")
    form.kind.setCurrentIndex(form.kind.findData("moving"))  # has no labels
    assert form.classes.isEnabled() == form._kind().has_labels
