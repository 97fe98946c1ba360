"""`tour --families` visits one model of every family, in Explore and Inside where there is something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from backends.catalog import BUNDLED
from backends.native import read_info
from explorer.verbs.tour import _families


def test_one_model_of_every_bundled_family_is_visited():
    models = {str(path): read_info(path) for path in sorted(BUNDLED.glob("*.safetensors"))}
    chosen: list[str] = []
    session = SimpleNamespace(models=models, select_model=chosen.append)
    window = SimpleNamespace(
        services=SimpleNamespace(session=session), panels={"explore": "Explore", "inside": "Inside"}
    )
    app: Any = SimpleNamespace(window=window)
    stops = [name for name, _ in _families(app)]
    families = {info.family for info in models.values() if info.can_generate}
    assert {name.removeprefix("explore-") for name in stops if name.startswith("explore-")} == families
    assert [models[path].family for path in chosen] == list(dict.fromkeys(models[p].family for p in chosen))
    assert {"inside-ddpm", "inside-pixelcnn", "inside-rbm", "inside-vqvae", "inside-flow"} <= set(stops)
