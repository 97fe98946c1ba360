"""What the tests of the Map panel do again and again."""

from __future__ import annotations

from PySide6.QtCore import Qt

from explorer.panels.map import MapPanel


def open_panel(qtbot, services):
    """A map panel on its own, which maps 500 sampled codes by PCA."""
    made = MapPanel(services)
    qtbot.addWidget(made)
    made.resize(820, 620)
    made.problems = []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    made.bar.chosen = True
    made.bar.choose(made.bar.source, "codes")
    made.bar.choose(made.bar.method, "pca")
    made.bar.choose(made.bar.count, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def press(qtbot, button):
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def make(panel, qtbot):
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: not panel.busy())
    assert not panel.problems


def run(panel, ident):
    command = next(c for c in panel.commands() if c.id == ident)
    assert command.enabled() is True, command.enabled()
    command.run()
