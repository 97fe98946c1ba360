"""The table of neighbours: exact, kept on disk, cancelled on the way."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import BadData
from explorer.latent.maps import cache, loops
from explorer.latent.maps.neighbours import nearest, neighbour_table
from explorer.latent.task import Cancelled, Task
from tests.latent.maps.clouds import Told, digits


def by_hand(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    apart = np.linalg.norm(points[:, None].astype(np.float64) - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    rows = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(apart, rows, axis=1)


@pytest.mark.parametrize("numpy_only", [False, True])
def test_neighbours_are_those_by_hand(monkeypatch: pytest.MonkeyPatch, numpy_only: bool) -> None:
    if numpy_only:
        monkeypatch.setattr(loops, "compiled", lambda: None)
    points = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32) + 100
    table = neighbour_table(Task(), points, 30)
    rows, distances = by_hand(points, 30)
    np.testing.assert_array_equal(table.rows, rows)
    np.testing.assert_allclose(table.distances, distances, rtol=1e-4)
    assert table.first(5).k == 5


def test_neighbours_are_those_of_scikit_learn_on_digits() -> None:
    from sklearn.neighbors import NearestNeighbors

    points, _ = digits()
    distances, _ = NearestNeighbors(n_neighbors=16, algorithm="brute").fit(points).kneighbors(points)
    table = neighbour_table(Task(), points, 15)
    np.testing.assert_allclose(table.distances, distances[:, 1:], atol=1e-4)
    assert not (table.rows == np.arange(len(points))[:, None]).any()


def test_cosine_distances() -> None:
    points = np.array([[1, 0], [10, 0.1], [0, 3], [0.1, 5]], np.float32)
    table = neighbour_table(Task(), points, 1, "cosine")
    assert table.rows[:, 0].tolist() == [1, 0, 3, 2]
    np.testing.assert_allclose(table.distances[0, 0], 1 - 10 / np.hypot(10, 0.1), atol=1e-6)
    with pytest.raises(BadData, match="no distance named"):
        neighbour_table(Task(), points, 1, "hamming")


def test_equal_points_and_few_points() -> None:
    table = neighbour_table(Task(), np.ones((5, 3), np.float32), 30)
    assert table.rows.shape == (5, 4)
    assert not table.distances.any()
    assert all(sorted([*row, at]) == [0, 1, 2, 3, 4] for at, row in enumerate(table.rows.tolist()))


def test_a_table_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    first = neighbour_table(Task(), points, 10)
    monkeypatch.setattr("explorer.latent.maps.neighbours.nearest", lambda *_, **__: pytest.fail("again"))
    again = neighbour_table(Task(), points.copy(), 10)
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.distances, again.distances)


def test_other_bytes_kinds_shapes_and_words_are_other_keys() -> None:
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    keys = {cache.key(points), cache.key(points.T), cache.key(points.astype(np.float64)),
            cache.key(points, 5), cache.key(points.reshape(3, 4)), cache.key(points + 1)}  # fmt: skip
    assert len(keys) == 6


def test_a_damaged_file_of_the_cache_is_worked_out_anew() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    first = neighbour_table(Task(), points, 10)
    (file,) = cache.folder("neighbours").glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(neighbour_table(Task(), points, 10).rows, first.rows)
    assert cache.load(file) is not None


def test_the_cache_makes_room_and_a_disk_that_refuses_is_no_error(tmp_path) -> None:
    for name in ("a", "b", "c"):
        cache.save(tmp_path / f"{name}.npz", {"x": np.zeros(1000)}, most_bytes=18_000)
    assert not (tmp_path / "a.npz").exists()
    assert (tmp_path / "c.npz").exists()
    (tmp_path / "file").write_text("in the way")
    cache.save(tmp_path / "file" / "x.npz", {"x": np.zeros(3)})
    assert cache.load(tmp_path / "file" / "x.npz") is None


def test_the_search_stops_between_two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.latent.maps.neighbours.AT_ONCE", 200_000)
    points = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    told = Told()
    task = Task(told)

    def stop(*message) -> None:
        told(*message)
        task.cancelled = True

    task._send = stop
    with pytest.raises(Cancelled):
        nearest(task, points, points, 5, own=True)
    assert len(told.messages) == 1
