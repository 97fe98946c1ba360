"""Maps of the same ids through checkpoints, and of two models: they stay where they can."""

from __future__ import annotations

import numpy as np
import pytest

from backends.api import BadData, BadRequest
from explorer.latent.maps.series import blend, common_pca, drift, pair, series, turned
from explorer.latent.task import Task
from tests.latent.maps.clouds import Told, blobs

STEPS = 4


def checkpoints(
    count: int = 300, sizes: tuple[int, ...] = (8,) * STEPS
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Groups that grow apart from slice to slice, and turn slowly."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 5
    centres, noise = rng.normal(size=(5, 8)), rng.normal(size=(count, 8))
    turn = np.linalg.qr(np.eye(8) + 0.05 * rng.normal(size=(8, 8)))[0]
    arrays, way = {}, np.eye(8)
    for at, size in enumerate(sizes):
        way = way @ turn
        points = (centres[labels] * (2 + 0.7 * at) + noise) @ way
        arrays[f"points {at}"] = points[:, :size].astype(np.float32)
    return arrays


def test_slices_are_held_to_the_one_before_as_far_as_asked() -> None:
    arrays = checkpoints()
    steps = {}
    for steady in (0.0, 0.03, 0.1):
        made = series(Task(), arrays, {"method": "umap", "steady": steady})
        assert made["positions"].shape == (STEPS, 300, 2)
        steps[steady] = made["drift"]
        assert len(made["drift"]) == STEPS - 1
        np.testing.assert_allclose(made["drift"], drift(made["positions"]))
    assert steps[0.1].max() < 0.1
    assert steps[0.1].mean() < steps[0.03].mean() < steps[0.0].mean()
    assert made["data"]["quality"][-1]["kept"] > 0.3
    assert (
        series(Task(), arrays, {"method": "umap", "steady": 0.1})["positions"].tobytes()
        == made["positions"].tobytes()
    )


def test_frames_say_their_slice_and_one_sick_row_is_left_out_of_all(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    arrays = checkpoints(100)
    arrays["points 2"][5] = np.nan
    told = Told()
    made = series(Task(told), arrays, {"method": "umap", "epochs": 3})
    assert [data["slice"] for kind, data, _ in told.messages if kind == "partial"] == [0] * 3 + [1] * 3 + [
        2
    ] * 3 + [3] * 3
    assert np.isnan(made["positions"][:, 5]).all()
    assert np.isfinite(np.delete(made["positions"], 5, axis=1)).all()


def test_a_common_pca_is_the_control() -> None:
    arrays = checkpoints()
    made = series(Task(), arrays, {"method": "pca"})
    np.testing.assert_allclose(made["positions"], common_pca(list(arrays.values())), atol=1e-5)


def test_slices_of_different_dimensions_are_turned_to_fit() -> None:
    arrays = checkpoints(sizes=(8, 6, 8, 4))
    assert np.isfinite(series(Task(), arrays, {"method": "umap", "epochs": 5})["positions"]).all()
    picture = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    mirrored = picture * (1, -1) @ np.array([[0, 1], [-1, 0]])
    np.testing.assert_allclose(turned(mirrored, picture), picture, atol=1e-5)


def test_two_models_share_one_layout() -> None:
    points, labels = blobs(150)
    other = blobs(150, size=5, seed=1)[0]
    options = {"method": "umap", "epochs": 200}
    made = pair(Task(), {"points 0": points, "points 1": other}, options)["positions"]
    assert made.shape == (2, 150, 2)
    middles = np.stack([[side[labels == k].mean(axis=0) for k in range(4)] for side in made])
    between = np.linalg.norm(middles[0][:, None] - middles[1][None], axis=2)
    assert (between.argmin(axis=1) == np.arange(4)).all()  # a class lies beside itself


def test_time_between_two_checkpoints_is_a_blend() -> None:
    positions = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    np.testing.assert_array_equal(blend(positions, 1), positions[1])
    np.testing.assert_array_equal(blend(positions, 1.5), (positions[1] + positions[2]) / 2)
    np.testing.assert_array_equal(blend(positions, 99), positions[2])


@pytest.mark.parametrize(
    ("arrays", "options", "error", "sentence"),
    [
        ({"points 0": blobs()[0]}, {}, BadData, "two or more"),
        ({"points 0": blobs()[0], "points 1": blobs(50)[0]}, {}, BadData, "different numbers"),
        (checkpoints(), {"steady": 2, "method": "umap"}, BadRequest, "Steadiness"),
        (checkpoints(), {"method": "tsne"}, BadRequest, "UMAP or PCA"),
        (
            {"points 0": blobs()[0], "points 1": np.ones((120, 3))},
            {"method": "umap"},
            BadData,
            "are the same",
        ),
    ],
)
def test_what_cannot_be_aligned_is_one_sentence(arrays, options, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        series(Task(), arrays, options)
    if sentence == "two or more":
        with pytest.raises(BadRequest, match="link"):
            pair(Task(), checkpoints(), {"link": 0})
