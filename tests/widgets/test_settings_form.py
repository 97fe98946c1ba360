"""The form made from the settings: every kind of field, by real keys and clicks."""

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt

from backends.errors import BadSettings
from explorer.widgets.settings_form import SettingsForm
from trainers.api import Settings, setting


@dataclass(frozen=True)
class Some(Settings):
    width: int = setting(32, "Channels.", low=4, high=256)
    rate: float = setting(0.0002, "Learning rate.", low=0, high=1, group="Optimiser")
    spectral: bool = setting(False, "Spectral norm.", group="Optimiser")

    def check(self) -> None:
        super().check()
        if self.spectral and self.width > 64:
            raise BadSettings("Spectral norm needs a width of at most 64.", "Lower the width.")


@pytest.fixture
def form(qtbot):
    made = SettingsForm()
    qtbot.addWidget(made)
    made.show_settings(Some)
    made.show()
    return made


def type_into(qtbot, editor, text):
    editor.selectAll()
    qtbot.keyClicks(editor, text)


def test_the_form_has_every_setting_with_its_default(form):
    assert form.settings() == Some()
    assert form.problem == ""
    assert next(iter(form.rows)) == "width"  # the family's own come first
    for row in form.rows.values():
        assert row.editor.accessibleName()
        assert row.item.metadata["help"] in row.editor.toolTip()
        assert row.help.text() == row.item.metadata["help"]
        assert not row.reset.isEnabled()
    assert "(4 to 256)" in form.rows["width"].editor.toolTip()


def test_typing_marks_a_setting_as_changed_and_reset_takes_it_back(form, qtbot):
    row = form.rows["rate"]
    type_into(qtbot, row.editor, "1e-3")
    assert form.settings().rate == 0.001
    assert row.label.text().startswith("•")
    assert row.reset.isEnabled()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert form.settings().rate == 0.0002
    assert not row.label.text().startswith("•")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("width", "2", "at least 4"), ("width", "wide", "whole number"), ("rate", "", "a number"),
     ("rate", "5", "at most 1"), ("steps", "1.5", "whole number")],
)  # fmt: skip
def test_what_cannot_work_is_said_at_the_field(form, qtbot, name, text, words):
    editor = form.rows[name].editor
    editor.clear()
    qtbot.keyClicks(editor, text)
    assert words in form.problem
    assert form.rows[name].complaint.isVisible()
    assert words in form.rows[name].complaint.text()
    form.rows[name].set_value(form.rows[name].default)
    assert form.problem == ""
    assert not form.rows[name].complaint.isVisible()


def test_switches_and_choices_answer_to_clicks_and_keys(form, qtbot):
    box = form.rows["spectral"].editor
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() / 8)
    combo = form.rows["image_size"].editor
    qtbot.keyClick(combo, Qt.Key.Key_End)
    made = form.settings()
    assert made.spectral is True
    assert made.image_size == 64


def test_what_must_hold_between_settings_is_a_problem_of_the_whole(form, qtbot):
    form.rows["spectral"].set_value(True)
    type_into(qtbot, form.rows["width"].editor, "128")
    assert "Lower the width" in form.problem
    assert not form.rows["width"].complaint.isVisible()


def test_values_of_another_run_are_shown(form):
    form.show_settings(Some, {"width": 64, "rate": 0.5, "spectral": True, "image_size": 32})
    assert form.settings() == Some(width=64, rate=0.5, spectral=True, image_size=32)
    form.show_settings(Settings, {"steps": 7})
    assert form.settings() == Settings(steps=7)
