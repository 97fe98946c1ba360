"""What the pages of Mix share: the scene they draw, and when they draw it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from backends.api import Array, ModelInfo
from explorer.latent.mixing import LETTERS, Group
from explorer.model.state import Recipe
from explorer.panels.base import Services

NOTHING: Array = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Scene:
    """The model, its sources as packed codes `[S, D]`, the groups, and the choice for each of them."""

    info: ModelInfo | None = None
    codes: Array = field(default_factory=lambda: NOTHING)
    groups: tuple[Group, ...] = ()
    recipe: Recipe = field(default_factory=Recipe)
    message: str = ""  # why there are no groups
    knobs: tuple[tuple[str, float], ...] = ()

    @property
    def letters(self) -> str:
        return LETTERS[: len(self.codes)]

    @property
    def key(self) -> tuple[object, ...]:
        """What tables depend on: everything but the choices."""
        info = self.info
        return (info and (info.path, info.checksum), self.codes.tobytes(), self.groups, self.knobs)


class Page(QWidget):
    """A page draws its scene when it is seen, and only when what it depends on has changed."""

    title = ""
    tip = ""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session, self.host = services, services.session, services.host
        self.scene = Scene()
        self._drawn: object = None

    def show_scene(self, scene: Scene) -> None:
        """Another scene; it is drawn at once, or when the page is next seen."""
        self.scene = scene
        if self.isVisible():
            self.redraw()

    def redraw(self, force: bool = False) -> None:
        """Draw the scene unless it is drawn already."""
        key = (self.scene.key, self.choices())
        if force or key != self._drawn:
            self._drawn = key
            self.draw(self.scene)

    def choices(self) -> object:
        """What the picture depends on besides sources and groups."""
        return None

    def draw(self, scene: Scene) -> None:
        """Ask for what the page shows of a scene."""

    @property
    def waiting(self) -> bool:
        """Whether pictures are on their way."""
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()
