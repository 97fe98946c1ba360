"""What no trainer can do is refused in one sentence, before anything is made; bundled models repeat."""

from __future__ import annotations

import numpy as np
import pytest

from backends.catalog import BUNDLED
from backends.errors import BadData, BadSettings
from backends.native import read_info
from trainers import recipes
from trainers.data.api import Dataset
from trainers.preparing import _check_labels
from trainers.registry import trainer, trainers_by_family

LARGEST = 60_000_000  # bytes of all bundled models together
NAMES = sorted(trainers_by_family())


@pytest.mark.parametrize("name", NAMES)
def test_images_of_33_pixels_are_refused(name: str):
    with pytest.raises(BadSettings, match=r"image_size is 33\.|Choose one of: 16, 28, 32, 64"):
        trainer(name).INFO.settings.from_mapping({"image_size": 33})


@pytest.mark.parametrize(
    "name", [n for n in NAMES if "latent" in trainer(n).INFO.settings.__dataclass_fields__]
)
def test_a_latent_space_of_nothing_is_refused(name: str):
    with pytest.raises(BadSettings, match=r"latent is 0\. It must be at least 1"):
        trainer(name).INFO.settings.from_mapping({"latent": 0})


@pytest.mark.parametrize("name", ["cgan", "acgan", "projection", "cvae", "sgan", "classifier"])
def test_missing_labels_are_one_sentence(name: str):
    bare = Dataset(np.zeros((4, 16, 16, 1), np.uint8), None, (), "bare", "", "")
    with pytest.raises(BadData, match=r"mine has no labels, and .* needs them"):
        _check_labels("mine", bare, trainer(name).INFO)


# A chunk that was emptied after the recipe's steps, and stayed so (docs/disentangling.md).
LEFT_OUT = {"sprites-mix": {"chunks": (6, 5)}}


def test_bundled_models_are_small_and_have_a_recipe_that_fits():
    paths = sorted(BUNDLED.glob("*.safetensors"))
    assert sum(path.stat().st_size for path in paths) < LARGEST
    for info in map(read_info, paths):
        recipe = recipes.find(info.recipe or info.name)
        info_of = trainer(recipe.family).INFO
        settings = info_of.settings.from_mapping(recipe.settings).to_json()
        odd = {k: (settings[k], v) for k, v in info.config.items() if k in settings and settings[k] != v}
        assert (info_of.family, odd) == (info.family, LEFT_OUT.get(info.name, {})), info.name
