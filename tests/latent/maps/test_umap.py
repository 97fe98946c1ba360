"""Our own UMAP: repeatable, as good as the published one, and going on where it stopped."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from explorer.latent.maps import loops
from explorer.latent.maps.graph import FAR, fuzzy_graph, joined
from explorer.latent.maps.neighbours import neighbour_table
from explorer.latent.maps.pca import main_axes, pca
from explorer.latent.maps.quality import measure
from explorer.latent.maps.umap import Anchor, curve, forces_for, started, umap
from explorer.latent.task import Task
from explorer.workers.processes import ROOT
from tests.latent.maps.clouds import blobs, digits


def laid_out(points: np.ndarray, neighbours: int = 15, **how) -> np.ndarray:
    edges = fuzzy_graph(neighbour_table(Task(), points), neighbours)
    positions = np.zeros((0, 2))
    for _, positions in umap(edges, started(pca(points), how.get("seed", 0)), **how):
        assert np.isfinite(positions).all()
    return positions


def test_the_same_seed_gives_the_same_bytes() -> None:
    points, _ = blobs(200)
    first = laid_out(points, seed=3, epochs=60)
    assert first.tobytes() == laid_out(points, seed=3, epochs=60).tobytes()
    assert first.tobytes() != laid_out(points, seed=4, epochs=60).tobytes()


def test_a_layout_that_stops_and_goes_on_is_the_one_that_never_stopped() -> None:
    points, _ = blobs(200)
    edges = fuzzy_graph(neighbour_table(Task(), points), 15)
    begin, stopped = started(pca(points), 0), np.zeros(0)
    for number, positions in umap(edges, begin, epochs=50):
        if number == 20:
            stopped = positions.copy()
    *_, (_, rest) = umap(edges, stopped, epochs=50, done=20)
    assert rest.tobytes() == positions.tobytes()


def test_the_compiled_loop_and_numpy_agree_in_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loops.compiled() is not None
    points, labels = digits()
    points, labels = points[:700], labels[:700]
    table = neighbour_table(Task(), points)
    fast = measure(Task(), points, laid_out(points), table, labels)
    monkeypatch.setattr(loops, "compiled", lambda: None)
    slow = measure(Task(), points, laid_out(points, epochs=250), table, labels)
    assert slow.trustworthiness == pytest.approx(fast.trustworthiness, abs=0.01)
    assert slow.kept == pytest.approx(fast.kept, rel=0.1)
    assert slow.accuracy == pytest.approx(fast.accuracy, abs=0.02)


def test_digits_come_out_as_umap_learn_shows_them() -> None:
    """umap-learn 0.5.12 keeps 53.6 % of the neighbours of these, with trustworthiness 0.988."""
    points, labels = digits()
    judged = measure(Task(), points, laid_out(points), neighbour_table(Task(), points), labels)
    assert judged.kept > 0.97 * 0.536
    assert judged.trustworthiness > 0.98
    assert judged.accuracy > 0.98


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_neighbours_kept_are_at_least_97_percent_of_umap_learns() -> None:
    from explorer.latent.maps.classic import classic
    from explorer.latent.maps.methods import Wish

    points, labels = digits()
    table = neighbour_table(Task(), points)
    theirs = measure(Task(), points, classic(points, Wish("classic", seed=42)), table, labels)
    ours = measure(Task(), points, laid_out(points, seed=42), table, labels)
    assert ours.kept >= 0.97 * theirs.kept
    assert ours.trustworthiness >= theirs.trustworthiness - 0.005


def test_nothing_of_umap_learn_is_imported() -> None:
    code = (
        "import sys, numpy as np; from explorer.latent.mapping import project;"
        "from explorer.latent.task import Task;"
        "x = np.random.default_rng(0).normal(size=(200, 5)).astype('f4');"
        "project(Task(), {'points': x}, {'method': 'umap', 'epochs': 5});"
        "print([m for m in ('umap', 'pynndescent', 'torch', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path) -> None:
    """A read-only installation and home: the compiled loops lie in a cache folder of ours."""
    code = (
        "import numba.core.caching as c\n"
        "ours = [getattr(c, n, None) for n in ('UserProvidedCacheLocator', '_UserProvidedCacheLocator')]\n"
        "c.CacheImpl._locator_classes = [found for found in ours if found]\n"
        "from explorer.latent.maps.loops import compiled\n"
        "print(compiled() is not None)"
    )
    environment = {"LATENT_EXPLORER_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.stdout.strip() == "True", done.stderr
    assert list((tmp_path / "kernels").rglob("*.nbi"))


def test_the_curve_is_the_known_one() -> None:
    assert curve(0.1) == pytest.approx((1.577, 0.895), abs=2e-3)


def test_tables_of_forces_are_the_gradients() -> None:
    forces = forces_for(0.1, 1.0)
    loaded = loops.compiled()
    assert loaded is not None
    for square in (1e-6, 1e-3, 0.3, 1.0, 7.7, 400.0):
        power = square**forces.b
        pull = -2 * forces.a * forces.b * power / square / (1 + forces.a * power)
        push = 2 * forces.b / ((1e-3 + square) * (1 + forces.a * power))
        assert loaded.looked_up(forces.pull, np.float32(square)) == pytest.approx(pull, rel=1e-3)
        assert loaded.looked_up(forces.push, np.float32(square)) == pytest.approx(push, rel=1e-3)


def test_strengths_of_neighbours_lie_between_none_and_certain() -> None:
    edges = fuzzy_graph(neighbour_table(Task(), blobs()[0]), 15)
    assert edges.weights.min() > 0
    assert edges.weights.max() <= 1 + 1e-6
    assert not (edges.heads == edges.tails).any()
    triples = zip(edges.heads.tolist(), edges.tails.tolist(), edges.weights.tolist(), strict=True)
    there = {(h, t): w for h, t, w in triples}
    assert all(there[t, h] == pytest.approx(w) for (h, t), w in there.items())


def test_a_point_has_log_k_of_strength() -> None:
    from explorer.latent.maps.graph import _widths

    table = neighbour_table(Task(), digits()[0][:300], 14)
    away = table.distances - table.distances[:, :1]
    strengths = np.exp(-away / _widths(away, table.distances, float(np.log2(15)))[:, None])
    np.testing.assert_allclose(strengths.sum(axis=1), np.log2(15), rtol=1e-3)


def test_labels_weaken_edges_between_classes() -> None:
    points = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    labels = np.arange(100) % 2
    labels[90:] = -1
    table = neighbour_table(Task(), points)
    plain, labelled = fuzzy_graph(table, 15), fuzzy_graph(table, 15, labels)
    assert np.array_equal(plain.heads, labelled.heads)
    known = (labels[plain.heads] >= 0) & (labels[plain.tails] >= 0)
    other = known & (labels[plain.heads] != labels[plain.tails])
    same = known & ~other
    assert np.median(labelled.weights[other] / plain.weights[other]) < 4 * np.exp(-FAR)
    assert labelled.weights[same].mean() > 10 * labelled.weights[other].mean()


def test_two_graphs_are_joined_by_their_ids() -> None:
    points, _ = blobs(30)
    graph = fuzzy_graph(neighbour_table(Task(), points), 5)
    both = joined([graph, graph], 0.5)
    assert both.count == 60
    links = np.abs(both.heads - both.tails) == 30
    assert links.sum() >= 60
    assert len(both.heads) == 2 * len(graph.heads) + 60
    assert (np.diff(both.heads) >= 0).all()


def test_an_anchor_holds() -> None:
    points, _ = blobs(200)
    edges = fuzzy_graph(neighbour_table(Task(), points), 15)
    before = laid_out(points, epochs=100)
    moved = {}
    for hold in (0.0, 0.3):
        *_, (_, after) = umap(edges, before, epochs=50, seed=9, anchor=Anchor(before, hold))
        moved[hold] = np.median(np.linalg.norm(after - before, axis=1))
    assert moved[0.3] < moved[0.0] / 2


def test_a_start_is_scaled_when_it_is_fresh_and_kept_when_it_is_a_layout() -> None:
    picture = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    assert np.abs(started(picture, 0)).max() == pytest.approx(10, abs=0.02)
    np.testing.assert_allclose(started(picture, 0, fresh=False), picture, atol=0.01)
    assert np.abs(started(picture * 1000, 0, fresh=False)).max() == pytest.approx(10, abs=0.02)


def test_pca_finds_the_two_long_axes_and_repeats() -> None:
    rng = np.random.default_rng(0)
    points = (rng.normal(size=(500, 6)) * [1, 9, 1, 4, 1, 1]).astype(np.float32)
    found = pca(points)
    assert abs(np.corrcoef(found[:, 0], points[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(found[:, 1], points[:, 3])[0, 1]) > 0.98
    np.testing.assert_array_equal(found, pca(points.copy()))
    assert not pca(points[:, :1])[:, 1].any()


def test_pca_of_many_dimensions_is_sounded_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    points = (rng.normal(size=(200, 3)) * [9, 5, 2] @ rng.normal(size=(3, 80))).astype(np.float32)
    exact = main_axes(points)[1]
    monkeypatch.setattr("explorer.latent.maps.pca.SQUARE", 10)
    np.testing.assert_allclose(main_axes(points)[1], exact, atol=1e-3)
