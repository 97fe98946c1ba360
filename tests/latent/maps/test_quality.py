"""How far a map can be trusted: beside scikit-learn's own figures, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.maps.neighbours import Table, neighbour_table
from explorer.latent.maps.pca import pca
from explorer.latent.maps.quality import (
    Quality,
    better_source,
    hubness,
    measure,
    preserved,
    rank_correlation,
    trustworthiness,
    warning,
)
from explorer.latent.task import Task
from tests.latent.maps.clouds import blobs, digits


def test_trustworthiness_is_scikit_learns() -> None:
    from sklearn.manifold import trustworthiness as theirs

    points, _ = digits()
    points = points[:400]
    positions = pca(points)
    assert trustworthiness(points, positions, 12) == pytest.approx(
        theirs(points, positions, n_neighbors=12), abs=1e-3
    )
    assert trustworthiness(points, points, 12) == pytest.approx(1.0, abs=1e-4)


def test_rank_correlation_is_scipys() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    points, positions = rng.normal(size=(2, 300, 5)), rng.normal(size=(300, 2))
    assert rank_correlation(points[0], points[0]) == pytest.approx(1.0)
    pairs = np.random.default_rng(1).integers(300, size=(20_000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    a, b = (np.linalg.norm(x[pairs[:, 0]] - x[pairs[:, 1]], axis=1) for x in (points[0], positions))
    assert rank_correlation(points[0], positions) == pytest.approx(spearmanr(a, b)[0], abs=1e-6)
    assert np.isnan(rank_correlation(np.ones((5, 2)), positions[:5]))


def test_a_perfect_map_keeps_everything() -> None:
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    table = neighbour_table(Task(), points)
    np.testing.assert_allclose(preserved(table, points * 3 + 1), 1, atol=0.07)
    judged = measure(Task(), points, points, table)
    assert judged.kept == pytest.approx(1, abs=0.01)
    assert judged.trustworthiness == pytest.approx(1, abs=1e-3)
    assert np.isnan(judged.accuracy)


def test_the_table_changes_nothing_but_hubs() -> None:
    points, labels = blobs(200)
    positions = pca(points)
    without = measure(Task(), points, positions, None, labels)
    with_table = measure(Task(), points, positions, neighbour_table(Task(), points), labels)
    assert with_table.kept == pytest.approx(without.kept, abs=1e-6)
    assert np.isnan(without.hubness)
    assert not np.isnan(with_table.hubness)


def test_noise_is_called_noise_and_a_better_source_is_named() -> None:
    noise = np.random.default_rng(0).normal(size=(400, 64)).astype(np.float32)
    judged = measure(Task(), noise, pca(noise), neighbour_table(Task(), noise))
    assert judged.doubtful
    assert "chance 0.50" in judged.sentence()
    assert "Map features of the images instead." in warning(judged, better_source("codes", True, True))
    assert "Map encoded data" in warning(judged, better_source("features", True, True))
    assert warning(judged, better_source("data", True, True)).endswith("dimensions.")
    assert warning(Quality(0.9)) == ""


def test_hubs_of_many_dimensions_stand_out() -> None:
    rng = np.random.default_rng(0)
    few, many = (
        hubness(neighbour_table(Task(), rng.normal(size=(800, d)).astype(np.float32))) for d in (2, 100)
    )
    assert many > 2 > few
    ring = (np.arange(10)[:, None] + np.array([[1, 2]])) % 10
    assert np.isnan(hubness(Table(ring.astype(np.int32), np.ones((10, 2), np.float32))))


def test_quality_goes_to_json_and_back_and_each_figure_has_a_word() -> None:
    judged = Quality(0.9, 0.5, correlation=0.3)
    assert Quality.from_json(judged.to_json()).kept == 0.5
    assert np.isnan(Quality.from_json(judged.to_json()).accuracy)
    assert [title for title, _, _ in judged.explained()] == [
        "Trustworthiness",
        "Neighbours kept",
        "Distances",
    ]
    assert "Too few points" in Quality().sentence()


def test_few_points_and_equal_ones_are_measured_or_said() -> None:
    assert np.isnan(measure(Task(), np.eye(4, dtype=np.float32), np.eye(4, 2, dtype=np.float32)).kept)
    same = np.repeat(np.eye(2, 5, dtype=np.float32), 30, axis=0)
    judged = measure(Task(), same, pca(same), neighbour_table(Task(), same), np.zeros(60, np.int64))
    assert judged.accuracy == 1.0
