"""Many scores together: intervals, ceilings, chance, progress, cancel, and data that lack something."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from backends.errors import BadData
from explorer.latent.scores import FAST, PRESETS, Figure, Result, Row, Sample, measure, score, scores
from explorer.latent.scores.measuring import run
from explorer.latent.task import Cancelled, Task

SMALL = replace(FAST, rows=400, votes=(200, 100), fit=(200, 100), queries=50, densities=200, bootstraps=5)
CHEAP = ("mig", "modularity", "factor_vae", "irs", "dependence")


def sample(count: int = 400, noise: float = 0.3, factors: int = 3) -> Sample:
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=(count, factors))
    return Sample.of(y + noise * rng.standard_normal(y.shape), y)


def by_key(rows: list[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows}


def test_everything_that_applies_is_measured() -> None:
    data = sample()
    rows, matrices = measure(data, SMALL)
    found = by_key(rows)
    assert {"mig", "sap", "irs", "disentanglement", "infom", "modularity", "beta_vae", "probe"} <= set(found)
    assert "retrieval" not in found  # one chunk
    assert "mig_sampled" not in found  # no variances
    assert all(matrix.shape == (3, 3) for name, matrix in matrices.items() if name != "probe")
    assert matrices["probe"].shape == (1, 3)
    for key in ("mig", "irs", "disentanglement", "factor_vae", "beta_vae"):
        row = found[key]
        assert row.chance < row.value <= row.ceiling + 0.05, key
    assert math.isnan(found["total_correlation"].ceiling)


def test_intervals_hold_the_value_and_shrink_with_more_images() -> None:
    effort = replace(SMALL, rows=4000, bootstraps=20)
    few, many = (by_key(measure(sample(n), effort, wanted=("mig",))[0])["mig"] for n in (150, 2400))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_scores_with_a_test_set_have_intervals_too() -> None:
    found = by_key(measure(sample(noise=0.8), SMALL, wanted=("sap", "explicitness", "probe", "dci"))[0])
    for key in ("sap", "explicitness", "probe", "informativeness"):
        assert found[key].low < found[key].value < found[key].high, key
    assert math.isnan(found["disentanglement"].low)


def test_the_same_seed_gives_the_same_figures() -> None:
    one, other = (measure(sample(), SMALL, 7, wanted=("factor_vae", "dci"))[0] for _ in range(2))
    assert repr(one) == repr(other)
    assert repr(measure(sample(noise=1), SMALL, 8, wanted=("dci",))[0]) != repr(one[:3])


def test_one_factor_is_a_sentence_where_two_are_needed() -> None:
    data = sample(factors=1)
    made = run(Task(), {"codes": data.codes, "factors": data.factors}, {"preset": "fast"})
    keys = {row["key"] for row in made["data"]["rows"]}
    assert {"mig", "explicitness", "probe", "irs", "sap"} <= keys
    assert not {"modularity", "beta_vae", "disentanglement"} & keys
    assert "Modularity" in made["data"]["notes"][0]
    assert made["data"]["notes"][0].endswith("compare factors and need at least two.")
    alone = scores()["modularity"].run(data, SMALL, np.random.default_rng(0), Task())
    assert math.isnan(alone.values["modularity"])
    assert "at least 2" in alone.note


def test_without_factors_only_what_needs_none() -> None:
    rows, _ = measure(Sample.of(np.random.default_rng(0).standard_normal((100, 3))), SMALL)
    assert {row.score for row in rows} == {"dependence"}


def test_constant_codes_have_defined_values() -> None:
    data = sample()
    with np.errstate(divide="raise", invalid="raise"):
        rows, _ = measure(Sample.of(np.zeros((400, 4)), data.factors), SMALL, wanted=CHEAP)
    found = by_key(rows)
    for key in ("mig", "modularity", "factor_vae", "irs", "total_correlation"):
        assert found[key].value == 0, key
    everything = by_key(measure(Sample.of(np.zeros((400, 4)), data.factors), SMALL)[0])
    assert everything["explicitness"].value == pytest.approx(0.5)
    assert everything["disentanglement"].value == pytest.approx(0, abs=1e-6)
    assert everything["sap"].value == 0
    assert everything["beta_vae"].value < 0.6


def test_what_can_t_be_measured_is_one_sentence() -> None:
    codes = np.zeros((50, 2))
    with pytest.raises(BadData, match="not finite"):
        Sample.of(np.where(np.arange(100).reshape(50, 2) == 7, np.nan, 0.0))
    with pytest.raises(BadData, match="at least 30"):
        Sample.of(codes[:5])
    with pytest.raises(BadData, match="50 codes and factors"):
        Sample.of(codes, np.zeros((49, 1), int))
    with pytest.raises(BadData, match="No score"):
        measure(Sample.of(codes), SMALL, wanted=("mig",))


def test_a_factor_with_one_value_is_left_out_and_named() -> None:
    y = np.random.default_rng(0).integers(3, size=(60, 2))
    made = Sample.of(y.astype(float), np.stack([y[:, 0], y[:, 0] * 0 + 5], 1), factor_names=("hair", "hat"))
    assert made.factor_names == ("hair",)
    assert made.notes == ("hat has one value in these data and is left out.",)


def test_values_of_factors_are_numbered_anew() -> None:
    y = np.array([7, 300, 7, -2] * 20)[:, None]
    np.testing.assert_array_equal(Sample.of(np.zeros((80, 1)), y).factors[:4, 0], [1, 2, 1, 0])


def test_progress_rises_to_one_and_a_cancelled_task_ends() -> None:
    told: list[float] = []
    measure(
        sample(), SMALL, task=Task(lambda kind, data, arrays: told.append(data["fraction"])), wanted=CHEAP
    )
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 5
    given_up = Task()
    given_up.cancelled = True
    with pytest.raises(Cancelled):
        measure(sample(), SMALL, task=given_up)


def test_the_full_preset_can_be_given_up_within_a_fit() -> None:
    """Gradient boosting asks after each tree, the network after each epoch."""
    for name in ("dci", "probe"):
        task = Task()
        task._send = lambda *_: setattr(task, "cancelled", True)  # given up at the first word of progress
        with pytest.raises(Cancelled):
            measure(sample(), replace(SMALL, published=True), task=task, wanted=(name,))


def test_as_a_job() -> None:
    data = sample()
    arrays = {"codes": data.codes.astype(np.float32), "factors": data.factors}
    options = {"preset": "fast", "factor_names": ["a", "b", "c"], "chunks": {"z": [0, 2], "w": [2, 3]},
               "wanted": ["mig", "retrieval"]}  # fmt: skip
    made = run(Task(), arrays, options)
    assert made["mig"].shape == (3, 3)
    assert made["retrieval"].shape == (2, 3)
    assert made["data"]["by_chunk"] == ["retrieval"]
    assert made["data"]["factor_names"] == ["a", "b", "c"]
    rows = [Row.from_json(row) for row in json.loads(json.dumps(made["data"]["rows"]))]
    assert by_key(rows)["mig"].value > 0.2


def test_every_score_says_what_to_beware_of() -> None:
    keys = [figure.key for one in scores().values() for figure in one.figures]
    assert len(keys) == len(set(keys))
    for one in scores().values():
        for figure in one.figures:
            assert figure.help.endswith("."), figure
            assert 40 < len(figure.help) < 160, figure
    assert set(PRESETS) == {"fast", "full"}


def test_a_newcomer_adds_a_score_with_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    @score("rank", Figure("rank", "Rank", "How many dimensions vary."))
    def rank(data, effort, rng, task):  # type: ignore[no-untyped-def]
        return Result({"rank": float(np.linalg.matrix_rank(data.codes))})

    monkeypatch.setattr("explorer.latent.scores.measuring.scores", lambda: {"rank": rank})
    (row,), _ = measure(sample(), SMALL)
    assert (row.value, row.ceiling) == (3, 3)
