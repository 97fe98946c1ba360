"""What groups do to a picture, traversals, and grids between anchors."""

import numpy as np
import pytest

from backends.api import LatentSpace, Part, Prior
from explorer.latent import traversals
from explorer.latent.choose import furthest_apart
from explorer.latent.exchange import DEAD, effects, families, likeness
from explorer.latent.grids import j_diagram, mine_grid
from explorer.latent.mixing import analogy

SPACE = LatentSpace(
    (Part("z", (3,)), Part("code", (2,), Prior.UNIFORM, ("tilt", "girth")), Part("dice", (4,), role="noise"))
)


def pictures(*changes):
    """A black picture and, for each change, two pictures in which these pixels are lit."""
    base = np.zeros((4, 4, 1), np.uint8)
    out = np.stack([np.stack([base, base]) for _ in changes])
    for group, pixels in enumerate(changes):
        for source, value in enumerate((100, 200)):
            out[group, source].reshape(-1)[list(pixels)] = value
    return out, base


def test_effects_likeness_and_the_dead():
    images, base = pictures((0, 1), (0, 1), (5,), ())
    found = effects(images, base)
    expected = np.sqrt((2 * 100**2 + 2 * 200**2) / 32) / 255
    np.testing.assert_allclose(found, [expected, expected, expected / 2**0.5, 0], rtol=1e-5)
    assert found[3] < DEAD
    like = likeness(images, base)
    np.testing.assert_allclose(like[:3, :3], [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=1e-5)
    assert not like[3].any()
    assert families(like) == [(0, 1)]


def test_families_are_connected():
    like = np.eye(4)
    like[0, 2] = like[2, 0] = like[2, 3] = like[3, 2] = 0.9
    assert families(like) == [(0, 2, 3)]


def test_traversals_move_one_dimension_and_leave_noise_alone():
    lines = traversals.dimensions(SPACE)
    assert [line.name for line in lines] == ["z 1", "z 2", "z 3", "tilt", "girth"]
    code = SPACE.sample(3)
    rows = traversals.codes(SPACE, code, lines, 2.0, 5)
    assert rows.shape == (5, 5, SPACE.size)
    np.testing.assert_allclose(rows[1, :, 1], [-2, -1, 0, 1, 2], atol=1e-6)
    np.testing.assert_allclose(rows[3, :, 3], np.linspace(-1, 1, 5), atol=1e-6)  # to the edge of the prior
    others = np.delete(rows[1] - SPACE.pack(code), 1, axis=1)
    assert not others.any()
    along = traversals.along(SPACE["z"], np.array([[0, 1, 0]], np.float32), ["found"])
    moved = traversals.codes(SPACE, code, along, 1.0, 3)[0]
    np.testing.assert_allclose(moved[:, 1], code.values["z"][1] + [-1, 0, 1], atol=1e-6)


def test_changes_order_lines():
    images = np.zeros((3, 4, 2, 2, 1), np.uint8)
    images[1, :, 0, 0, 0] = [0, 255, 0, 255]
    images[2, :, 0, 0, 0] = [90, 100, 90, 100]
    images[0] = 77  # a line that changes nothing
    found = traversals.changes(images)
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[1] == pytest.approx(0.25, abs=1e-6)
    assert traversals.order(np.array([0.1, np.nan, 0.5])).tolist() == [2, 0, 1]


def test_a_j_diagram_has_its_anchors_and_the_analogy():
    space = LatentSpace((Part("z", (6,)),))
    anchors = space.sample_many(3, 0)
    grid = j_diagram(space, anchors, 5, "linear")
    assert grid.shape == (5, 5, 6)
    np.testing.assert_allclose(grid[[0, 0, -1], [0, -1, 0]], anchors, atol=1e-5)
    np.testing.assert_allclose(grid[-1, -1], analogy(space, anchors[1], anchors[0], anchors[2]), atol=1e-5)


def test_a_mine_grid_has_anchors_at_every_gap():
    space = LatentSpace((Part("z", (6,)),))
    anchors = space.sample_many(6, 1).reshape(2, 3, 6)
    grid = mine_grid(space, anchors, 4, "spherical")
    assert grid.shape == (5, 9, 6)
    np.testing.assert_allclose(grid[::4, ::4], anchors, atol=1e-4)
    four = mine_grid(space, anchors[:, :2], 2, "linear")
    np.testing.assert_allclose(four[1, 1], anchors[:, :2].mean((0, 1)), atol=1e-5)


def test_the_furthest_apart_are_chosen_one_after_the_other():
    points = np.array([[0.0], [1], [10], [11], [-9]])
    assert furthest_apart(points, 3) == [4, 3, 1]
    assert len(furthest_apart(points, 9)) == 5
