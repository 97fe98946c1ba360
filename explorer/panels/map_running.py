"""The bar over a map on its way: how far it is, and buttons to let it wait, to end it now, to give it up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from explorer.widgets.controls import tool_button
from explorer.widgets.waiting import Waiting


class Running(Waiting):
    """Emits `paused(on)` and `finished`; both buttons are there while a layout can hear of them."""

    paused = Signal(bool)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__("Map")
        self.pause = tool_button("Pause", "Let the layout wait; what is there can be looked at and used")
        self.pause.setCheckable(True)
        self.pause.toggled.connect(self._on_pause)
        self.finish = tool_button(
            "Finish now", "End the layout with the picture that is there; it can go on later"
        )
        self.finish.clicked.connect(self.finished)
        row = self.layout()
        assert isinstance(row, QHBoxLayout)
        for widget in (self.pause, self.finish):
            row.insertWidget(row.count() - 1, widget)

    def begin(self, cancel: Callable[[], None]) -> None:
        super().begin(cancel)
        self.offer_control(False)

    def offer_control(self, can: bool) -> None:
        """Whether what runs now can wait and be ended."""
        self.press_pause(False)
        self.pause.setVisible(can)
        self.finish.setVisible(can)

    def press_pause(self, on: bool) -> None:
        """Show the button pressed or not, telling nobody."""
        self.pause.blockSignals(True)
        self.pause.setChecked(on)
        self.pause.blockSignals(False)
        self._name(on)

    def _on_pause(self, on: bool) -> None:
        self._name(on)
        self.paused.emit(on)

    def _name(self, on: bool) -> None:
        self.pause.setText("Go on" if on else "Pause")
        self.pause.setAccessibleName("Go on with the layout" if on else "Pause the layout")
