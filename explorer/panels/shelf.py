"""Shelf: models, favourites, directions and trainings, at hand beside every panel."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from explorer.model.runs import RunSummary
from explorer.panels.base import Command, Panel, Services
from explorer.panels.shelf_favourites import Favourites
from explorer.panels.shelf_lists import Directions, Runs
from explorer.panels.shelf_models import ModelBrowser, Models
from explorer.widgets.sections import Section, Sections
from explorer.workers.trainings import Trainings


class ShelfPanel(Panel):
    """Four folding lists over the session; a click makes a thing current."""

    name = "shelf"
    title = "Shelf"
    area = "left"
    tip = "Models, favourites, directions and trainings"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.setMinimumWidth(150)
        self.browser = ModelBrowser(services)
        self.models = self.browser.list
        self.favourites = Favourites(services)
        self.directions = Directions(services)
        self.runs = Runs(services)
        lists: dict[str, Models | Favourites | Directions | Runs] = {
            "Models": self.models, "Favourites": self.favourites,
            "Directions": self.directions, "Trainings": self.runs,
        }  # fmt: skip
        contents: dict[str, QWidget] = {**lists, "Models": self.browser}
        self.sections = Sections({title: Section(title, widget) for title, widget in contents.items()}, self)
        for title, widget in lists.items():
            widget.counted.connect(self.sections[title].show_count)
            widget.refresh()
        self.trainings = Trainings(parent=self)
        self.trainings.runs_changed.connect(self._show_runs)
        self.trainings.set_active(True)

    def commands(self) -> list[Command]:
        tree = self.browser.tree
        return [Command("shelf.tree", "Models as a tree of families", tree.toggle, "View", "Ctrl+Alt+T",
                        tree.toolTip(), checked=tree.isChecked),
                Command("shelf.search", "Search models", self.browser.search.setFocus, "View", "Ctrl+Alt+F",
                        self.browser.search.toolTip())]  # fmt: skip

    def settings_to_save(self) -> dict[str, Any]:
        folded = [title for title, section in self.sections.all.items() if not section.is_open]
        return {"folded": folded, "tree": self.browser.tree.isChecked()}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        folded = saved.get("folded", [])
        for title, section in self.sections.all.items():
            section.set_open(title not in folded)
        self.browser.tree.setChecked(saved.get("tree") is True)

    def _show_runs(self, runs: list[RunSummary]) -> None:
        self.runs.show_runs(runs)


PANEL = ShelfPanel
