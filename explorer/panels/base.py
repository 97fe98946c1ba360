"""What every panel is given, and what it gives back.

A panel is one file in this folder with one `Panel` subclass named `PANEL` at its end. It is found by
`discover`, put where `area` says, and meets the others only in the session. Each can be opened
alone: `python -m explorer.preview explore`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QWidget

from explorer.model.session import Session
from explorer.workers.host_client import HostClient
from explorer.workers.jobs import JobClient


class Notices(QObject):
    """Messages for the person at the window: shown in the status bar or a bar over the panels."""

    told = Signal(str)  # something went as asked: a few seconds in the status bar
    problem = Signal(str, str)  # what happened, what to do: stays until dismissed


@dataclass
class Services:
    """The few things that panels share."""

    session: Session
    host: HostClient
    jobs: JobClient
    settings: QSettings
    notices: Notices


@dataclass(frozen=True)
class Command:
    """Something one can do. Menus, toolbar, shortcuts, palette and help are made from these.

    `enabled` is asked whenever the menu opens or the session changes; a text is the reason why not.
    `checked` makes it a switch.
    """

    id: str
    text: str
    run: Callable[[], Any]
    menu: str
    shortcut: str = ""
    tip: str = ""
    enabled: Callable[[], bool | str] = lambda: True
    checked: Callable[[], bool] | None = None


class Panel(QWidget):
    """A part of the window. Subclasses set the class variables and build themselves in `__init__`."""

    name: ClassVar[str]  # object name of the dock and of its settings: "explore"
    title: ClassVar[str]  # "Explore"
    area: ClassVar[str] = "centre"  # centre (a tab), left or right (a dock on every tab)
    order: ClassVar[int] = 50
    tip: ClassVar[str] = ""
    takes_images: ClassVar[bool] = False  # whether an image dropped on the window is for this panel

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.session = services.session
        self.host = services.host
        self.setObjectName(self.name)

    def commands(self) -> list[Command]:
        """What this panel adds to the menus and the palette."""
        return []

    def busy(self) -> bool:
        """Whether a picture is still on its way (the tour waits for this to be false)."""
        return False

    def demonstrate(self) -> None:
        """Bring something worth seeing onto the panel: what the tour photographs."""

    def shut_down(self) -> None:
        """End the processes that the panel itself has started: the window closes."""

    def settings_to_save(self) -> dict[str, Any]:
        """What the panel wants to find again at the next start (JSON)."""
        return {}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        """Take back what `settings_to_save` gave; unknown or odd values are ignored."""


def discover() -> Iterator[type[Panel]]:
    """Every panel of this folder, in the order of their tabs."""
    found = [panel for name in panel_modules() if (panel := load_panel(name)) is not None]
    return iter(sorted(found, key=lambda p: (p.order, p.title)))


def panel_modules() -> list[str]:
    """The modules of this folder, not imported yet; a panel's module is named like the panel."""
    package = importlib.import_module("explorer.panels")
    return [module.name for module in pkgutil.iter_modules(package.__path__)]


def load_panel(name: str) -> type[Panel] | None:
    """The panel of a module, None where the module has none."""
    return getattr(importlib.import_module(f"explorer.panels.{name}"), "PANEL", None)
