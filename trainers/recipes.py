"""Recipes: how each bundled model is made, as TOML files in `assets/recipes`. No torch."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

from backends.errors import BadData, BadSettings
from trainers import data
from trainers.runs import ROOT

FOLDER = ROOT / "assets" / "recipes"


@dataclass(frozen=True)
class Recipe:
    """What repeats a training: `settings` are those that differ from the family's defaults.

    `dataset`, `licence` and `source` are given where the data itself doesn't know them; `missing`
    says where data comes from that can't be downloaded.
    """

    name: str
    family: str
    data: str
    description: str
    settings: dict[str, Any] = field(default_factory=dict)
    dataset: str = ""
    licence: str = ""
    source: str = ""
    missing: str = ""

    def check_data(self) -> None:
        """Raise `BadData`, saying where it comes from, when the data isn't here and can't be fetched."""
        if not self.missing:
            return
        try:
            size = int(self.settings.get("image_size", 28))
            data.load(self.data, size, limit=2)
        except BadData as error:
            raise BadData(error.what, self.missing) from error


def names() -> list[str]:
    """The recipes there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(name: str) -> Recipe:
    """The recipe of a name. Raises `BadSettings` for one that isn't there or can't be read."""
    path = FOLDER / f"{name}.toml"
    try:
        return Recipe(name=name, **tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadSettings(
            f"There is no recipe named {name!r}.", f"There are: {', '.join(names())}."
        ) from None
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"The recipe {path.name} can't be read: {error}.") from error
