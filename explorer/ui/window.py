"""The window: docks left and right of the panels, one toolbar, one status bar."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QMainWindow,
    QMenu,
    QMessageBox,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from backends.errors import ExplorerError
from explorer.commands import CommandTable
from explorer.model.files import Saved
from explorer.model.runs import RunSummary
from explorer.panels.base import Command, Panel, Services, load_panel, panel_modules
from explorer.ui import settings as kept
from explorer.ui.actions import window_commands
from explorer.ui.errors import NoticeBar
from explorer.ui.keeper import Found, Keeper
from explorer.ui.opening import open_path
from explorer.ui.palette import Palette
from explorer.ui.status import StatusBar
from explorer.ui.theme import Theme
from explorer.ui.toolbar import build_toolbar
from explorer.workers.trainings import Trainings

log = logging.getLogger("explorer")
AREAS = {"left": Qt.DockWidgetArea.LeftDockWidgetArea, "right": Qt.DockWidgetArea.RightDockWidgetArea}
DOCK_SHARES = {"left": 0.16, "right": 0.25}  # of the width of the window, at first
DOCK_KEYS = {"left": "F8", "right": "F9"}
FIRST = ("explore", "latent", "shelf")  # what the first paint shows; other panels follow after it


class Window(QMainWindow):
    """After its first paint it reads the session, opens `files` and loads the other panels."""

    complete = Signal()  # every panel is there, the session is restored

    def __init__(self, services: Services, theme: Theme, home: Path, files: list[str]) -> None:
        super().__init__()
        self.services, self.theme = services, theme
        self.panels: dict[str, Panel] = {}
        self._saved_panels: dict[str, dict[str, Any]] = {}
        self._waiting: list[str] = []
        self._files = files  # opened when the session is there
        self._known_runs: set[Path] = set()
        self._painted = self._read = self._ended = self._layout_is_new = False
        self._away = False  # whether the machine that holds the models can't be reached
        self.setObjectName("window")
        self.setWindowTitle("Latent Explorer")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.table = CommandTable(self, self.menuBar(), services.notices)
        self.keeper = Keeper(services.session, home / "session.json", self.panel_settings, self)
        self.trainings = Trainings(parent=self)
        self.tabs = self._build_centre()
        self.table.add(window_commands(self), separator=False)
        self._add_recent_menu()
        self.addToolBar(build_toolbar(services.session, self.table))
        self.status = StatusBar(services)
        self.setStatusBar(self.status)
        self._palette = Palette(self.table, self)
        self._connect()
        for name in FIRST:
            self._load(name)
        self._restore_layout()

    # Start and end

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        """After the first paint: read what there is, then load the other panels one by one."""
        self.rescan()
        self._waiting = [name for name in panel_modules() if name not in self.panels]
        QTimer.singleShot(0, self, self._load_next)
        self.trainings.set_active(True)

    @property
    def ready(self) -> bool:
        """Whether every panel is loaded and the session restored."""
        return self._read and not self._waiting

    def shut_down(self) -> None:
        """Save everything and end what the window started; trainings go on."""
        if self._ended:
            return
        self._ended = True
        settings = self.services.settings
        settings.setValue("window/geometry", self.saveGeometry())
        settings.setValue("window/state", self.saveState(kept.LAYOUT_VERSION))
        if (panel := self.tabs.currentWidget()) is not None:
            settings.setValue("window/tab", panel.objectName())
        settings.sync()
        if self._read:
            self.keeper.save_now()
        self.keeper.close()
        self.trainings.close()
        for panel in self.panels.values():
            panel.shut_down()
        self.services.jobs.close()
        self.services.host.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._say_trainings_go_on()
        self.shut_down()
        event.accept()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._layout_is_new:
            self._layout_is_new = False
            self._share_width()

    # What commands do

    def open_files(self, paths: list[str]) -> None:
        """Open models, sessions and images; what can't be opened is said."""
        for path in paths:
            try:
                saved = open_path(self.services, path)
            except ExplorerError as error:
                self.services.notices.problem.emit(error.what, error.advice)
            else:
                if saved is not None:
                    self._restore(saved)
                    self.services.notices.told.emit(f"The session {Path(path).name} is open.")

    def rescan(self) -> None:
        """Read the folders of models again (off the GUI thread)."""
        self.keeper.read(kept.read_list(self.services.settings, "opened"), with_session=not self._read)

    def show_palette(self) -> None:
        self._palette.open_over(self)

    def show_panel(self, name: str) -> None:
        """Bring a tab or a dock to the front."""
        panel = self.panels[name]
        if panel.area == "centre":
            self.tabs.setCurrentIndex(self._tab_of(name))
            panel.setFocus()
        else:
            self.dock(name).setVisible(not self.dock(name).isVisible())

    def dock(self, name: str) -> QDockWidget:
        """The dock of a left or right panel."""
        found = self.findChild(QDockWidget, f"dock.{name}")
        assert isinstance(found, QDockWidget)
        return found

    def choose_theme(self, name: str) -> None:
        self.theme.choose(name)
        self.services.settings.setValue("theme", name)

    def reset_layout(self) -> None:
        """Docks where they were at first, with their first widths."""
        for name, panel in self.panels.items():
            if panel.area != "centre":
                dock = self.dock(name)
                dock.setFloating(False)
                self.addDockWidget(AREAS[panel.area], dock)
                dock.show()
        self._share_width()
        self.tabs.setCurrentIndex(0)

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def panel_settings(self) -> dict[str, dict[str, Any]]:
        """What every panel wants to find again; of those not loaded yet, what they had."""
        return {**self._saved_panels, **{name: p.settings_to_save() for name, p in self.panels.items()}}

    # Dropping files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.open_files([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    # Within

    def _build_centre(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setObjectName("panels")
        tabs.setDocumentMode(True)
        tabs.tabBar().setAccessibleName("Panels")
        tabs.setAccessibleName("Panels")
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(NoticeBar(self.services.notices))
        column.addWidget(tabs, 1)
        self.setCentralWidget(middle)
        return tabs

    def _connect(self) -> None:
        session, host, notices = self.services.session, self.services.host, self.services.notices
        session.history_changed.connect(self.table.refresh_soon)
        session.model_changed.connect(self._show_title)
        session.models_changed.connect(self.table.refresh_soon)
        session.image_dropped.connect(self._find_taker)  # before the panels hear of it
        host.problem.connect(notices.problem)
        host.state_changed.connect(self._on_host_state)
        host.line_changed.connect(self.table.refresh_soon)
        self.services.jobs.problem.connect(notices.problem)
        self.keeper.problem.connect(notices.problem)
        self.keeper.found.connect(self._on_found)
        self.trainings.problem.connect(notices.problem)
        self.trainings.runs_changed.connect(self._on_runs)

    def _load(self, name: str) -> None:
        """Import a panel, put it where it belongs, give it what it saved."""
        kind = load_panel(name)
        if kind is None:
            return
        panel = self.panels[name] = kind(self.services)
        if panel.area == "centre":
            self._add_tab(panel)
        else:
            self._add_dock(panel)
        self.table.add([*panel.commands(), self._show_command(panel)])
        if name in self._saved_panels:
            panel.restore_settings(self._saved_panels[name])

    def _load_next(self) -> None:
        name = self._waiting[0] if self._waiting else ""
        try:
            if name:
                self._load(name)
        finally:  # one panel that can't be loaded is reported and must not keep the others away
            self._waiting = self._waiting[1:]
            if self._waiting:
                QTimer.singleShot(0, self, self._load_next)
            else:
                self.theme.recolour_plots()
                self._restore_tab()
                self._complete_maybe()

    def _add_tab(self, panel: Panel) -> None:
        # On a small screen a wide panel is scrolled; it must not make the window larger than the screen.
        page = QScrollArea()
        page.setObjectName(panel.name)
        page.setFrameShape(QFrame.Shape.NoFrame)
        page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page.setWidgetResizable(True)
        page.setWidget(panel)
        at = sum(self.panels[name].order <= panel.order for name in self._tab_names())
        self.tabs.insertTab(at, page, panel.title)
        self.tabs.setTabToolTip(at, panel.tip)

    def _add_dock(self, panel: Panel) -> None:
        dock = QDockWidget(panel.title, self)
        dock.setObjectName(f"dock.{panel.name}")
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        dock.setWidget(panel)
        self.addDockWidget(AREAS[panel.area], dock)

    def _share_width(self) -> None:
        docked = [panel for panel in self.panels.values() if panel.area != "centre"]
        widths = [round(DOCK_SHARES[panel.area] * self.width()) for panel in docked]
        self.resizeDocks([self.dock(p.name) for p in docked], widths, Qt.Orientation.Horizontal)

    def _show_command(self, panel: Panel) -> Command:
        if panel.area != "centre":
            return Command(f"show.{panel.name}", panel.title, lambda: self.show_panel(panel.name), "View",
                           DOCK_KEYS[panel.area], f"Show or hide: {panel.title}",
                           checked=lambda: not self.dock(panel.name).isHidden())  # fmt: skip
        shortcut = "" if panel.order % 10 else f"Ctrl+{panel.order // 10}"  # tabs between tens have none
        return Command(f"show.{panel.name}", panel.title, lambda: self.show_panel(panel.name), "View",
                       shortcut, panel.tip,
                       checked=lambda: self.tabs.currentIndex() == self._tab_of(panel.name))  # fmt: skip

    def _tab_names(self) -> list[str]:
        pages = (self.tabs.widget(i) for i in range(self.tabs.count()))
        return [page.objectName() for page in pages if page is not None]

    def _tab_of(self, name: str) -> int:
        """Where the tab of a panel is, −1 when it has none."""
        names = self._tab_names()
        return names.index(name) if name in names else -1

    def _add_recent_menu(self) -> None:
        menu = QMenu("Open recent", self)
        menu.aboutToShow.connect(lambda: self._fill_recent(menu))
        self.table.menu("File").insertMenu(self.table.actions["session.save"], menu)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        paths = kept.read_list(self.services.settings, "recent")
        for path in paths:
            action = menu.addAction(Path(path).name, partial(self.open_files, [path]))
            action.setToolTip(path)
            action.setEnabled(Path(path).exists())
        if not paths:
            menu.addAction("Nothing yet").setEnabled(False)

    def _restore_layout(self) -> None:
        settings = self.services.settings
        self.resize(1280, 800)
        geometry = kept.read_bytes(settings, "window/geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        state: QByteArray = kept.read_bytes(settings, "window/state")
        self._layout_is_new = state.isEmpty() or not self.restoreState(state, kept.LAYOUT_VERSION)

    def _restore_tab(self) -> None:
        name = kept.read_text(self.services.settings, "window/tab")
        if self.tabs.currentIndex() == 0 and self._tab_of(name) >= 0:
            self.tabs.setCurrentIndex(self._tab_of(name))

    def _on_found(self, found: Found) -> None:
        session, first = self.services.session, not self._read
        self._read = True
        if found.saved is not None:
            self._restore(found.saved)
        paths = {info.path for info in found.models}
        lively = [m for m in session.models.values() if m.path not in paths and Path(m.path).exists()]
        session.set_models([*found.models, *lively], found.broken)
        if not first:
            return
        if found.problem is not None:
            self.services.notices.problem.emit(*found.problem)
        self.open_files(self._files)
        self.keeper.watch()
        self._complete_maybe()

    def _restore(self, saved: Saved) -> None:
        self._saved_panels = {name: dict(data) for name, data in saved.panels.items()}
        self.services.session.restore(saved.state)
        for name, panel in self.panels.items():
            if name in self._saved_panels:
                panel.restore_settings(self._saved_panels[name])

    def _complete_maybe(self) -> None:
        if self.ready:
            self.table.refresh()
            self.complete.emit()

    def _on_runs(self, runs: list[RunSummary]) -> None:
        self.status.show_runs(runs)
        with_model = {run.folder for run in runs if run.model_time}
        if self._read and with_model - self._known_runs:
            self.rescan()
        self._known_runs = with_model

    def _find_taker(self, _image: object) -> None:
        """An image is for the panel in front; where that can't use it, for Explore."""
        page = self.tabs.currentWidget()
        front = self.panels.get(page.objectName()) if page is not None else None
        if front is None or not front.takes_images:
            self.tabs.setCurrentIndex(self._tab_of("explore"))

    def _on_host_state(self, state: str) -> None:
        self.table.refresh_soon()
        if state == "ready" and self._away:
            self.services.notices.told.emit("The connection is back, and with it the picture.")
        self._away = state == "away" or (self._away and state == "starting")
        if state == "lost" and not self.services.host.moving:
            text = "The model host has ended; a new one is starting and brings back the picture."
            self.services.notices.told.emit(text)

    def _show_title(self) -> None:
        info = self.services.session.model
        self.setWindowTitle(f"{info.name} — Latent Explorer" if info else "Latent Explorer")

    def _say_trainings_go_on(self) -> None:
        settings = self.services.settings
        text = self.status.trainings.text()
        if not text or kept.read_text(settings, "told/trainings"):
            return
        settings.setValue("told/trainings", "yes")
        QMessageBox.information(
            self,
            "Latent Explorer",
            f"{text}: it goes on in the background, and the Train panel finds it again.",
        )
