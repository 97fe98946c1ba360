"""Inside: what a model shows of how it works, what it makes of half a picture, how likely it finds one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from backends.api import WHY_NOT, Capability, ModelInfo
from explorer.panels.base import Command, Panel, Services
from explorer.panels.inside_completion import CompletionPage
from explorer.panels.inside_likelihood import LikelihoodPage
from explorer.panels.inside_page import Page
from explorer.panels.inside_source import SourceBar
from explorer.panels.inside_views import ViewPage
from explorer.panels.saving import Saver
from explorer.widgets.flow import FlowLayout
from explorer.widgets.images import Image, holds_pictures, take_pictures, to_qimage

MENU = "Explore/Inside"
NO_MODEL = "Choose a model on the shelf."
CODE_HELP = "It follows the sliders on the right."
WISHES = {
    "Completion": (Capability.COMPLETES, "Erase a part of the picture: the model paints it anew."),
    "Likelihood": (Capability.LIKELIHOOD, "How likely the model finds the picture, pixel by pixel."),
}  # fmt: skip


class InsidePanel(Panel):
    """One button for each view of the model, and for completion and likelihood; below it what was chosen."""

    name = "inside"
    title = "Inside"
    order = 20
    tip = "What happens in the model: its steps, filters, likelihood; completing half a picture"
    takes_images = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.chosen = ""  # the title of the page that is wanted, where the model has it
        self.buttons: dict[str, QPushButton] = {}
        self._build()
        self._connect()
        self.show_model()

    # What is shown

    def show_model(self) -> None:
        """Another model: other views."""
        model = self.session.model
        for button in self.buttons.values():
            self._flow.removeWidget(button)
            self._group.removeButton(button)
            button.hide()
            button.deleteLater()
        views = {view.title: view.help for view in model.views} if model else {}
        tips = {**views, **{title: tip for title, (_, tip) in WISHES.items()}}
        self.buttons = {title: self._button(title, tip, model) for title, tip in tips.items()}
        able = [title for title, button in self.buttons.items() if button.isEnabled()]
        if able:
            self._open(self.chosen if self.chosen in able else able[0])
        else:
            self._show_empty(model)

    def choose(self, title: str) -> None:
        """Show a view by its title, `Completion` or `Likelihood`."""
        self.chosen = title
        self._open(title)

    def next_view(self) -> None:
        """The next one that this model has."""
        able = [title for title, button in self.buttons.items() if button.isEnabled()]
        if able:
            now = next((i for i, title in enumerate(able) if self.buttons[title].isChecked()), -1)
            self.choose(able[(now + 1) % len(able)])

    @property
    def page(self) -> Page | None:
        """The page that is shown; None when the model has nothing to show."""
        shown = self.pages.currentWidget()
        return shown if isinstance(shown, Page) else None

    # What one can do

    def save(self) -> None:
        """Save the pictures with their captions as PNG."""
        picture = self.page.sheet.picture() if self.page else None
        if picture is not None and self.session.model is not None:
            name = f"{self.session.model.name}-{self._current().lower().replace(' ', '-')}"
            self.saver.ask_and_save(name, ".png", picture[None])

    def copy(self) -> None:
        """The pictures with their captions to the clipboard."""
        picture = self.page.sheet.picture() if self.page else None
        if picture is not None:
            QGuiApplication.clipboard().setImage(to_qimage(picture))
            self.services.notices.told.emit("The pictures are on the clipboard.")

    def commands(self) -> list[Command]:
        def some() -> bool | str:
            return self.page is not None or "This model shows nothing of its inside."

        def shown() -> bool | str:
            return bool(self.page and self.page.sheet.images) or "There is no picture in Inside yet."

        def on(page: Page) -> bool | str:
            return self.page is page or f"Open {page.title} in the Inside panel first."

        return [
            Command("inside.next", "Next view", self.next_view, MENU, "Ctrl+Alt+V",
                    "The next view of this model's inside", some),
            Command("inside.open", "Look at an image…", self.source.open_image, MENU, "Ctrl+Alt+O",
                    "Look at an image instead of the current picture", some),
            Command("inside.seeds", "Other completions", self.completion.renew, MENU, "",
                    "Complete the picture with other seeds", partial(on, self.completion)),
            Command("inside.hold", "Hold the picture for comparison", self.likelihood.hold_it, MENU, "",
                    "Compare the likelihood of the next ones with this one", partial(on, self.likelihood)),
            Command("inside.copy", "Copy the pictures", self.copy, MENU, "",
                    "The sheet to the clipboard", shown),
            Command("inside.save", "Save the pictures (PNG)…", self.save, MENU, "",
                    "The sheet with its captions", shown),
        ]  # fmt: skip

    def busy(self) -> bool:
        return self.saver.waiting.busy or (self.page is not None and self.page.busy)

    def demonstrate(self) -> None:
        """The model that has the most to show."""
        if rich := self._rich():
            self.session.select_model(max(rich, key=lambda info: len(info.views)).path)

    def settings_to_save(self) -> dict[str, Any]:
        return {"page": self.chosen, "knobs": self.views.remembered}

    def restore_settings(self, saved: dict[str, Any]) -> None:
        if isinstance(saved.get("knobs"), dict):
            self.views.remembered = {
                str(view): {str(k): float(v) for k, v in knobs.items() if isinstance(v, int | float)}
                for view, knobs in saved["knobs"].items()
                if isinstance(knobs, dict)
            }
        if isinstance(saved.get("page"), str):
            self.chosen = saved["page"]
            self.show_model()

    # Dropping images

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.page is not None and holds_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        take_pictures(self.source.thumbnail, event.mimeData())

    # Within

    def _open(self, title: str) -> None:
        """Show the page behind a button."""
        model = self.session.model
        assert model is not None
        self.buttons[title].setChecked(True)
        page: Page = {"Completion": self.completion, "Likelihood": self.likelihood}.get(title, self.views)
        text = self.buttons[title].toolTip()
        if page is self.views:
            view = next(view for view in model.views if view.title == title)
            self.views.show_view(view)
            text = f"{text} {CODE_HELP}" if view.needs == "code" else text
        self.help.setText(text)
        self.help.setVisible(bool(text))
        self.source.setVisible(page.needs_image)
        self.pages.setCurrentWidget(page)
        self._enable()
        page.refresh()

    def _show_empty(self, model: ModelInfo | None) -> None:
        names = ", ".join(info.name for info in self._rich()[:4])
        others = f"Choose one that does: {names}." if names else "Train a diffusion model or a PixelCNN."
        self.empty.setText(f"{model.name} shows nothing of its inside. {others}" if model else NO_MODEL)
        self.pages.setCurrentWidget(self.empty)
        self.help.hide()
        self.source.hide()
        self._enable()

    def _rich(self) -> list[ModelInfo]:
        """The models that have something to show."""
        wishes = [capability for capability, _ in WISHES.values()]
        models = [m for m in self.session.models.values() if m.can_generate]
        return [m for m in models if m.views or any(m.can(wish) for wish in wishes)]

    def _current(self) -> str:
        return next((title for title, button in self.buttons.items() if button.isChecked()), "")

    def _enable(self) -> None:
        for button in (self.copying, self.saving):
            button.setEnabled(self.page is not None)

    def _button(self, title: str, tip: str, model: ModelInfo | None) -> QPushButton:
        button = QPushButton(title)
        button.setCheckable(True)
        capability = WISHES[title][0] if title in WISHES else None
        able = model is not None and (capability is None or model.can(capability))
        why_not = NO_MODEL if model is None else WHY_NOT[capability] if capability else ""
        button.setEnabled(able)
        button.setToolTip(tip if able else why_not)
        button.clicked.connect(partial(self.choose, title))
        self._group.addButton(button)
        self._flow.addWidget(button)
        return button

    def _build(self) -> None:
        self.setAcceptDrops(True)
        self.source, self.saver = SourceBar(self.services), Saver(self.services, self)
        self.saver.enlarge = False  # the sheet is as large as it should be
        self.views = ViewPage(self.services, self.source)
        self.completion = CompletionPage(self.services, self.source)
        self.likelihood = LikelihoodPage(self.services, self.source)
        self.empty, self.help = QLabel(), QLabel()
        for label in (self.empty, self.help):
            label.setWordWrap(True)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.empty.setAlignment(self.empty.alignment().AlignCenter)
        self.pages = QStackedWidget()
        for page in (self.empty, self.views, self.completion, self.likelihood):
            self.pages.addWidget(page)
        box = QWidget()
        self._flow, self._group = FlowLayout(box), QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        for widget in (box, self.help, self.source):
            column.addWidget(widget)
        column.addWidget(self.pages, 1)
        column.addLayout(self._footer())

    def _footer(self) -> QHBoxLayout:
        self.copying, self.saving = QPushButton("Copy"), QPushButton("Save…")
        self.copying.setToolTip("The pictures with their captions to the clipboard")
        self.saving.setToolTip("Save the pictures with their captions as PNG")
        row = QHBoxLayout()
        for page in (self.views, self.completion, self.likelihood):
            row.addWidget(page.waiting, 1)
        row.addWidget(self.saver.waiting, 1)
        row.addStretch(1)
        row.addWidget(self.copying)
        row.addWidget(self.saving)
        return row

    def _connect(self) -> None:
        self.copying.clicked.connect(self.copy)
        self.saving.clicked.connect(self.save)
        self.source.changed.connect(self._refresh)
        self.session.model_changed.connect(self.show_model)
        self.session.models_changed.connect(self._on_models)
        self.session.code_changed.connect(self._refresh)
        self.session.image_dropped.connect(self._take_image)

    def _on_models(self) -> None:
        if self.page is None:
            self.show_model()

    def _refresh(self) -> None:
        if self.page is not None:
            self.page.refresh()

    def _take_image(self, image: Image) -> None:
        """An image dropped anywhere is meant for the panel that is in front."""
        if self.isVisible():
            self.source.take(image)


PANEL = InsidePanel
