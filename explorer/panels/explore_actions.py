"""What one can do in Explore, as commands for the menus and as the menu of its save button."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QMenu

from backends.api import WHY_NOT, Capability
from explorer.panels.base import Command

if TYPE_CHECKING:
    from explorer.panels.explore import ExplorePanel

VIEW_TIPS = {
    "Picture": "The picture alone, as large as it gets",
    "Manifold": "The whole two-dimensional latent space at once; point into it to go there",
    "Samples": "Random pictures, one for each seed; click one to make it current",
    "Original": "The image that was encoded, beside its reconstruction",
}
NO_MODEL = "Choose a model first."
NO_WALK = "Make a walk first: choose its start and end."


def explore_commands(panel: ExplorePanel) -> list[Command]:
    """The commands of the Explore menu."""
    walk = panel.walk

    def model() -> bool | str:
        return panel.session.model is not None or NO_MODEL

    def walking() -> bool | str:
        return walk.path is not None or NO_WALK

    def encoding() -> bool | str:
        info = panel.session.model
        return (info.can(Capability.ENCODES) or WHY_NOT[Capability.ENCODES]) if info else NO_MODEL

    menu = "Explore"
    return [
        Command("explore.favourite", "Add favourite", panel.add_favourite, menu, "Ctrl+D",
                "Keep the current code with a thumbnail on the shelf", model),
        Command("explore.encode", "Encode an image…", panel.encode_file, menu, "Ctrl+I",
                "Look for the code of an image", encoding),
        Command("explore.snap", "Snap to the nearest seed", panel.snap, menu, "Ctrl+Shift+D",
                "From anywhere between seeds to the nearest one", model),
        Command("explore.new_samples", "New samples", partial(new_samples, panel), menu, "Ctrl+Shift+N",
                "A grid of pictures of other seeds", model),
        *_view_commands(panel),
        Command("explore.two_new", "New walk", walk.two_new, menu, "Ctrl+T",
                "Between two new pictures, of different classes where they are known", model),
        Command("explore.play", "Play the walk", walk.toggle_playing, menu, "Ctrl+P",
                "Play or pause the walk in the large picture", walking, lambda: walk.player.playing),
        Command("explore.copy_image", "Copy picture", panel.copy_image, menu, "Ctrl+Shift+I",
                "The picture to the clipboard", model),
        *_save_commands(panel, model, walking),
    ]  # fmt: skip


def save_menu(panel: ExplorePanel) -> QMenu:
    """The same commands for saving, on a button."""
    menu = QMenu(panel)
    menu.setToolTipsVisible(True)

    def fill() -> None:
        menu.clear()
        for command in explore_commands(panel):
            if command.id.startswith(("explore.save", "explore.copy", "explore.enlarge")):
                action = menu.addAction(command.text)
                able = command.enabled()
                action.setEnabled(able is True)
                action.setToolTip(able if isinstance(able, str) else command.tip)
                if command.checked is not None:
                    action.setCheckable(True)
                    action.setChecked(command.checked())
                action.triggered.connect(lambda _=False, run=command.run: run())

    menu.aboutToShow.connect(fill)
    return menu


def new_samples(panel: ExplorePanel) -> None:
    """Show the grid of samples, with other seeds."""
    panel.samples.renew()
    panel.set_view("Samples")


def _view_commands(panel: ExplorePanel) -> list[Command]:
    def able(button: QAbstractButton) -> bool | str:
        return button.isEnabled() or button.toolTip()

    commands = []
    for number, (name, tip) in enumerate(VIEW_TIPS.items(), 1):
        button = panel.views.button(number - 1)
        view = Command(
            f"explore.view_{name.lower()}", f"View: {name}", partial(panel.set_view, name), "Explore",
            f"Alt+{number}", tip, partial(able, button), button.isChecked,
        )  # fmt: skip
        commands.append(view)
    smooth = panel.smooth
    commands.append(
        Command("explore.smooth", "Smooth pictures", smooth.toggle, "Explore", "Ctrl+Shift+M",
                smooth.toolTip(), checked=smooth.isChecked)
    )  # fmt: skip
    return commands


def _save_commands(
    panel: ExplorePanel, model: Callable[[], bool | str], walking: Callable[[], bool | str]
) -> list[Command]:
    menu = "Explore/Save"

    def sampled() -> bool | str:
        return bool(panel.samples.grid.arrays) or "Look at the samples first (Alt+3)."

    def enlarge() -> None:
        panel.saver.enlarge = not panel.saver.enlarge

    return [
        Command("explore.save_picture", "Picture (PNG)…", panel.save_picture, menu, "Ctrl+E",
                "The picture with its code inside: drop it on the window to come back", model),
        Command("explore.save_strip", "Strip (PNG)…", partial(panel.save_walk, ".png"), menu, "Ctrl+Shift+E",
                "The steps of the walk side by side", walking),
        Command("explore.save_gif", "Animation (GIF)…", partial(panel.save_walk, ".gif"), menu, "",
                "The walk as a GIF that repeats", walking),
        Command("explore.save_mp4", "Animation (MP4)…", partial(panel.save_walk, ".mp4"), menu, "",
                "The walk as a video", walking),
        Command("explore.save_samples", "Samples (PNG)…", panel.save_samples, menu, "",
                "The grid of samples", sampled),
        Command("explore.enlarge", "Enlarge small pictures", enlarge, menu, "",
                "Save pictures of few pixels larger, pixel by pixel", checked=lambda: panel.saver.enlarge),
    ]  # fmt: skip
