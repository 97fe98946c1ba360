"""The job that makes a map: what comes on the way, what is told to it, and odd input."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from backends.api import BadData, BadRequest
from explorer.latent.mapping import METHODS, project, quality_from
from explorer.latent.maps.methods import ABOUT, PARAMETERS, Wish
from explorer.latent.maps.pca import pca
from explorer.latent.task import FRAMES_A_SECOND, Cancelled, Task
from tests.latent.maps.clouds import Told, blobs

LIVE = [m for m in METHODS if m != "classic"]


def run(points: np.ndarray, method: str = "pca", **options: object) -> dict:
    return project(Task(), {"points": points}, {"method": method, **options})


@pytest.mark.parametrize("method", LIVE)
def test_groups_stay_apart_and_maps_repeat(method: str) -> None:
    points, labels = blobs()
    made = project(Task(), {"points": points, "labels": labels}, {"method": method, "seed": 3})
    judged = quality_from(made["data"]["quality"])
    assert judged.trustworthiness > 0.9
    assert judged.chance == pytest.approx(0.25)
    assert not judged.doubtful
    if method != "pca":
        assert judged.accuracy == 1.0
    np.testing.assert_array_equal(made["positions"], run(points, method, seed=3)["positions"])
    assert made["data"]["provenance"]["seed"] == 3
    assert 0 < made["preserved"].mean() <= 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_umap_learn_is_a_choice_too() -> None:
    points, labels = blobs()
    made = project(Task(), {"points": points, "labels": labels}, {"method": "classic", "supervised": True})
    assert quality_from(made["data"]["quality"]).accuracy == 1.0


def test_the_pca_comes_first_then_frames_with_left_out_points_in_their_rows(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    points = np.concatenate([np.full((1, 8), np.nan, np.float32), blobs(60)[0]])
    told = Told()
    project(Task(told), {"points": points}, {"method": "umap", "epochs": 20})
    frames = [frame["positions"] for frame in told.partials()]
    np.testing.assert_array_equal(frames[0][1:], pca(points[1:]))
    assert len(frames) == 21
    for frame in frames:
        assert frame.shape == (len(points), 2)
        assert np.isnan(frame[0]).all()
        assert np.isfinite(frame[1:]).all()
    assert {kind for kind, _, _ in told.messages} == {"partial", "progress"}


def test_t_sne_shows_frames_begins_at_the_picture_and_can_be_finished(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    points, _ = blobs()
    task, told = Task(), Told()

    def answer(kind: str, data: dict, arrays: dict) -> None:
        told(kind, data, arrays)
        if data.get("epoch", 0) >= 50:
            task.hear({"finish": True})

    task._send = answer
    start = pca(points) * np.array([-1, 1], np.float32)
    made = project(task, {"points": points, "start": start}, {"method": "tsne"})
    assert made["data"]["epoch"] == 50
    assert "Stopped at step 50" in made["data"]["note"]
    first = told.partials()[1]["positions"]
    assert abs(np.corrcoef(first[:, 0], start[:, 0])[0, 1]) > 0.5


def told_at(epoch: int, changes: dict) -> tuple[Task, Told]:
    """A task that is told something when it has come to an epoch."""
    task, told = Task(), Told()

    def answer(kind: str, data: dict, arrays: dict) -> None:
        told(kind, data, arrays)
        if data.get("epoch") == epoch and changes:
            task.hear(dict(changes))
            changes.clear()

    task._send = answer
    return task, told


def test_a_layout_that_is_finished_early_goes_on_to_the_same_bytes(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    points, _ = blobs()
    whole = run(points, "umap", epochs=40)
    task, _ = told_at(15, {"finish": True})
    part = project(task, {"points": points}, {"method": "umap", "epochs": 40})
    assert part["data"]["epoch"] == 15
    arrays = {"points": points, "start": part["positions"]}
    rest = project(Task(), arrays, {"method": "umap", "epochs": part["data"]["epochs"], "epoch": 15})
    assert rest["positions"].tobytes() == whole["positions"].tobytes()


def test_other_parameters_are_a_warm_restart_over_the_same_table(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    searched = []
    from explorer.latent.maps import neighbours

    real = neighbours.nearest
    monkeypatch.setattr(neighbours, "nearest", lambda *a, **k: searched.append(1) or real(*a, **k))
    points, _ = blobs()
    task, told = told_at(30, {"min_dist": 0.9, "neighbours": 5})
    made = project(task, {"points": points}, {"method": "umap", "epochs": 60, "cache": False})
    assert made["data"]["provenance"]["restarts"] == 1
    assert made["data"]["provenance"]["min_dist"] == 0.9
    assert len(searched) == 1
    frames = told.partials()
    before, after = frames[30]["positions"], frames[31]["positions"]  # the first is the PCA
    assert np.median(np.linalg.norm(after - before, axis=1)) < np.ptp(before, axis=0).max() / 4


def test_a_start_is_a_warm_restart() -> None:
    points, _ = blobs()
    first = run(points, "umap", epochs=100)["positions"]
    arrays = {"points": points, "start": first}
    again = project(Task(), arrays, {"method": "umap", "epochs": 1})["positions"]
    assert np.median(np.linalg.norm(again - first, axis=1)) < np.ptp(first, axis=0).max() / 4
    with pytest.raises(BadData, match="don't fit"):
        project(Task(), {"points": points, "start": first[:5]}, {"method": "umap"})


def test_a_paused_layout_waits_and_a_cancelled_one_stops() -> None:
    points, _ = blobs()
    task = Task(Told())
    task.hear({"pause": True})
    ended: list[str] = []

    def work() -> None:
        try:
            project(task, {"points": points}, {"method": "umap"})
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    task.cancelled = True
    thread.join(100)
    assert ended == ["cancelled"]
    with pytest.raises(Cancelled):
        project(task, {"points": points}, {"method": "pca"})


def test_frames_wait_until_the_last_one_was_taken(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e9)
    told = Told()
    task = Task(told, taken=True)
    assert task.frame({})
    assert not task.frame({})
    task.hear({"taken": True})
    assert task.frame({})
    assert task.told() == {}
    monkeypatch.setattr("explorer.latent.task.FRAMES_A_SECOND", 1e-3)
    task.hear({"taken": True})
    assert not task.frame({})
    assert FRAMES_A_SECOND == 30


def test_labels_supervise_and_their_absence_is_said() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(150, 4)).astype(np.float32), np.arange(150) % 2
    arrays = {"points": points, "labels": labels}
    plain = quality_from(project(Task(), arrays, {"method": "umap", "epochs": 100})["data"]["quality"])
    made = project(Task(), arrays, {"method": "umap", "epochs": 100, "supervised": True})
    assert quality_from(made["data"]["quality"]).accuracy > plain.accuracy + 0.2
    assert "proves nothing" in made["data"]["note"]
    with pytest.raises(BadData, match="needs labels"):
        run(points, "umap", supervised=True)


@pytest.mark.parametrize("size", [1, 2])
def test_few_dimensions_are_shown_as_they_are(size: int) -> None:
    points = np.random.default_rng(0).normal(size=(50, size)).astype(np.float32)
    made = run(points, "umap")
    assert "as it is" in made["data"]["note"]
    if size == 2:
        np.testing.assert_array_equal(made["positions"], points)
    else:
        assert not made["positions"][:, 1].any()


def test_rows_that_are_no_numbers_are_left_out_and_counted() -> None:
    points, _ = blobs()
    points[[3, 7]] = np.nan
    points[9, 0] = np.inf
    made = run(points, neighbours_wanted=4)
    assert np.isnan(made["positions"][[3, 7, 9]]).all()
    assert np.isfinite(np.delete(made["positions"], [3, 7, 9], axis=0)).all()
    assert "3 points have values that aren't numbers" in made["data"]["note"]
    assert (made["neighbours"][[3, 7, 9]] == -1).all()
    assert not np.isin(made["neighbours"], [3, 7, 9]).any()
    nearest = np.linalg.norm(points[[0]] - np.delete(points, [0, 3, 7, 9], axis=0), axis=1).min()
    assert made["distances"][0, 0] == pytest.approx(nearest, rel=1e-4)


@pytest.mark.parametrize("method", LIVE)
@pytest.mark.parametrize(
    "points",
    [
        np.repeat(blobs(20)[0], 4, axis=0),  # duplicates
        np.column_stack([blobs(40)[0], np.full(40, 7.0, np.float32)]),  # a constant feature
        blobs(9)[0],  # fewer points than neighbours
        np.eye(30, dtype=np.float32)[np.arange(40) % 2],  # two places only
        blobs(40)[0] * np.float32(1e-12),
        blobs(40)[0] * np.float32(1e12),
    ],
    ids=["duplicates", "constant", "few", "two places", "tiny", "huge"],
)
def test_odd_clouds_are_laid_out(method: str, points: np.ndarray) -> None:
    one_class = np.zeros(len(points), np.int64)
    made = project(Task(), {"points": points, "labels": one_class}, {"method": method, "epochs": 20})
    assert np.isfinite(made["positions"]).all()
    assert made["data"]["quality"]["trustworthiness"] is not None


def test_few_points_fall_back_to_the_pca() -> None:
    points = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)
    for method in LIVE[1:]:
        made = run(points, method)
        assert np.isfinite(made["positions"]).all()
        assert "at least 8 points" in made["data"]["note"]


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((30, 5), np.float32), "All these points are the same"),
        (np.full((30, 5), np.nan, np.float32), "there are 0"),
        (np.zeros((2, 5), np.float32), "at least 3 points"),
        (np.zeros((5, 0), np.float32), "no dimensions"),
    ],
)
def test_nothing_to_map_is_one_sentence(points: np.ndarray, sentence: str) -> None:
    with pytest.raises(BadData, match=sentence):
        run(points)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "som"}, "pca, umap, tsne"),
        ({"metric": "hamming"}, "euclidean, cosine"),
        ({"neighbours": 1}, "Neighbours can't be 1"),
        ({"neighbours": 31}, "Between 2 and 30"),
        ({"min_dist": 1.5}, "more than the spread"),
        ({"epochs": "many"}, "Numbers are wanted"),
    ],
)
def test_wishes_that_make_no_sense(options: dict, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        Wish.of(options)


def test_every_method_and_parameter_is_explained() -> None:
    assert set(ABOUT) == set(METHODS)
    for parameter in PARAMETERS:
        assert parameter.low <= getattr(Wish(), parameter.name) <= parameter.high
        assert parameter.help.endswith(".")
        assert set(parameter.methods) <= set(METHODS)


def test_landmarks_stand_for_many(monkeypatch) -> None:
    monkeypatch.setattr("explorer.latent.maps.landmarks.EXACT", 500)
    monkeypatch.setattr("explorer.latent.maps.landmarks.LANDMARKS", 200)
    points, labels = blobs(900)
    made = project(Task(), {"points": points, "labels": labels}, {"method": "umap"})
    assert made["data"]["landmarks"] == 200
    assert "200 landmarks of 900 points" in made["data"]["note"]
    assert np.isfinite(made["positions"]).all()
    assert quality_from(made["data"]["quality"]).accuracy == 1.0
    np.testing.assert_array_equal(*(run(points, "umap")["positions"] for _ in range(2)))
