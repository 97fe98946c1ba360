"""The way that stays where points lie."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import BadRequest
from explorer.latent.maps.dense_path import between, dense_rows
from explorer.latent.maps.neighbours import neighbour_table
from explorer.latent.task import Task
from tests.latent.maps.clouds import blobs


def horseshoe(count: int = 200) -> np.ndarray:
    """Points on a bow in five dimensions, open at the bottom; row 0 and the last are its ends."""
    angle = np.linspace(-0.25 * np.pi, 1.25 * np.pi, count)
    points = np.zeros((count, 5), np.float32)
    points[:, 0], points[:, 1] = np.cos(angle) * 10, np.sin(angle) * 10
    return points + np.random.default_rng(0).normal(scale=0.05, size=points.shape).astype(np.float32)


def test_the_dense_way_follows_the_bow() -> None:
    points = horseshoe()
    points[50] = np.nan
    codes = np.arange(len(points) * 3, dtype=np.float32).reshape(-1, 3)
    made = between(Task(), {"points": points, "codes": codes}, {"start": 0, "end": 199})
    assert made["rows"][0] == 0
    assert made["rows"][-1] == 199
    assert 50 not in made["rows"]
    assert (np.diff(made["rows"]) > 0).mean() > 0.8
    assert made["dense"][:, 1].max() > 9
    assert not made["dense off"].any()
    assert made["linear off"].max() > 10
    assert made["spherical"].shape[1] == 5
    np.testing.assert_array_equal(made["codes"], codes[made["rows"]])
    assert "the linear way" in made["data"]["sentence"]


def test_many_short_steps_are_cheaper_than_a_long_one() -> None:
    points = np.array([[0, 0], [1, 0.2], [2, 0.2], [3, 0.2], [4, 0]], np.float32)
    table = neighbour_table(Task(), points, 4)
    assert dense_rows(table, 0, 4).tolist() == [0, 1, 2, 3, 4]
    assert dense_rows(table, 2, 2).tolist() == [2]


def test_no_way_between_islands_is_said() -> None:
    points, _ = blobs(200, groups=2)
    with pytest.raises(BadRequest, match="no neighbours join"):
        between(Task(), {"points": points}, {"start": 0, "end": 1})
    points[3] = np.nan
    with pytest.raises(BadRequest, match="not on the map"):
        between(Task(), {"points": points}, {"start": 0, "end": 3})
