"""What a session holds, as immutable data: undo is a stack of these, a saved session is one as JSON."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, Code
from explorer.model.selection import Selection

VERSION = 1


def new_id() -> str:
    """A short name that no other favourite or direction has."""
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, eq=False)
class Favourite:
    """A code that someone kept, with a thumbnail (uint8 `[h, w, 3]`) and the model it belongs to."""

    model: str
    code: Code
    thumbnail: NDArray[np.uint8]
    name: str = ""
    id: str = field(default_factory=new_id)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "model": self.model,
            "code": self.code.to_text(),
            "thumbnail": _array_text(self.thumbnail),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Favourite:
        code = Code.from_text(data["code"])
        return Favourite(
            data["model"], code, _text_array(data["thumbnail"], np.uint8), data["name"], data["id"]
        )


@dataclass(frozen=True, eq=False)
class Direction:
    """A named vector `[d]` in one part of a model's latent space; one unit is one standard deviation.

    `how` says how it was found ("class means: 3 − 8"), `validation` how well it separates what it
    names (accuracy in 0..1 on held-out codes; NaN when there is nothing to validate).
    """

    model: str
    part: str
    vector: Array
    name: str
    how: str
    validation: float = float("nan")
    id: str = field(default_factory=new_id)

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            k: getattr(self, k) for k in ("model", "part", "name", "how", "validation", "id")
        }
        out["validation"] = None if np.isnan(self.validation) else self.validation
        out["vector"] = _array_text(self.vector)
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Direction:
        validation = data["validation"]
        return Direction(
            data["model"], data["part"], _text_array(data["vector"], np.float32), data["name"], data["how"],
            float("nan") if validation is None else float(validation), data["id"],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Path:
    """A walk between codes of one model: `how` is `linear` or `spherical`."""

    model: str = ""
    codes: tuple[Code, ...] = ()
    how: str = "spherical"
    steps: int = 11

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "codes": [code.to_text() for code in self.codes],
            "how": self.how,
            "steps": self.steps,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Path:
        codes = tuple(Code.from_text(text) for text in data["codes"])
        return Path(data["model"], codes, str(data["how"]), int(data["steps"]))


@dataclass(frozen=True, eq=False)
class Source:
    """An image to mix from, uint8 `[H, W, C]`: generated from its code, or dropped and encoded to it."""

    model: str
    code: Code
    image: NDArray[np.uint8]
    name: str = ""
    id: str = field(default_factory=new_id)

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "code": self.code.to_text(),
            "image": _array_text(self.image),
            "name": self.name,
            "id": self.id,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Source:
        image = _text_array(data["image"], np.uint8)
        return Source(data["model"], Code.from_text(data["code"]), image, data["name"], data["id"])


@dataclass(frozen=True)
class Recipe:
    """How the sources of a model are mixed: the groups, and for each its source and how far to go to it.

    `split` is `parts`, `principal`, `dimensions` or `ranges` ("" is what fits the space), `ranges` the
    text that says which.
    """

    split: str = ""
    ranges: str = ""
    chosen: tuple[int, ...] = ()
    amounts: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        lists = {"chosen": list(self.chosen), "amounts": list(self.amounts)}
        return {"split": self.split, "ranges": self.ranges, **lists}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Recipe:
        chosen = tuple(int(n) for n in data["chosen"])
        amounts = tuple(float(v) for v in data["amounts"])
        return Recipe(str(data["split"]), str(data["ranges"]), chosen, amounts)


@dataclass(frozen=True)
class Grouping:
    """What a person knows of a model's groups: `names` by ident, and which are taken together (`joined`)."""

    names: Mapping[str, str] = field(default_factory=dict)
    joined: tuple[tuple[str, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"names": dict(self.names), "joined": [list(together) for together in self.joined]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Grouping:
        names = {str(ident): str(name) for ident, name in data["names"].items()}
        return Grouping(names, tuple(tuple(str(i) for i in together) for together in data["joined"]))


@dataclass(frozen=True, eq=False)
class State:
    """Everything that undo takes back and that the next start brings again.

    `model` is the path of the current model. `codes` remembers each model's current code, so that
    going back to a model finds it as it was left; `recipes` are each model's mix and `groupings`, by the
    checksum of its weights, what its groups are called. `locks` holds (model, part, dimension) that random
    seeds and resets leave alone. `compared` are the paths of the
    models in the Compare panel. `selection` is undone like the rest, but not saved.
    """

    model: str = ""
    codes: Mapping[str, Code] = field(default_factory=dict)
    seed: int = 0
    lattice: tuple[float, float] = (0.0, 0.0)
    locks: frozenset[tuple[str, str, int]] = frozenset()
    favourites: tuple[Favourite, ...] = ()
    directions: tuple[Direction, ...] = ()
    path: Path = field(default_factory=Path)
    sources: tuple[Source, ...] = ()
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    groupings: Mapping[str, Grouping] = field(default_factory=dict)
    compared: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)

    @property
    def code(self) -> Code | None:
        """The current model's current code."""
        return self.codes.get(self.model)

    def with_code(self, code: Code, **changes: Any) -> State:
        return replace(self, codes={**self.codes, self.model: code}, **changes)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "model": self.model,
            "codes": {path: code.to_text() for path, code in self.codes.items()},
            "seed": self.seed,
            "lattice": list(self.lattice),
            "locks": sorted(list(lock) for lock in self.locks),
            "favourites": [f.to_json() for f in self.favourites],
            "directions": [d.to_json() for d in self.directions],
            "path": self.path.to_json(),
            "sources": [s.to_json() for s in self.sources],
            "recipes": {path: recipe.to_json() for path, recipe in self.recipes.items()},
            "groupings": {key: grouping.to_json() for key, grouping in self.groupings.items()},
            "compared": list(self.compared),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> State:
        """The state that `to_json` wrote. Raises KeyError, TypeError, ValueError or BadCode otherwise."""
        if int(data["version"]) > VERSION:
            raise ValueError("a newer version of Latent Explorer wrote it")
        x, y = data["lattice"]
        return State(
            model=str(data["model"]),
            codes={path: Code.from_text(text) for path, text in data["codes"].items()},
            seed=int(data["seed"]),
            lattice=(float(x), float(y)),
            locks=frozenset((str(m), str(p), int(d)) for m, p, d in data["locks"]),
            favourites=tuple(Favourite.from_json(f) for f in data["favourites"]),
            directions=tuple(Direction.from_json(d) for d in data["directions"]),
            path=Path.from_json(data["path"]),
            sources=tuple(Source.from_json(s) for s in data["sources"]),
            recipes={path: Recipe.from_json(r) for path, r in data.get("recipes", {}).items()},
            groupings={key: Grouping.from_json(g) for key, g in data.get("groupings", {}).items()},
            compared=tuple(str(p) for p in data["compared"]),
        )


def _array_text(array: NDArray[Any]) -> dict[str, Any]:
    raw = np.ascontiguousarray(array).tobytes()
    return {"shape": list(array.shape), "base64": base64.b64encode(raw).decode()}


def _text_array(data: Mapping[str, Any], dtype: Any) -> NDArray[Any]:
    raw = base64.b64decode(data["base64"], validate=True)
    return np.frombuffer(raw, dtype).reshape(data["shape"]).copy()
