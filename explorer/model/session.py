"""The session: the one thing every panel looks at and changes. Plain Python, no Qt.

All changes go through `edit`, which keeps what was before: undo and redo are free. A gesture (one
drag of a slider) is one undo step, however many values it passed: edits with the same `merge` key
join until `end_gesture`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from psygnal import Signal

from backends.api import Array, BadCode, Code, Knob, LatentSpace, ModelInfo
from explorer.model.selection import Selection
from explorer.model.state import Direction, Favourite, Grouping, Path, Recipe, Source, State

UNDO_LIMIT = 200
FIRST_MODEL = (
    "mnist-vae"  # what a first start shows: it encodes, its walks are smooth, its sliders mean something
)


@dataclass(frozen=True)
class _Step:
    label: str
    state: State
    merge: str


class Session:
    """What is current. Listen with `session.code_changed.connect(f)`; change with the methods.

    Signals fire after the change, on the thread that made it (the GUI thread).
    """

    models_changed = Signal()  # the list of known models
    model_changed = Signal()  # the current model (code_changed follows)
    code_changed = Signal()  # the current code
    favourites_changed = Signal()
    directions_changed = Signal()
    path_changed = Signal()
    sources_changed = Signal()
    recipes_changed = Signal()
    groupings_changed = Signal()  # names of groups, or which are joined
    compared_changed = Signal()
    locks_changed = Signal()
    selection_changed = Signal()  # the points chosen on a map
    history_changed = Signal()  # what undo and redo would do
    rested = Signal()  # the hand that was changing something let go
    image_dropped = Signal(object)  # uint8 [H, W, C]: an image to encode, from wherever it was dropped

    def __init__(self) -> None:
        self.state = State()
        self.models: dict[str, ModelInfo] = {}
        self.broken: list[tuple[str, str]] = []  # model files that can't be used: path, reason
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._open_gesture = ""

    # What is current

    @property
    def model(self) -> ModelInfo | None:
        return self.models.get(self.state.model)

    @property
    def code(self) -> Code | None:
        return self.state.code if self.model else None

    @property
    def space(self) -> LatentSpace | None:
        return self.model.space if self.model else None

    def directions_of(self, model: str, part: str | None = None) -> list[Direction]:
        return [d for d in self.state.directions if d.model == model and part in (None, d.part)]

    # Changes

    def edit(self, label: str, merge: str = "", **changes: Any) -> None:
        """Replace fields of the state as one undoable step named `label`."""
        self._apply(replace(self.state, **changes), label, merge)

    def end_gesture(self) -> None:
        """The hand let go: the next edit is an undo step of its own."""
        moving, self._open_gesture = self.moving, ""
        if moving:
            self.rested.emit()

    @property
    def moving(self) -> bool:
        """Whether a hand is still changing something: `rested` fires when it lets go."""
        return bool(self._open_gesture)

    def set_models(
        self, models: Iterable[ModelInfo], broken: Sequence[tuple[str, str]] | None = None
    ) -> None:
        """The catalogue was read: these are the models there are. Not undoable."""
        before = self.model
        self.broken = self.broken if broken is None else list(broken)
        self.models = {info.path: info for info in models}
        self.models_changed.emit()
        if self.model is None:
            generators = [m for m in self.models.values() if m.can_generate]
            if generators:
                first = next((m for m in generators if m.name == FIRST_MODEL), generators[0])
                self._become(self._with_model(first.path))
        elif not self._fits(self.model, self.state.code):
            self._become(self._with_model(self.state.model))
        elif self.model != before:  # a restored session's model is known only now, or its file is newer
            self.model_changed.emit()
            self.code_changed.emit()

    def add_model(self, info: ModelInfo) -> None:
        """A model was opened or has been trained further."""
        self.set_models({**self.models, info.path: info}.values())

    def select_model(self, path: str) -> None:
        """Make a known model current, with the code it was left at."""
        if path in self.models and path != self.state.model:
            self._apply(self._with_model(path), f"Model {self.models[path].name}", "")

    def set_code(self, code: Code, label: str = "Change code", merge: str = "") -> None:
        """Make `code` current. Raises `BadCode` when it belongs to another latent space."""
        if self.space is None:
            raise BadCode("There is no model yet.", "Choose a model first.")
        self.space.pack(code)
        self._apply(self.state.with_code(code), label, merge)

    def set_value(self, part: str, dimension: int, value: float) -> None:
        """Move one slider: `value` in standard deviations from the centre of the part."""
        if self.code is None or self.space is None:
            return
        at = self.space[part]
        values = self.code.values[part].copy()
        values[dimension] = at.centre[dimension] + value * at.deviation[dimension]
        self.set_code(self.code.with_value(part, values), f"Move {part} {dimension}", f"{part}.{dimension}")

    def set_seed(self, seed: int) -> None:
        """The code of a seed; locked dimensions stay."""
        if self.space is None:
            return
        code = self._keep_locked(self.space.sample(seed))
        lattice = (float(seed % 100), float(seed // 100))
        self._apply(self.state.with_code(code, seed=seed, lattice=lattice), f"Seed {seed}", "")

    def set_lattice(self, x: float, y: float) -> None:
        """The continuous two-number latent, by dragging on the image."""
        if self.space is None:
            return
        code = self._keep_locked(self.space.lattice(x, y))
        self._apply(self.state.with_code(code, lattice=(x, y)), "Drag through the latent space", "lattice")

    def set_truncation(self, psi: float) -> None:
        if self.code is not None:
            self.set_code(self.code.with_truncation(psi), "Truncation", "truncation")

    def set_knob(self, knob: Knob, value: float) -> None:
        """Turn a knob of the current model; its default leaves the code as if it had never been touched."""
        if self.code is None:
            return
        options = {name: v for name, v in self.code.options.items() if name != knob.name}
        if (kept := knob.value({knob.name: value})) != knob.default:
            options[knob.name] = kept
        self.set_code(self.code.with_options(options), knob.title, f"knob {knob.name}")

    def set_noise(self, part: str, seed: int) -> None:
        """The noise of one part as a seed gives it; the rest of the code stays."""
        if self.code is not None and self.space is not None:
            noise = self.space.sample(seed).values[part]
            self.set_code(self.code.with_value(part, noise), f"Noise {seed}")

    def code_at(self, vector: Array, truncation: float = 1.0) -> Code:
        """The code of a packed vector `[D]` of the current model, with its knobs as they stand."""
        assert self.space is not None
        code = self.space.unpack(vector, truncation)
        return code.with_options(self.code.options) if self.code else code

    def reset(self) -> None:
        """Every unlocked slider and knob to its home, truncation to one; labels and noise stay."""
        if self.space is None or self.code is None:
            return
        centre = self.space.centre()
        for part in self.space.parts:
            if not part.continuous or part.seeded:
                centre = centre.with_value(part.name, self.code.values[part.name])
        self.set_code(self._keep_locked(centre).with_truncation(1.0).with_options({}), "Reset")

    def toggle_lock(self, part: str, dimension: int) -> None:
        key = (self.state.model, part, dimension)
        locks = self.state.locks ^ {key}
        self.edit("Unlock" if key in self.state.locks else "Lock", locks=locks)

    def add_favourite(self, favourite: Favourite) -> None:
        self.edit("Add favourite", favourites=(*self.state.favourites, favourite))

    def remove_favourites(self, ids: Sequence[str]) -> None:
        kept = tuple(f for f in self.state.favourites if f.id not in ids)
        self.edit("Remove favourite", favourites=kept)

    def rename_favourite(self, ident: str, name: str) -> None:
        named = tuple(replace(f, name=name) if f.id == ident else f for f in self.state.favourites)
        self.edit("Rename favourite", favourites=named)

    def add_direction(self, direction: Direction) -> None:
        self.edit(f"Direction {direction.name}", directions=(*self.state.directions, direction))

    def remove_direction(self, ident: str) -> None:
        kept = tuple(d for d in self.state.directions if d.id != ident)
        self.edit("Remove direction", directions=kept)

    def rename_direction(self, ident: str, name: str) -> None:
        named = tuple(replace(d, name=name) if d.id == ident else d for d in self.state.directions)
        self.edit("Rename direction", directions=named)

    def set_path(self, path: Path) -> None:
        self.edit("Path", merge="path", path=path)

    def set_sources(self, sources: Sequence[Source]) -> None:
        self.edit("Sources to mix", sources=tuple(sources))

    @property
    def recipe(self) -> Recipe:
        """How the current model's sources are mixed."""
        return self.state.recipes.get(self.state.model, Recipe())

    def set_recipe(self, recipe: Recipe, merge: str = "") -> None:
        self.edit("Mix", merge, recipes={**self.state.recipes, self.state.model: recipe})

    @property
    def grouping(self) -> Grouping:
        """What the current model's groups are called, and which are joined."""
        return self.state.groupings.get(self._weights, Grouping())

    def name_group(self, ident: str, name: str) -> None:
        """Call a group of the current model `name`; nothing gives it its own name back."""
        names = {known: said for known, said in self.grouping.names.items() if known != ident}
        if name:
            names[ident] = name
        self._set_grouping(f"Name {name or ident}", replace(self.grouping, names=names))

    def join_groups(self, joined: Sequence[Sequence[str]]) -> None:
        """Take these sets of groups of the current model together from now on; none parts them all."""
        kept = tuple(tuple(together) for together in joined)
        self._set_grouping("Join groups" if kept else "Part groups", replace(self.grouping, joined=kept))

    def _set_grouping(self, label: str, grouping: Grouping) -> None:
        if self._weights:
            self.edit(label, groupings={**self.state.groupings, self._weights: grouping})

    @property
    def _weights(self) -> str:
        """What names are kept by: the same weights have them wherever the file lies."""
        return (self.model.checksum or self.model.path) if self.model else ""

    def set_compared(self, paths: Sequence[str]) -> None:
        self.edit("Models to compare", compared=tuple(paths))

    @property
    def selection(self) -> Selection:
        """What is chosen of the current model's points; empty where nothing of it is."""
        chosen = self.state.selection
        return chosen if chosen.model == self.state.model else Selection()

    def select(self, selection: Selection) -> None:
        """Choose points for every panel to see."""
        if len(selection) or len(self.state.selection):
            self.edit(f"Select {len(selection):,} points" if len(selection) else "Select none",
                      selection=selection)  # fmt: skip

    # Undo

    @property
    def undo_label(self) -> str:
        return self._done[-1].label if self._done else ""

    @property
    def redo_label(self) -> str:
        return self._undone[-1].label if self._undone else ""

    def undo(self) -> None:
        self._travel(self._done, self._undone)

    def redo(self) -> None:
        self._travel(self._undone, self._done)

    def restore(self, state: State) -> None:
        """Begin anew with a saved state: nothing to undo."""
        self._done.clear()
        self._undone.clear()
        if state.model not in self.models and self.model is not None:
            state = replace(state, model=self.state.model)
        self._become(state)
        if self.models and self.model and not self._fits(self.model, self.state.code):
            self._become(self._with_model(self.state.model))
        self.history_changed.emit()

    # Within

    def _travel(self, source: list[_Step], target: list[_Step]) -> None:
        if source:
            step = source.pop()
            target.append(replace(step, state=self.state))
            self._open_gesture = ""
            self._become(step.state)
            self.history_changed.emit()

    def _apply(self, state: State, label: str, merge: str) -> None:
        if not (merge and merge == self._open_gesture and self._done):
            self._done.append(_Step(label, self.state, merge))
            del self._done[:-UNDO_LIMIT]
        self._undone.clear()
        self._open_gesture = merge
        self._become(state)
        self.history_changed.emit()

    def _become(self, state: State) -> None:
        before, self.state = self.state, state
        if before.model != state.model:
            self.model_changed.emit()
        if before.model != state.model or before.code is not state.code:
            self.code_changed.emit()
        for name, signal in self._watched().items():
            if getattr(before, name) is not getattr(state, name):
                signal()

    def _watched(self) -> dict[str, Callable[[], Any]]:
        names = (
            "favourites",
            "directions",
            "path",
            "sources",
            "recipes",
            "groupings",
            "compared",
            "locks",
            "selection",
        )
        return {name: getattr(self, f"{name}_changed").emit for name in names}

    def _with_model(self, path: str) -> State:
        info = self.models[path]
        state = replace(self.state, model=path)
        if not self._fits(info, state.code):
            state = state.with_code(info.space.sample(state.seed))
        return state

    @staticmethod
    def _fits(info: ModelInfo, code: Code | None) -> bool:
        return code is not None and info.space.fits(code)

    def _keep_locked(self, code: Code) -> Code:
        if self.code is None:
            return code
        for model, part, dimension in self.state.locks:
            if model == self.state.model and part in code.values:
                values = np.array(code.values[part])
                values[dimension] = self.code.values[part][dimension]
                code = code.with_value(part, values)
        return code.with_truncation(self.code.truncation).with_options(self.code.options)
