"""Groups in a cloud and how they agree with labels; EM step by step."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import BadData, BadRequest
from explorer.latent.maps.clusters import METHODS, agreement, cluster, draw, kmeans, on_the_map
from explorer.latent.maps.mixture import Mixture, em
from explorer.latent.maps.pca import pca
from explorer.latent.task import Task
from tests.latent.maps.clouds import Told, blobs, digits


@pytest.mark.parametrize("method", METHODS)
def test_clear_groups_are_found(method: str) -> None:
    points, labels = blobs(200)
    points[3] = np.nan
    arrays = {"points": points, "labels": labels}
    made = cluster(Task(), arrays, {"method": method, "count": 4, "seed": 1})
    assert made["data"]["agreement"]["ari"] > 0.95
    assert made["data"]["agreement"]["accuracy"] > 0.95
    assert made["clusters"][3] == -1
    assert "ARI" in made["data"]["sentence"]
    np.testing.assert_array_equal(
        made["clusters"], cluster(Task(), arrays, {"method": method, "count": 4, "seed": 1})["clusters"]
    )


def test_the_likelihood_of_em_never_falls() -> None:
    points, _ = digits()
    for diagonal in (True, False):
        steps = list(em(points[:500, :20], 6, seed=0, diagonal=diagonal, steps=40))
        likelihoods = [step.likelihood for step in steps]
        assert len(likelihoods) > 5
        assert (np.diff(likelihoods) > -1e-9).all()
        np.testing.assert_allclose(steps[-1].responsibilities.sum(axis=1), 1)
        np.testing.assert_allclose(steps[-1].mixture.weights.sum(), 1)


def test_em_ends_where_scikit_learns_does() -> None:
    from sklearn.mixture import GaussianMixture

    points, _ = blobs(400, size=3)
    *_, last = em(points, 4, seed=0)
    theirs = GaussianMixture(4, random_state=0, n_init=3).fit(points)
    assert last.likelihood == pytest.approx(theirs.score(points), abs=0.01)
    ours, known = (np.sort(means[:, 0]) for means in (last.mixture.means, theirs.means_))
    np.testing.assert_allclose(ours, known, atol=0.05)
    assert not np.isnan(last.mixture.responsibilities(points + 1e4)[0]).any()


def test_one_gaussian_is_the_mean_and_the_covariance() -> None:
    points = np.random.default_rng(0).normal(size=(200, 3)) @ np.array([[2, 0, 0], [1, 1, 0], [0, 0, 3]])
    *_, last = em(points.astype(np.float32), 1, seed=0)
    np.testing.assert_allclose(last.mixture.means[0], points.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(last.mixture.covariances[0], np.cov(points.T, bias=True), atol=1e-4)


def test_steps_are_frames_with_ellipses_on_the_map(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    points, _ = blobs(100)
    positions = pca(points)
    positions[4] = np.nan
    for method in ("kmeans", "mixture"):
        told = Told()
        cluster(Task(told), {"points": points, "positions": positions}, {"method": method, "count": 4})
        assert len(told.partials()) >= 2
        for frame in told.partials():
            assert frame["clusters"].shape == (100,)
            assert frame["centres"].shape == (4, 2)
            assert (np.linalg.eigvalsh(frame["spreads"]) > -1e-3).all()


def test_an_ellipse_is_the_covariance_of_its_points() -> None:
    positions = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    shown = on_the_map(positions, np.ones((50, 1)))
    np.testing.assert_allclose(shown["spreads"][0], np.cov(positions.T, bias=True), rtol=1e-4)


def test_samples_come_from_their_component() -> None:
    points, labels = blobs(400)
    made = cluster(Task(), {"points": points}, {"method": "mixture", "count": 4})
    for component in range(4):
        mine = labels[made["clusters"] == component]
        options = {"component": component, "count": 500, "seed": 2}
        drawn = draw(Task(), made, options)["points"]
        middle = points[labels == np.bincount(mine).argmax()].mean(axis=0)
        np.testing.assert_allclose(drawn.mean(axis=0), middle, atol=0.4)
        np.testing.assert_array_equal(
            drawn, draw(Task(), made, {"component": component, "count": 500, "seed": 2})["points"]
        )
    with pytest.raises(BadRequest, match="no component 9"):
        draw(Task(), made, {"component": 9})
    again = Mixture.from_arrays(Mixture.from_arrays(made).arrays())
    np.testing.assert_array_equal(again.means, made["means"])


def test_k_means_ends_where_nothing_changes() -> None:
    points, _ = blobs(100)
    *_, (before, _), (last, means) = kmeans(points, 4, 0)
    np.testing.assert_array_equal(before, last)
    np.testing.assert_allclose(means[2], points[last == 2].mean(axis=0), rtol=1e-5)


def test_agreement_names_each_cluster_once() -> None:
    clusters, labels = np.array([5, 5, 5, 7, 7, 7, -1, 5]), np.array([1, 1, 0, 1, 1, 0, 0, -1])
    found = agreement(clusters, labels)
    assert found.names == {5: 1, 7: 0} or found.names == {5: 0, 7: 1}
    assert found.accuracy == pytest.approx(3 / 7)
    swapped = agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    assert (swapped.ari, swapped.nmi, swapped.accuracy) == (1, 1, 1)
    assert swapped.names == {0: 1, 1: 0}


def test_agreement_is_that_of_the_best_assignment_by_hand() -> None:
    from itertools import permutations

    rng = np.random.default_rng(0)
    clusters, labels = rng.integers(4, size=100), rng.integers(4, size=100)
    best = max(np.mean(np.array(p)[clusters] == labels) for p in permutations(range(4)))
    assert agreement(clusters, labels).accuracy == pytest.approx(best)
    assert abs(agreement(clusters, labels).ari) < 0.1


@pytest.mark.parametrize(
    ("points", "options", "error", "sentence"),
    [
        (blobs()[0], {"method": "som"}, BadRequest, "kmeans, mixture, hdbscan"),
        (blobs()[0], {"count": 0}, BadData, "Choose 1 to"),
        (np.repeat(np.eye(3), 9, axis=0), {"count": 4, "method": "mixture"}, BadData, "Choose 1 to 3"),
        (np.full((20, 3), np.nan), {}, BadData, "there are 0"),
        (np.ones((20, 3)), {"method": "hdbscan"}, BadData, "are the same"),
    ],
)
def test_what_cannot_be_grouped_is_one_sentence(points, options, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        cluster(Task(), {"points": points.astype(np.float32)}, options)


def test_one_class_and_no_known_label() -> None:
    points, _ = blobs(40)
    made = cluster(Task(), {"points": points, "labels": np.zeros(40, np.int64)}, {"count": 1})
    assert made["data"]["agreement"]["ari"] == 1
    assert (
        "agreement"
        not in cluster(Task(), {"points": points, "labels": np.full(40, -1)}, {"count": 2})["data"]
    )
