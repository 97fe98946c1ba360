"""ROC, areas and intervals against scikit-learn, and what the jobs read and draw."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics

from backends.errors import BadData, BadRequest
from explorer.latent import anomaly, anomaly_data, anomaly_picture, chart
from explorer.latent.task import Cancelled, Task


def case(count=400, ties=False, seed=0):
    rng = np.random.default_rng(seed)
    anomalous = rng.random(count) < 0.3
    scores = rng.normal(size=count) + anomalous
    return (np.round(scores) if ties else scores), anomalous


@pytest.mark.parametrize("ties", [False, True])
def test_the_curve_and_its_areas_are_those_of_scikit_learn(ties):
    scores, anomalous = case(ties=ties)
    ours = anomaly.roc(scores, anomalous)
    alarms, caught, thresholds = metrics.roc_curve(anomalous, scores, drop_intermediate=False)
    np.testing.assert_allclose(ours.alarms, alarms)
    np.testing.assert_allclose(ours.caught, caught)
    np.testing.assert_allclose(ours.thresholds, thresholds)
    assert anomaly.area(scores, anomalous) == pytest.approx(metrics.roc_auc_score(anomalous, scores))
    wanted = metrics.average_precision_score(anomalous, scores)
    assert anomaly.average_precision(scores, anomalous) == pytest.approx(wanted)


def test_areas_of_no_doubt():
    anomalous = np.array([False, False, True, True])
    assert anomaly.area(np.array([0, 1, 2, 3.0]), anomalous) == 1
    assert anomaly.area(np.array([3, 2, 1, 0.0]), anomalous) == 0
    assert anomaly.area(np.zeros(4), anomalous) == 0.5
    assert anomaly.at(np.array([0, 1, 2, 3.0]), anomalous, 1.0) == (0.5, 1.0)
    with pytest.raises(BadRequest, match="no anomalous image"):
        anomaly.roc(np.zeros(2), np.zeros(2, bool))


def test_a_thinned_curve_is_the_same_line():
    scores, anomalous = case(3000)
    whole = anomaly.roc(scores, anomalous)
    few = anomaly.thinned(whole, most=100_000)
    assert len(few.alarms) < len(whole.alarms)
    back = np.interp(whole.alarms, few.alarms, few.caught)
    inner = np.diff(whole.alarms, prepend=-1) > 0  # where the line isn't upright
    kept = inner & (whole.alarms > 0)
    np.testing.assert_allclose(back[kept], whole.caught[kept], atol=0.02)
    assert len(anomaly.thinned(whole, 50).alarms) <= 50
    assert anomaly.thinned(whole, 50).caught[-1] == 1


def test_the_interval_covers_as_often_as_it_says(monkeypatch):
    """Of 40 samples whose true area is Φ(1/√2), some 38 intervals hold it."""
    monkeypatch.setattr(anomaly, "DRAWS", 120)
    truth = 0.5 * (1 + math.erf(0.5))
    held = [low <= truth <= high for low, high in (anomaly.interval(*case(200, seed=s)) for s in range(40))]
    assert 33 <= sum(held) <= 40


def test_the_judge_tells_everything_and_can_be_given_up():
    scores, anomalous = case()
    groups = np.where(anomalous, np.arange(len(scores)) % 2 + 1, 0)
    arrays = {"scores": scores, "anomalous": anomalous, "groups": groups, "baseline": -scores}
    made = anomaly.judge(Task(), arrays, {"names": ["a", "b", "c"], "seed": 0})
    found = anomaly.verdict_of(made.pop("data"), made)
    assert found.low < found.area < found.high
    assert found.area + found.baseline == pytest.approx(1)
    assert (found.normal, found.anomalies) == ((~anomalous).sum(), anomalous.sum())
    assert [name for name, _, _ in found.groups] == ["b", "c"]
    assert found.by_group().startswith("By class: ")
    np.testing.assert_allclose(found.bars.sum(1), 1)
    assert scores[found.highest[0]] == scores.max()
    assert scores[found.alarms[0]] == scores[~anomalous].max()
    assert scores[found.missed[0]] == scores[anomalous].min()
    alarms, caught = anomaly.at(scores, anomalous, np.sort(scores[anomalous])[round(0.05 * anomalous.sum())])
    assert caught >= 0.94
    assert alarms == pytest.approx(found.at_caught, abs=0.05)
    task = Task()
    task.cancelled = True
    with pytest.raises(Cancelled):
        anomaly.judge(task, arrays, {"names": ["a", "b", "c"]})


ASKED = {"spec": "digits", "image_size": 16, "channels": 1, "count": 50, "size": 8}


def test_the_other_classes_are_the_anomalies():
    read = anomaly_data.read(Task(), {}, {**ASKED, "normal": "0-4"})
    assert read["images"].shape == (100, 16, 16, 1)
    assert set(read["groups"][:50]) == set(range(5))
    assert set(read["groups"][50:]) == set(range(5, 10))
    assert read["data"]["names"] == list("0123456789")
    area = anomaly.area(read["baseline"], read["anomalous"])
    assert area > 0.8  # components of 0 to 4 fit the others worse
    same = anomaly_data.read(Task(), {}, {**ASKED, "spec": "digits:classes=0-4"})
    np.testing.assert_array_equal(same["images"], read["images"])


def test_other_data_are_the_anomalies(tmp_path):
    np.savez(tmp_path / "noise.npz", images=np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8))
    read = anomaly_data.read(Task(), {}, {**ASKED, "against": f"npz:{tmp_path}/noise.npz", "count": 0})
    assert read["data"]["names"] == [*"0123456789", "noise"]
    assert set(read["groups"][read["anomalous"]]) == {10}
    assert anomaly.area(read["baseline"], read["anomalous"]) == 1
    for wrong, said in ((ASKED, "nothing is left"), ({**ASKED, "normal": "0-9"}, "nothing is left")):
        with pytest.raises(BadData, match=said):
            anomaly_data.read(Task(), {}, wrong)
    with pytest.raises(BadData, match="no labels"):
        anomaly_data.read(Task(), {}, {**ASKED, "spec": f"npz:{tmp_path}/noise.npz", "normal": "0"})


def test_linear_errors_are_those_of_principal_components():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    seen, images = (rng.integers(0, 256, (n, 6, 6, 1), np.uint8) for n in (80, 20))
    found = anomaly_data.linear_errors(seen, images, 5)
    peer = PCA(5, svd_solver="full").fit(seen.reshape(80, -1) / 255)
    flat = images.reshape(20, -1) / 255
    wanted = ((peer.inverse_transform(peer.transform(flat)) - flat) ** 2).mean(1)
    np.testing.assert_allclose(found, wanted, rtol=0.02)


def test_the_picture_and_the_table(tmp_path):
    scores, anomalous = case(60)
    groups, images = anomalous.astype(int), np.zeros((60, 8, 8, 1), np.uint8)
    arrays = {"scores": scores, "anomalous": anomalous, "groups": groups}
    made = anomaly.judge(Task(), arrays, {"names": ["a", "b"]})
    options = {"verdict": made.pop("data"), "names": ["a", "b"], "title": "made up", "how": "likelihood"}
    given = {**arrays, **made, "images": images}
    anomaly_picture.save(Task(), given, {**options, "file": str(tmp_path / "roc.png")})
    with Image.open(tmp_path / "roc.png") as picture:
        assert picture.width == anomaly_picture.WIDE
    anomaly_picture.save(Task(), given, {**options, "file": str(tmp_path / "roc.csv")})
    rows = list(csv.DictReader((tmp_path / "roc.csv").open()))
    assert [float(row["score"]) for row in rows] == pytest.approx(scores, rel=1e-6)
    assert [row["anomaly"] for row in rows] == [str(int(a)) for a in anomalous]
    with pytest.raises(BadRequest, match=r"no \.png or \.csv"):
        anomaly_picture.save(Task(), given, {**options, "file": str(tmp_path / "roc.pdf")})


def test_ticks_are_round_and_places_are_where_they_belong():
    assert [text for _, text in chart.even_ticks(0, 1)] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [text for _, text in chart.even_ticks(-3.1, 17)] == ["0", "5", "10", "15"]
    across = chart.Axis(10, 1000, (), log=True)
    assert across.share(100) == pytest.approx(0.5)
    plot = chart.Plot(chart.Page(100, 100), 10, 20, 50, 60, across, chart.Axis(0, 2, ()))
    assert plot.places(np.array([10.0, 1000.0]), np.array([0.0, 2.0])) == [(10, 80), (60, 20)]
    assert chart.wrapped("one two three", chart.font(chart.TEXT).getlength("one two")) == ["one two", "three"]
