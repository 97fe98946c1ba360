"""The dSprites renderer: exact factors, any part of the grid, and as the real images look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backends.errors import BadData
from trainers.data import load
from trainers.data.dsprites import NAMES, SIZES, TOTAL, at_rows, draw, parse
from trainers.data.places import data_folders


def sample_file() -> Path | None:
    files = (folder / "dsprites-sample" / "dsprites_12_samples.npz" for folder in data_folders())
    return next((file for file in files if file.exists()), None)


@pytest.mark.skipif(sample_file() is None, reason="needs the twelve real images of dSprites")
def test_as_the_real_images() -> None:
    path = sample_file()
    assert path is not None
    with np.load(path) as archive:
        real, values = archive["imgs"] > 0, archive["latents_values"]
    steps = [values[:, 1] - 1, (values[:, 2] - 0.5) / 0.1, values[:, 3] * 39 / (2 * np.pi),
             values[:, 4] * 31, values[:, 5] * 31]  # fmt: skip
    ours = draw(np.rint(np.stack(steps, axis=1)).astype(np.int64), 64) > 0
    overlap = (real & ours).sum((1, 2)) / (real | ours).sum((1, 2))
    assert overlap.min() >= 0.96
    assert overlap[values[:, 1] == 1].min() == 1


def test_rows_of_the_grid_are_numbered_as_in_the_file() -> None:
    np.testing.assert_array_equal(at_rows(np.array([0, 1, 32, TOTAL - 1])), [
        [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [2, 5, 39, 31, 31],
    ])  # fmt: skip


def test_a_shape_moves_grows_and_turns() -> None:
    def one(*factors: int) -> np.ndarray:
        return draw(np.array([factors]), 64)[0]

    middle = one(0, 2, 0, 0, 0)
    np.testing.assert_array_equal(np.argwhere(one(0, 2, 0, 31, 0)), np.add(np.argwhere(middle), (0, 32)))
    np.testing.assert_array_equal(np.argwhere(one(0, 2, 0, 0, 31)), np.add(np.argwhere(middle), (32, 0)))
    assert one(1, 5, 0, 15, 15).sum() > 3 * one(1, 0, 0, 15, 15).sum()
    np.testing.assert_array_equal(one(2, 3, 0, 9, 9), one(2, 3, 39, 9, 9))  # 0 and 2 pi
    assert not np.array_equal(one(2, 3, 0, 9, 9), one(2, 3, 19, 9, 9))
    heart = np.argwhere(one(2, 5, 0, 16, 16))
    assert (heart[:, 0] < 32).sum() > (heart[:, 0] >= 32).sum()  # it points down


def test_smaller_images_are_means_of_larger_ones() -> None:
    factors = at_rows(np.array([5, 300_000, 700_000]))
    fine, coarse = draw(factors, 64), draw(factors, 32)
    np.testing.assert_allclose(coarse, fine.reshape(3, 32, 2, 32, 2).mean((2, 4)))
    assert draw(factors, 28).shape == (3, 28, 28)


def test_loading_gives_factors_labels_and_images() -> None:
    data = load("dsprites", 32, limit=300)
    assert data.images.shape == (300, 32, 32, 1)
    assert data.factor_names == NAMES
    assert data.factors is not None
    assert (data.factors.max(0) < SIZES).all()
    np.testing.assert_array_equal(data.labels, data.factors[:, 0])
    assert data.classes == ("square", "ellipse", "heart")
    np.testing.assert_allclose(data.images[:, :, :, 0] / 255, draw(data.factors, 32), atol=1 / 255)


def test_test_images_are_none_of_the_training_images() -> None:
    def rows(split: str) -> set[int]:
        factors = load("dsprites:16,count=500", 16, split=split).factors
        assert factors is not None
        return set(np.ravel_multi_index(factors.T, SIZES).tolist())

    assert len(rows("train")) == len(rows("test")) == 500
    assert not rows("train") & rows("test")


def test_the_same_spec_is_the_same_data_and_another_seed_others() -> None:
    one = load("dsprites:16,noisy,count=40", 16).checksum()
    assert load("dsprites:16,noisy,count=40", 16).checksum() == one
    assert load("dsprites:16,noisy,count=40,seed=1", 16).checksum() != one
    assert len(load("dsprites:count=40", 16, limit=10)) == 10


def test_looks() -> None:
    plain, colour, noisy = (
        load(f"dsprites:16,{look},count=30", 16).images for look in ("plain", "colour", "noisy")
    )
    assert plain.shape[-1] == 1
    assert colour.shape[-1] == noisy.shape[-1] == 3
    shape = plain[..., 0] == 255
    assert (colour[~(plain[..., 0] > 0)] == 0).all()
    assert colour[shape].min() >= 127
    assert (noisy[shape] == 255).all()
    assert noisy[plain[..., 0] == 0].std() > 60


def test_a_chosen_factor_is_the_label() -> None:
    data = load("dsprites:16,count=30#scale", 16)
    assert data.factors is not None
    np.testing.assert_array_equal(data.labels, data.factors[:, 1])
    assert len(data.classes) == 6


@pytest.mark.parametrize("text", ["blurred", "count=many", "16#colour", "count=9999999", "4096"])
def test_a_wrong_spec_is_one_sentence(text: str) -> None:
    with pytest.raises(BadData, match="dSprites"):
        parse(text)
