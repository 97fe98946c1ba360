"""Maps of known points: they repeat, they keep what can be kept, and odd input gets a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import BadData, LatentSpace, Part, Prior
from explorer.latent.mapping import Places, pca, project, quality, quality_from, standardised
from explorer.latent.task import Cancelled, Task
from explorer.latent.umap_layout import curve, neighbour_edges


def blobs(count: int = 120, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Four well separated groups: points `[N, d]` and which group each belongs to."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 4
    centres = rng.normal(scale=12, size=(4, size))
    return (centres[labels] + rng.normal(size=(count, size))).astype(np.float32), labels


def run(points: np.ndarray, method: str = "pca", **options: object) -> dict:
    return project(Task(), {"points": points}, {"method": method, **options})


def test_pca_finds_the_two_long_axes_and_repeats() -> None:
    rng = np.random.default_rng(0)
    points = (rng.normal(size=(500, 6)) * [1, 9, 1, 4, 1, 1]).astype(np.float32)
    found = pca(points)
    assert abs(np.corrcoef(found[:, 0], points[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(found[:, 1], points[:, 3])[0, 1]) > 0.98
    np.testing.assert_array_equal(found, pca(points.copy()))


def test_tsne_keeps_groups_apart_and_repeats() -> None:
    points, labels = blobs()
    made = project(Task(), {"points": points, "labels": labels}, {"method": "tsne", "seed": 3})
    judged = quality_from(made["data"]["quality"])
    assert judged.trustworthiness > 0.9
    assert judged.accuracy == 1.0
    assert judged.chance == pytest.approx(0.25)
    assert not judged.doubtful
    np.testing.assert_array_equal(made["positions"], run(points, "tsne", seed=3)["positions"])


def test_umap_keeps_groups_apart_and_repeats() -> None:
    points, labels = blobs()
    made = project(Task(), {"points": points, "labels": labels}, {"method": "umap", "seed": 3})
    assert quality_from(made["data"]["quality"]).accuracy == 1.0
    np.testing.assert_array_equal(made["positions"], run(points, "umap", seed=3)["positions"])


def test_umap_shows_digits_as_well_as_the_reference_does() -> None:
    """umap-learn 0.5.12 reaches 0.985, 53 % and 98.6 % on these; it needs ten seconds to compile."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    points = (pixels / 16).astype(np.float32)
    made = project(Task(), {"points": points, "labels": labels}, {"method": "umap"})
    judged = quality_from(made["data"]["quality"])
    assert judged.trustworthiness > 0.975
    assert judged.kept > 0.48
    assert judged.accuracy > 0.97


def test_umap_shows_how_it_grows_with_left_out_points_in_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.latent.mapping.FRAME", 0.0)
    frames: list[np.ndarray] = []

    def keep(kind: str, _: dict, arrays: dict) -> None:
        if kind == "partial":
            frames.append(arrays["positions"])

    points = np.concatenate([np.full((1, 8), np.nan, np.float32), blobs(60)[0]])
    project(Task(keep), {"points": points}, {"method": "umap"})
    assert len(frames) > 2
    for frame in frames:
        assert frame.shape == (len(points), 2)
        assert np.isnan(frame[0]).all()
        assert np.isfinite(frame[1:]).all()


def test_the_curve_of_umap_is_the_known_one() -> None:
    assert curve(0.1) == pytest.approx((1.577, 0.895), abs=2e-3)


def test_strengths_of_neighbours_lie_between_none_and_certain() -> None:
    edges = neighbour_edges(blobs()[0], 15)
    assert edges.weights.min() > 0
    assert edges.weights.max() <= 1 + 1e-6
    assert not (edges.heads == edges.tails).any()
    back = {
        (int(h), int(t)): float(w) for h, t, w in zip(edges.heads, edges.tails, edges.weights, strict=True)
    }
    assert all(back[t, h] == pytest.approx(w) for (h, t), w in back.items())


def test_the_pca_comes_first_as_a_partial_result() -> None:
    sent: list[tuple[str, dict, dict]] = []
    points, _ = blobs()
    project(Task(lambda *message: sent.append(message)), {"points": points}, {"method": "tsne"})
    kinds = [kind for kind, _, _ in sent]
    assert kinds[0] == "partial"
    np.testing.assert_array_equal(sent[0][2]["positions"], pca(points))
    assert "progress" in kinds


def test_a_cancelled_map_stops() -> None:
    task = Task(lambda *_: None)
    task.cancelled = True
    with pytest.raises(Cancelled):
        project(task, {"points": blobs()[0]}, {"method": "pca"})


def test_noise_is_called_noise() -> None:
    noise = np.random.default_rng(0).normal(size=(400, 64)).astype(np.float32)
    judged = quality(noise, pca(noise))
    assert judged.doubtful
    assert "chance 0.50" in judged.sentence()


def test_two_dimensions_are_shown_as_they_are() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    made = run(points, "umap")
    np.testing.assert_array_equal(made["positions"], points)
    assert "as it is" in made["data"]["note"]


def test_one_dimension_is_a_line() -> None:
    made = run(np.arange(20, dtype=np.float32)[:, None], "umap")
    assert not made["positions"][:, 1].any()


def test_rows_that_are_no_numbers_are_left_out_and_counted() -> None:
    points, _ = blobs()
    points[[3, 7]] = np.nan
    points[9, 0] = np.inf
    made = run(points)
    assert np.isnan(made["positions"][[3, 7, 9]]).all()
    assert np.isfinite(np.delete(made["positions"], [3, 7, 9], axis=0)).all()
    assert "3 points have values that aren't numbers" in made["data"]["note"]


def test_few_points_fall_back_to_the_pca() -> None:
    points = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)
    for method in ("umap", "tsne"):
        made = run(points, method)
        assert np.isfinite(made["positions"]).all()
        assert "at least 8 points" in made["data"]["note"]


def test_duplicates_do_not_break_a_layout() -> None:
    points = np.repeat(blobs(20)[0], 4, axis=0)
    for method in ("umap", "tsne"):
        assert np.isfinite(run(points, method)["positions"]).all()


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((30, 5), np.float32), "All these points are the same"),
        (np.full((30, 5), np.nan, np.float32), "there are 0"),
        (np.zeros((2, 5), np.float32), "at least 3 points"),
    ],
)
def test_nothing_to_map_is_one_sentence(points: np.ndarray, sentence: str) -> None:
    with pytest.raises(BadData, match=sentence):
        run(points)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(BadData, match="pca, umap, tsne"):
        run(blobs()[0], "som")


def test_a_new_code_is_placed_among_its_neighbours() -> None:
    points, labels = blobs(200)
    positions = run(points, "tsne")["positions"]
    places = Places.of(np.delete(points, [5], axis=0), np.delete(positions, [5], axis=0))
    placed, off = places.place(points[[5]])
    group = positions[labels == labels[5]]
    assert np.linalg.norm(placed[0] - positions[5]) < np.ptp(group, axis=0).max()
    assert off[0] < 2
    _, far = places.place(points[[5]] + 100)
    assert far[0] > 10


def test_a_known_code_is_placed_where_it_is() -> None:
    points, _ = blobs()
    positions = pca(points)
    placed, off = Places.of(points, positions).place(points[:10])
    spread = np.ptp(positions, axis=0).max()
    assert np.abs(placed - positions[:10]).max() < spread / 10
    np.testing.assert_allclose(off, 0, atol=0.05)


def test_codes_are_mapped_in_standard_deviations_without_their_label() -> None:
    space = LatentSpace((
        Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, 2.0), factor=((3.0, 0.0), (0.0, 5.0))),
        Part("label", (3,), Prior.CATEGORICAL),
        Part("noise", (4,), Prior.GAUSSIAN, role="noise"),
    ))  # fmt: skip
    codes = np.zeros((1, 9), np.float32)
    codes[0, :2] = (4.0, 7.0)
    np.testing.assert_allclose(standardised(space, codes), [[1.0, 1.0]])
    only_label = LatentSpace((space.parts[1],))
    assert standardised(only_label, np.eye(3, dtype=np.float32)).shape == (3, 3)
