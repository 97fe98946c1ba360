"""New codes on a finished map, and codes of spots between the points."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import LatentSpace, Part, Prior
from explorer.latent.maps import inverse
from explorer.latent.maps.inverse import Inverse
from explorer.latent.maps.making import make
from explorer.latent.maps.pca import pca
from explorer.latent.maps.placing import Places, place_many
from explorer.latent.maps.units import restored, standardised
from explorer.latent.task import Task
from tests.latent.maps.clouds import blobs, digits


def spread(positions: np.ndarray) -> float:
    return float(np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean()))


@pytest.fixture(scope="module")
def mapped_digits() -> tuple[np.ndarray, np.ndarray]:
    points, _ = digits()
    return points, make(Task(), {"points": points}, {"method": "umap", "cache": False})["positions"]


def test_left_out_digits_are_placed_where_they_were(mapped_digits) -> None:
    points, positions = mapped_digits
    out = np.arange(0, len(points), 10)
    places = Places.of(np.delete(points, out, axis=0), np.delete(positions, out, axis=0))
    placed, off = places.place(points[out])
    error = np.linalg.norm(placed - positions[out], axis=1) / spread(positions)
    assert np.median(error) < 0.03
    assert 0.5 < np.median(off) < 2
    many = place_many(Task(), points[out], places.points, places.positions, k=15)
    assert np.median(np.linalg.norm(many - placed, axis=1)) < 1e-3


def test_a_code_far_from_all_is_said_to_be_off() -> None:
    points, _ = blobs(200)
    _, far = Places.of(points, pca(points)).place(points[[5]] + 100)
    assert far[0] > 10


def test_a_known_code_is_placed_where_it_is() -> None:
    points, _ = blobs()
    positions = pca(points)
    placed, off = Places.of(points, positions).place(points[:10])
    assert np.abs(placed - positions[:10]).max() < np.ptp(positions, axis=0).max() / 10
    np.testing.assert_allclose(off, 0, atol=0.05)


def test_of_many_points_a_part_is_enough_and_points_nowhere_are_left_out() -> None:
    points, _ = blobs(300)
    positions = pca(points)
    positions[7] = np.nan
    assert len(Places.of(points, positions).points) == 299
    assert len(Places.of(points, positions, most=50).points) == 50
    rows, near = Places.of(points, positions).nearest(points[[3]], 5)
    assert rows[0, 0] == 3
    assert (np.diff(near[0]) >= 0).all()


SPACE = LatentSpace(
    (Part("z", (16,)), Part("label", (3,), Prior.CATEGORICAL), Part("noise", (2,), role="noise"))
)


def test_between_points_a_code_is_their_mean_with_their_length() -> None:
    codes = SPACE.sample_many(400, 0)
    positions = pca(codes[:, :16])
    found = Inverse.of(SPACE, codes, positions).at(positions[:50] + 0.01)
    lengths = np.linalg.norm(found.codes[:, :16], axis=1)
    assert lengths.mean() == pytest.approx(np.linalg.norm(codes[:, :16], axis=1).mean(), rel=0.1)
    plain = Inverse.of(SPACE, codes, positions, drawn=False).at(positions[:50] + 0.01)
    assert np.linalg.norm(plain.codes[:, :16], axis=1).mean() < 0.7 * lengths.mean()
    assert set(np.unique(found.codes[:, 16:19])) == {0.0, 1.0}  # a class, not a blend of classes
    assert (found.codes[:, 16:19].sum(axis=1) == 1).all()
    np.testing.assert_array_equal(found.codes[:, 19:], codes[found.nearest][:, 19:])


def test_left_out_codes_are_found_again_better_than_by_the_nearest(mapped_digits) -> None:
    points, positions = mapped_digits
    space = LatentSpace((Part("z", (64,)),))
    out = np.arange(0, len(points), 10)
    rest = np.delete(np.arange(len(points)), out)
    guess = Inverse.of(space, points[rest], positions[rest], drawn=False).at(positions[out])
    mean = np.linalg.norm(guess.codes - points[out], axis=1)
    nearest = np.linalg.norm(points[rest][guess.nearest] - points[out], axis=1)
    assert np.median(mean) < 0.95 * np.median(nearest)
    assert not guess.far[: len(out) // 2].all()


def test_far_from_data_is_said() -> None:
    codes = SPACE.sample_many(200, 0)
    positions = pca(codes[:, :16])
    found = Inverse.of(SPACE, codes, positions).at(np.array([[500.0, 0.0], positions[3]]))
    assert found.far.tolist() == [True, False]
    assert found.nearest[1] == 3


def test_a_tree_finds_what_looking_at_all_finds(monkeypatch) -> None:
    codes = SPACE.sample_many(300, 0)
    positions = pca(codes[:, :16])
    positions[5] = np.nan
    spots = positions[10:40] + 0.05
    slow = Inverse.of(SPACE, codes, positions).at(spots)
    monkeypatch.setattr(inverse, "FEW", 10)
    quick = Inverse.of(SPACE, codes, positions)
    assert quick.tree is not None
    np.testing.assert_allclose(quick.at(spots).codes, slow.codes, atol=1e-4)
    np.testing.assert_array_equal(quick.at(spots).nearest, slow.nearest)


def test_angles_are_averaged_on_the_circle() -> None:
    space = LatentSpace((Part("pose", (1,), Prior.ANGLE),))
    codes = np.array([[3.1], [-3.1]], np.float32)
    found = Inverse.of(space, codes, np.array([[0, 0], [0, 1]], np.float32)).at(np.array([[0, 0.5]]))
    assert abs(found.codes[0, 0]) == pytest.approx(np.pi, abs=0.05)


def test_codes_are_mapped_in_standard_deviations_without_their_label_and_back() -> None:
    space = LatentSpace((
        Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, 2.0), factor=((3.0, 0.0), (0.0, 5.0))),
        Part("label", (3,), Prior.CATEGORICAL),
        Part("noise", (4,), Prior.GAUSSIAN, role="noise"),
    ))  # fmt: skip
    codes = space.sample_many(3, 0)
    codes[:, :2] = (4.0, 7.0)
    points = standardised(space, codes)
    np.testing.assert_allclose(points, np.ones((3, 2)))
    np.testing.assert_allclose(restored(space, points, space.unpack(codes[0]))[0], codes[0], atol=1e-6)
    only_label = LatentSpace((space.parts[1],))
    assert standardised(only_label, np.eye(3, dtype=np.float32)).shape == (3, 3)
