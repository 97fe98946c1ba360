"""Scenes and moving digits: exact factors, any part of the grid, geometry with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from backends.errors import BadData
from trainers import data
from trainers.data import moving, scenes


def test_scenes_are_their_factors():
    found = data.load("scenes:count=60,seed=3", 32)
    assert found.images.shape == (60, 32, 32, 3)
    assert found.factors is not None
    assert found.factor_names == scenes.NAMES
    assert np.array_equal(found.images, scenes.draw(found.factors, 32))
    assert (found.factors.max(0) < scenes.SIZES).all()
    assert np.array_equal(found.factors, data.load("scenes:count=60,seed=3", 32).factors)
    test = data.load("scenes:count=60,seed=3", 32, split="test")
    assert test.factors is not None
    assert not {tuple(f) for f in test.factors.tolist()} & {tuple(f) for f in found.factors.tolist()}


@pytest.mark.parametrize("factor", range(6))
def test_each_factor_shows_and_hues_stay_on_their_surface(factor: int):
    pair = np.tile([0, 3, 6, 4, 0, 7], (2, 1))
    pair[1, factor] = 2
    one, other = scenes.draw(pair, 32).astype(int)
    changed = np.abs(one - other).max(-1) > 3
    assert 0.005 < changed.mean() < 0.95
    if factor < 3:
        light = scenes.view(4, 0, 7, 32)
        assert not (changed & (light[..., factor] == 0)).any()


def test_a_ball_is_hit_where_it_is():
    eye, ray = np.array([0.0, 1, -3]), np.array([[[0.0, 0, 1]], [[0, 1.0, 0]]])
    distance, normal = scenes._sphere(eye, ray, 1.0)
    assert distance[0, 0] == pytest.approx(2)
    assert normal[0, 0].tolist() == pytest.approx([0, 0, -1])
    assert distance[1, 0] == np.inf


@pytest.mark.parametrize("shape", scenes.SHAPES)
def test_solids_stand_on_the_floor_and_grow(shape: str):
    eye, rays = scenes.camera(0.2, 48)
    areas = []
    for radius in (0.45, 0.85):
        distance, normal = scenes.SOLIDS[shape](eye, rays, radius)
        hit = np.isfinite(distance)
        assert np.allclose(np.linalg.norm(normal[hit], axis=-1), 1)
        place = eye + distance[hit][:, None] * rays[hit]
        assert place[:, 1].min() > -1e-9
        assert place[:, 1].min() < 0.5 * radius
        assert ((normal[hit] * rays[hit]).sum(-1) < 1e-9).all()  # what is seen faces the eye
        areas.append(hit.mean())
    assert areas[1] > 1.5 * areas[0]


def test_wrong_specs_are_told():
    for spec, said in (("scenes:bright", "bright"), ("scenes:32#hue", "hue"), ("scenes:9999", "512"),
                       ("moving:digits,fast", "fast"), ("moving:dsprites:8#speed", "speed")):  # fmt: skip
        with pytest.raises(BadData, match=said):
            data.load(spec, 16)


def test_moving_digits_are_clips():
    found = data.load("moving:digits,count=900", 32)
    assert found.factors is not None
    assert found.images.shape == (900, 32, 32, 1)
    rows, partners = found.pairs(["digit", "drawing", "direction"]).draw(np.random.default_rng(0), 200)
    assert (found.factors[rows, :3] == found.factors[partners, :3]).all()
    assert (found.factors[rows, 3] != found.factors[partners, 3]).all()
    sums = found.images.reshape(900, -1).sum(1, dtype=np.int64)
    assert np.array_equal(sums[rows], sums[partners])  # the same drawing, moved whole


def test_digits_go_through_the_middle_and_stay_inside():
    for direction in range(moving.DIRECTIONS):
        places = np.array([moving.place(direction, frame, 32) for frame in range(moving.FRAMES)])
        assert places.min() >= 0
        assert places.max() <= 16
        assert np.allclose((places[0] + places[-1]) / 2, 8, atol=1)
    assert moving.place(0, 7, 32)[0] > moving.place(0, 0, 32)[0]
    assert moving.place(2, 7, 32)[1] > moving.place(2, 0, 32)[1]
