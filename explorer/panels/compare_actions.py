"""What one can do in Compare, as commands for the menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.panels.base import Command

if TYPE_CHECKING:
    from explorer.panels.compare import ComparePanel


def compare_commands(panel: ComparePanel) -> list[Command]:
    """The commands of the Compare menu."""
    menu, measure = "Compare", panel.figures.measure

    def some() -> bool | str:
        return bool(panel.columns) or "Add a model first."

    return [
        Command("compare.current", "Compare the current model", panel.add_current, menu, "Ctrl+Alt+M"),
        Command("compare.space", "Compare all of this latent space", panel.add_agreeing, menu),
        Command("compare.file", "Compare a model file…", panel.open_file, menu),
        Command("compare.image", "Compare on an image…", panel.open_image, menu),
        Command("compare.measure", "Measure reconstruction errors", measure, menu, enabled=some),
        Command("compare.clear", "Remove all from the comparison", panel.clear, menu, enabled=some),
    ]
