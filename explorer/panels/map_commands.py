"""What one can do on the Map, as commands for the menus, the palette and the buttons over the map."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.panels.base import Command
from explorer.widgets.map_view.layer import MODES
from explorer.widgets.map_view.thumbnails import WHEN
from explorer.widgets.map_view.tools import TOOLS

if TYPE_CHECKING:
    from explorer.panels.map import MapPanel

NO_MAP = "Make a map first."
NOT_SEEN = "The images of so large a map are made only when they are looked at."
NO_SELECTION = "Select points on the map first, with the lasso or the rectangle."
PAGE_KEYS = {"settings": "Ctrl+Alt+E"}
CONTOURS = {"": "No contours", "all": "Contours of all points", "each": "Contours of each class"}


def map_commands(panel: MapPanel) -> list[Command]:
    """Everything, in the order of the menu."""
    return [
        *_making(panel), *more_commands(panel), *tool_commands(panel), *view_commands(panel),
        *selection_commands(panel),
    ]  # fmt: skip


def _making(panel: MapPanel) -> list[Command]:
    def can_make() -> bool | str:
        return True if panel.bar.make.isEnabled() else panel.bar.make.toolTip()

    def mapped() -> bool | str:
        return panel.map is not None or NO_MAP

    def running() -> bool | str:
        return panel.making.job is not None or "No layout is under way."

    return [
        Command("map.make", "Make map", panel.make, "Map", "Ctrl+M",
                "Lay out the codes on a plane as the choices above it say", can_make),
        Command("map.pause", "Pause the layout", panel.waiting.pause.toggle, "Map", "",
                "Let the layout wait, or go on", running, checked=lambda: panel.making.held),
        Command("map.finish", "Finish the layout now", panel.making.finish, "Map", "",
                "End the layout with the picture that is there", running),
        Command("map.go_on", "Go on with the layout", panel.making.go_on, "Map", "",
                "Go on with a layout that was finished early",
                lambda: (panel.map is not None and panel.map.stopped is not None)
                or "No layout was finished early."),
        Command("map.cancel", "Give up the map", panel.cancel, "Map", "",
                "Stop what is being computed", lambda: panel.waits or "No map is due."),
        Command("map.find", "Find points…", panel.open_search, "Map", "Ctrl+Alt+G",
                "Search for points by class or number", mapped),
        Command("map.open", "Map a file of embeddings…", panel.ask_and_open, "Map", "",
                "Rows of a .npy, .npz or Parquet file; one can be dropped on the map too"),
        Command("map.save_picture", "Save map as picture…", partial(panel.ask_and_save, ".png"), "Map", "",
                "The map with its legend as PNG", mapped),
        Command("map.save_vector", "Save map as vector picture…", partial(panel.ask_and_save, ".svg"),
                "Map", "", "The map with its legend as SVG", mapped),
        Command("map.save_table", "Save map as table…", partial(panel.ask_and_save, ".csv"), "Map", "",
                "Positions, classes and codes as CSV", mapped),
    ]  # fmt: skip


def more_commands(panel: MapPanel) -> list[Command]:
    """What is needed now and then: the exercise, a second map, side pages."""

    def images() -> bool | str:
        if panel.map is None:
            return NO_MAP
        return NOT_SEEN if panel.map.cloud.images is None else True

    made = [
        Command("map.fit", "Fit map in view", panel.scatter.fit_view, "Map/More", "Ctrl+Alt+0",
                "Bring all points into view", lambda: panel.map is not None or NO_MAP),
    ]  # fmt: skip
    made += [
        Command("map.exercise", "The lecture's exercise", panel.beside.exercise, "Map/More", "",
                "Sample, generate, classify, lay out the codes, and beside them their images' features",
                lambda: panel.bar.reason(panel.session.model, "codes") or True),
        Command("map.beside", "Second map by the images", panel.beside.start, "Map/More", "",
                "The same points by the features of their images, or their pixels, beside this map", images),
        Command("map.likelihood", "Colour by likelihood", panel.likelihood.colour, "Map/More", "",
                "Ask the model how likely it finds each image", panel.likelihood.can),
        Command("map.beside_close", "Close the second map", panel.beside.close_map, "Map/More", "",
                "The first map alone", lambda: panel.beside.positions is not None or "There is none."),
    ]  # fmt: skip
    made += [
        Command(f"map.page_{name}", page.title, partial(panel.pages.turn, name), "Map/Pages",
                PAGE_KEYS.get(name, ""), page.tip, checked=partial(lambda n: panel.pages.open == n, name))
        for name, page in panel.pages.pages.items()
    ]  # fmt: skip
    return made


def tool_commands(panel: MapPanel) -> list[Command]:
    """What the pointer does."""
    made = []
    for number, (name, tip) in enumerate(TOOLS.items(), 1):
        title = f"Pointer: {tip.split(':')[0].lower()}"
        made.append(
            Command(f"map.tool_{name}", title, partial(panel.scatter.set_tool, name), "Map/Pointer",
                    f"Ctrl+Alt+{number}", tip, checked=partial(_is_tool, panel, name))
        )  # fmt: skip
    return made


def view_commands(panel: MapPanel) -> list[Command]:
    """How the map looks."""
    look, menu = panel.look, "Map/View"
    keys = {"points": "Ctrl+Alt+P", "density": "Ctrl+Alt+D", "mix": "Ctrl+Alt+X"}
    titles = {"points": "Points", "density": "Density", "mix": "Mixture of classes"}
    made = [
        Command(f"map.mode_{mode}", titles[mode], partial(look.set_mode, mode), f"{menu}/Draw", keys[mode],
                tip, checked=partial(lambda m: look.mode == m, mode))
        for mode, tip in MODES.items()
    ]  # fmt: skip
    made += [
        Command("map.larger", "Larger points", partial(look.resize, 1), f"{menu}/Size", "Ctrl+Alt+Up",
                "Points up to 6 pixels wide", lambda: look.can_grow or "They are as large as they get."),
        Command("map.smaller", "Smaller points", partial(look.resize, -1), f"{menu}/Size", "Ctrl+Alt+Down",
                "Points down to a pixel", lambda: look.can_shrink or "They are as small as they get."),
    ]  # fmt: skip
    made += [
        Command(f"map.contours_{kind or 'none'}", title, partial(look.set_contours, kind), f"{menu}/Contours",
                "Ctrl+Alt+K" if kind == "each" else "", "Lines of equal density around points",
                checked=partial(lambda k: look.contours == k, kind))
        for kind, title in CONTOURS.items()
    ]  # fmt: skip
    made += [
        Command(f"map.thumbnails_{when}", title if when == "never" else f"Thumbnails: {title.lower()}",
                partial(look.set_thumbnails, when), f"{menu}/Thumbnails",
                "Ctrl+Alt+I" if when == "always" else "", "Small pictures in place of points",
                checked=partial(lambda w: look.thumbnails == w, when))
        for when, title in WHEN.items()
    ]  # fmt: skip
    return [
        *made,
        Command("map.names", "Names of classes", partial(look.set_names, None), f"{menu}/Show", "Ctrl+Alt+L",
                "The name of each class in the middle of its points", checked=lambda: look.names),
        Command("map.between", "Between points: what would be there", partial(look.set_between, None),
                f"{menu}/Show", "Ctrl+Alt+B",
                "Where the pointer is over no point, show what the model would make there",
                checked=lambda: look.between),
    ]  # fmt: skip


def selection_commands(panel: MapPanel) -> list[Command]:
    """What to do with the points selected, and with one of them."""
    at, menu = panel.selecting, "Map/Selection"

    def some() -> bool | str:
        return len(at.here) > 0 or NO_SELECTION

    def codes() -> bool | str:
        if panel.map is not None and panel.map.unlike:
            return panel.map.unlike
        return some()

    def seen() -> bool | str:
        if panel.map is not None and panel.map.cloud.images is None:
            return NOT_SEEN
        return codes()

    def two() -> bool | str:
        if at.kept is None:
            return "Remember a selection as the start first."
        return codes()

    return [
        Command("map.select_mean", "Mean as current code", at.mean, menu, "",
                "The mean of the codes selected becomes the current code", codes),
        Command("map.select_remember", "Remember as start of a direction", at.remember, menu, "",
                "The group that a direction leads away from", codes),
        Command("map.select_direction", "Direction from the remembered to these", at.direction, menu, "",
                "The difference of the two groups' means, a slider with its accuracy", two),
        Command("map.select_favourites", "To favourites", at.favourites, menu, "",
                "Keep the points selected on the shelf", seen),
        Command("map.select_neighbours", "Nearest neighbours", panel.travel.show_neighbours, f"{menu}/Near",
                "", "The points nearest to the first one selected, or to the one clicked last",
                lambda: panel.map is not None or NO_MAP),
        Command("map.select_csv", "Codes as table…", partial(at.ask_and_save_codes, ".csv"), f"{menu}/Save",
                "", "Ids, positions, classes and codes as CSV", some),
        Command("map.select_npz", "Codes as arrays…", partial(at.ask_and_save_codes, ".npz"), f"{menu}/Save",
                "", "Ids, positions, classes and codes as NPZ", some),
        Command("map.select_png", "Grid of images…", at.save_pictures, f"{menu}/Save", "",
                "The images of the selection side by side as PNG", seen),
        Command("map.select_invert", "Invert", at.invert, f"{menu}/Select", "",
                "Select what is not selected", lambda: panel.map is not None or NO_MAP),
        Command("map.select_none", "Select none", at.clear, f"{menu}/Select", "",
                "Esc on the map does the same", some),
    ]  # fmt: skip


def _is_tool(panel: MapPanel, name: str) -> bool:
    return bool(panel.scatter.tools.tool == name)
