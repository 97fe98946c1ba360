"""Where models are found: bundled with the application, in the user's folder, in runs. No torch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_data_path

from backends.api import BadModel, Capability, ModelInfo
from backends.native import SUFFIX, read_info

BUNDLED = Path(__file__).resolve().parents[1] / "assets" / "models"
APPLICATION = "latent-explorer"


@dataclass(frozen=True)
class Listing:
    """What was found: usable models, and files that can't be used with the reason for people."""

    models: list[ModelInfo]
    broken: list[tuple[Path, str]]


def user_folder() -> Path:
    """Where the user's own models lie; it need not exist."""
    return user_data_path(APPLICATION) / "models"


def runs_folder() -> Path:
    """Where trainings keep their runs: `LATENT_EXPLORER_RUNS`, else the user's data folder."""
    given = os.environ.get("LATENT_EXPLORER_RUNS")
    return Path(given) if given else user_data_path(APPLICATION) / "runs"


def scan(extra: Iterable[Path] = ()) -> Listing:
    """All model files: bundled, the user's, those of runs, those of `extra` folders; each once."""
    models, broken, seen = [], [], set()
    for path in _files(extra):
        if (key := path.resolve()) in seen:
            continue
        seen.add(key)
        try:
            models.append(read(path))
        except BadModel as error:
            broken.append((path, str(error)))
    return Listing(models, broken)


def list_models(extra: Iterable[Path] = ()) -> list[ModelInfo]:
    """The usable models."""
    return scan(extra).models


def read(path: str | Path) -> ModelInfo:
    """The info of one file, named and with its classifier's path. Raises `BadModel`."""
    path = Path(path).absolute()
    info = read_info(path)
    stem = path.parent.name if path.stem == "model" else path.stem
    names_its_own = info.can_generate and info.can(Capability.CLASSIFIES)
    classifier = str(path) if names_its_own else _classifier(path, info.classifier)
    return replace(info, name=info.name or stem, classifier=classifier)


def find(name_or_path: str | Path, extra: Iterable[Path] = ()) -> ModelInfo:
    """The model of that name or in that file. Raises `BadModel` naming the nearest ones."""
    text = str(name_or_path)
    path = Path(text).expanduser()
    if path.is_file():
        return read(path)
    if path.is_dir() and (path / f"model{SUFFIX}").is_file():
        return read(path / f"model{SUFFIX}")
    listing = scan(extra)
    for info in listing.models:
        if text in (info.name, Path(info.path).stem):
            return info
    for broken, reason in listing.broken:
        if text == broken.stem:
            raise BadModel(reason)
    if path.suffix or len(path.parts) > 1:
        raise BadModel(f"{text} doesn't exist.", "Check the path, or name a model of the list.")
    names = [info.name for info in listing.models]
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.4) or names[:6]
    advice = f"Did you mean: {', '.join(near)}?" if near else "Train one first, or add a model file."
    raise BadModel(f"There is no model named {text!r}.", advice)


def _files(extra: Iterable[Path]) -> Iterator[Path]:
    for folder in (BUNDLED, user_folder(), *extra):
        yield from sorted(Path(folder).glob(f"*{SUFFIX}"))
    newest = sorted(runs_folder().glob(f"*/model{SUFFIX}"), key=_age)
    yield from newest


def _age(path: Path) -> float:
    """Seconds, larger is older; a file that has just gone counts as old."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _classifier(path: Path, name: str) -> str:
    """The path of the classifier that a model names: beside it, or bundled; empty when it's not there."""
    if not name:
        return ""
    places = [Path(name)] if Path(name).is_absolute() else []
    places += [folder / f"{name}{SUFFIX}" for folder in (path.parent, BUNDLED)]
    return next((str(place) for place in places if place.is_file()), "")
