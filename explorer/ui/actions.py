"""The window's own commands; panels bring theirs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

from explorer.model.files import write_session
from explorer.panels.base import Command, Services
from explorer.panels.code_actions import copy_code, paste_code, random_seed, step_seed
from explorer.ui import help as pages
from explorer.ui.errors import about_this_machine
from explorer.ui.remote import ask_machine, come_back
from explorer.ui.settings import add_recent
from explorer.ui.theme import CHOICES

if TYPE_CHECKING:
    from explorer.ui.window import Window

DEVICES = {"auto": "Automatic", "cuda": "CUDA", "mps": "Apple", "cpu": "CPU"}
OPENABLE = (
    "All that can be opened (*.safetensors *.json *.png *.jpg *.jpeg *.webp *.bmp);;"
    "Models (*.safetensors);;Sessions (*.json);;Images (*.png *.jpg *.jpeg *.webp *.bmp);;All files (*)"
)
NO_MODEL = "There is no model yet: train one or open one."


def window_commands(window: Window) -> list[Command]:
    """All of them, in the order of the menus."""
    return [
        *_file(window), *_edit(window.services), *_seeds(window.services), *_view(window),
        *_model(window), *_help(window),
    ]  # fmt: skip


def _file(window: Window) -> list[Command]:
    return [
        Command("open", "Open…", lambda: _choose(window, "Open", OPENABLE), "File", "Ctrl+O",
                "Open a model, a session or an image"),
        Command("session.save", "Save session as…", lambda: _save_as(window), "File", "Ctrl+S",
                "Save favourites, directions, codes and the path; the running session is saved by itself"),
        Command("rescan", "Look for models again", window.rescan, "File", "F5",
                "Read the folders of models and runs again"),
        Command("quit", "Quit", window.close, "File", "Ctrl+Q", "Trainings go on; the session is saved"),
    ]  # fmt: skip


def _edit(services: Services) -> list[Command]:
    session = services.session

    def has_code() -> bool | str:
        return session.code is not None or NO_MODEL

    return [
        Command("undo", "Undo", session.undo, "Edit", "Ctrl+Z",
                enabled=lambda: bool(session.undo_label) or "There is nothing to undo."),
        Command("redo", "Redo", session.redo, "Edit", "Ctrl+Shift+Z",
                enabled=lambda: bool(session.redo_label) or "There is nothing to redo."),
        Command("code.copy", "Copy code", lambda: copy_code(services), "Edit", "Ctrl+Shift+C",
                "The current code as short text that gives it back to the bit", has_code),
        Command("code.paste", "Paste code", lambda: paste_code(services), "Edit", "Ctrl+Shift+V",
                "Make the code on the clipboard current", has_code),
        Command("code.reset", "Reset code", session.reset, "Edit", "Ctrl+0",
                "Every unlocked slider to zero", has_code),
    ]  # fmt: skip


def _seeds(services: Services) -> list[Command]:
    session = services.session

    def has_model() -> bool | str:
        return session.model is not None or NO_MODEL

    return [
        Command("seed.previous", "Previous seed", lambda: step_seed(session, -1), "Explore", "Alt+Left",
                enabled=has_model),
        Command("seed.next", "Next seed", lambda: step_seed(session, 1), "Explore", "Alt+Right",
                enabled=has_model),
        Command("seed.random", "Random seed", lambda: random_seed(session), "Explore", "Ctrl+R",
                "Another picture; locked sliders stay", has_model),
    ]  # fmt: skip


def _view(window: Window) -> list[Command]:
    def chosen(name: str) -> bool:
        return window.theme.choice == name

    themes = [
        Command(f"theme.{name}", name.capitalize(), partial(window.choose_theme, name), "View/Theme",
                checked=partial(chosen, name))
        for name in CHOICES
    ]  # fmt: skip
    return [
        Command("palette", "Search commands…", window.show_palette, "View", "Ctrl+Shift+P",
                "Type a few letters of what you want"),
        *themes,
        Command("layout.reset", "Reset layout", window.reset_layout, "View",
                tip="Docks, tabs and toolbar as they were at first"),
        Command("fullscreen", "Full screen", window.toggle_full_screen, "View", "F11",
                checked=window.isFullScreen),
    ]  # fmt: skip


def _model(window: Window) -> list[Command]:
    host = window.services.host

    def there(name: str) -> bool | str:
        if host.state != "ready":
            return "The model host is starting."
        place = host.line.machine or "This computer"
        return name == "auto" or name in host.devices or f"{place} has no {DEVICES[name]} device."

    def chosen(name: str) -> bool:
        return host.wanted_device == name

    devices = [
        Command(f"device.{name}", text, partial(host.set_device, name), "Model/Device",
                tip=f"Run models on: {text}", enabled=partial(there, name), checked=partial(chosen, name))
        for name, text in DEVICES.items()
    ]  # fmt: skip
    return [
        *devices,
        Command("device.remote", "Remote…", lambda: ask_machine(window.services, window), "Model/Device",
                tip="Run models on another machine, over ssh", checked=lambda: host.line.far),
        Command("device.here", "This computer", lambda: come_back(window.services), "Model/Device",
                tip="Run models on this computer again", checked=lambda: not host.line.far,
                enabled=lambda: host.line.far or "Models are run on this computer."),
        Command("host.restart", "Restart model host", host.restart, "Model",
                tip="End the process that holds the models and start a new one; nothing is lost"),
    ]  # fmt: skip


def _help(window: Window) -> list[Command]:
    table = window.table

    def about() -> None:
        box = QMessageBox(window)
        box.setWindowTitle("About Latent Explorer")
        box.setText("Latent Explorer")
        box.setInformativeText(
            "See, steer, compare and train generative models through their latent space.\n\n"
            + about_this_machine()
        )
        box.open()

    return [
        Command("help.begin", "Getting started", partial(pages.show_page, window, "First steps", pages.BEGIN),
                "Help", "F1"),
        Command("help.shortcuts", "Shortcuts",
                lambda: pages.show_page(window, "Shortcuts", pages.shortcuts_page(table)), "Help", "Ctrl+F1"),
        Command("about", "About Latent Explorer", about, "Help"),
    ]  # fmt: skip


def _choose(window: Window, title: str, kinds: str) -> None:
    dialog = QFileDialog(window, title, "", kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(window.open_files)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _save_as(window: Window) -> None:
    dialog = QFileDialog(window, "Save session", "session.json", "Sessions (*.json)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")

    def save(path: str) -> None:
        write_session(Path(path), window.keeper.snapshot())
        add_recent(window.services.settings, path)
        window.services.notices.told.emit(f"The session is saved in {Path(path).name}.")

    dialog.fileSelected.connect(save)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
