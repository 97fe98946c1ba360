"""Shelf: models, favourites, directions and trainings, at hand beside every panel."""

from __future__ import annotations

from typing import Any

from explorer.model.runs import RunSummary
from explorer.panels.base import Panel, Services
from explorer.panels.shelf_favourites import Favourites
from explorer.panels.shelf_lists import Directions, Models, Runs
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
        self.models = Models(services)
        self.favourites = Favourites(services)
        self.directions = Directions(services)
        self.runs = Runs(services)
        lists: dict[str, Models | Favourites | Directions | Runs] = {
            "Models": self.models, "Favourites": self.favourites,
            "Directions": self.directions, "Trainings": self.runs,
        }  # fmt: skip
        self.sections = Sections({title: Section(title, widget) for title, widget in lists.items()}, self)
        for title, widget in lists.items():
            widget.counted.connect(self.sections[title].show_count)
            widget.refresh()
        self.trainings = Trainings(parent=self)
        self.trainings.runs_changed.connect(self._show_runs)
        self.trainings.set_active(True)

    def settings_to_save(self) -> dict[str, Any]:
        return {"folded": [title for title, section in self.sections.all.items() if not section.is_open]}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        folded = saved.get("folded", [])
        for title, section in self.sections.all.items():
            section.set_open(title not in folded)

    def _show_runs(self, runs: list[RunSummary]) -> None:
        self.runs.show_runs(runs)


PANEL = ShelfPanel
