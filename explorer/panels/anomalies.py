"""Anomalies: does a model know what it has never seen, and what is its encoder worth with few labels?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout

from explorer.panels.anomalies_find import FindPage
from explorer.panels.anomalies_labels import LabelsPage
from explorer.panels.base import Command, Panel, Services

MENU = "Compare/Anomalies"


class AnomaliesPanel(Panel):
    """Two pages: the search, and the curve over the number of labels."""

    name = "anomalies"
    title = "Anomalies"
    order = 65
    tip = "What a model was not trained on, by its scores; what its encoder is worth with few labels"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.search, self.labels = FindPage(services), LabelsPage(services)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.setAccessibleName("Pages of Anomalies")
        self.pages.addTab(self.search, self.search.title)
        self.pages.addTab(self.labels, self.labels.title)
        for at, tip in enumerate((self.search.tip, self.labels.tip)):
            self.pages.setTabToolTip(at, tip)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.pages)

    def commands(self) -> list[Command]:
        def command(
            name: str, text: str, run: Callable[[], Any], tip: str, enabled: Callable[[], bool | str]
        ) -> Command:
            return Command(f"anomalies.{name}", text, run, MENU, "", tip, enabled)

        find, labels = self.search, self.labels
        return [
            command("find", "Find anomalies", self.start_finding, find.tip,
                    lambda: find.bar.button.isEnabled() or find.bar.button.toolTip()),
            command("measure", "Measure with few labels", self.start_measuring, labels.tip,
                    lambda: labels.measure_button.isEnabled() or labels.measure_button.toolTip()),
            command("cancel", "Give up", self.cancel, "Stop what is under way; what was found stays",
                    lambda: self.busy() or "Nothing is under way."),
            command("save_picture", "Save anomalies as picture…", partial(find.ask_and_save, ".png"),
                    "Histogram, ROC and worst images as PNG", self._has_case),
            command("save_table", "Save anomalies as table…", partial(find.ask_and_save, ".csv"),
                    "The score of every image as CSV", self._has_case),
            command("save_curve", "Save few labels as picture…", partial(labels.ask_and_save, ".png"),
                    "The curve as PNG", self._has_rows),
            command("save_measurements", "Save few labels as table…", partial(labels.ask_and_save, ".csv"),
                    "Every measurement as CSV", self._has_rows),
        ]  # fmt: skip

    def start_finding(self) -> None:
        self.pages.setCurrentWidget(self.search)
        self.search.search()

    def start_measuring(self) -> None:
        self.pages.setCurrentWidget(self.labels)
        self.labels.measure()

    def cancel(self) -> None:
        """Give up what is under way on both pages."""
        self.search.cancel()
        self.labels.cancel()

    def busy(self) -> bool:
        return self.search.busy or self.labels.busy

    def demonstrate(self) -> None:
        """The current model against what it has not seen."""
        if not self.search.bar.spec.text:
            self.search.bar.spec.setEditText("digits")
            self.search.bar.normal.setText("0-4")
        self.start_finding()

    def shut_down(self) -> None:
        self.labels.close_process()

    def settings_to_save(self) -> dict[str, Any]:
        return {"page": self.pages.currentIndex(), "find": self.search.saved(), "labels": self.labels.saved()}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        for restore, name in ((self.search.restore, "find"), (self.labels.restore, "labels")):
            if isinstance(kept := saved.get(name), dict):
                restore(kept)
        if saved.get("page") in (0, 1):
            self.pages.setCurrentIndex(saved["page"])

    def _has_case(self) -> bool | str:
        return True if self.search.case is not None else "Find anomalies first."

    def _has_rows(self) -> bool | str:
        return True if len(self.labels.rows) else "Measure with few labels first."


PANEL = AnomaliesPanel
