"""The Explore panel and what a person does in it, for its tests."""

from __future__ import annotations

from explorer.panels.explore import ExplorePanel
from tests.hands import click, settle


def open_panel(qtbot, services, flat_model):
    """The panel over the tiny models and a flat one, with the problems and news that it has told."""
    services.session.set_models([*services.session.models.values(), flat_model])
    made = ExplorePanel(services)
    qtbot.addWidget(made)
    made.resize(760, 660)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    services.notices.told.connect(made.told.append)
    made.show()
    settle(made, qtbot)
    return made


def choose(button, text):
    """Choose an entry of a button's menu, as opening it and clicking does."""
    menu = button.menu()
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if a.text() == text)
    assert action.isEnabled(), action.toolTip()
    action.trigger()


def model_named(panel, name):
    return next(m for m in panel.session.models.values() if m.name == name)


def use(panel, qtbot, name):
    panel.session.select_model(model_named(panel, name).path)
    settle(panel, qtbot)


def walking(panel, qtbot):
    click(qtbot, panel.walk.two)
    settle(panel, qtbot)
    return panel.walk
