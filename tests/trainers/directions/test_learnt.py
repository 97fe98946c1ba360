"""Directions that are learnt, on a generator whose factors are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import BadRequest, BadSettings
from backends.native import describe, save
from backends.registry import families
from explorer.latent.task import Cancelled, Task
from tests.made_up import made_up_model
from tests.trainers.directions.toy import FACTORS, D, Spot
from trainers.directions import job
from trainers.directions.frozen import Frozen
from trainers.directions.latentclr import contrast, told_apart
from trainers.directions.matrix import Matrix
from trainers.directions.settings import IDLE, LATENTCLR, VOYNOV, SearchSettings
from trainers.directions.voynov import Voynov


def frozen(bent: bool = True) -> Frozen:
    model = Spot(bent)
    return Frozen(model, model.space["z"])


def searched(**given: Any) -> tuple[dict[str, Any], np.ndarray]:
    """What was found in the toy, and the length of each direction's share in the factors' plane."""
    torch.set_num_threads(1)
    seen = frozen()
    found = job.search(Task(), seen, SearchSettings(count=4, **given))
    axes = seen.model.axes.detach().numpy()  # type: ignore[operator]
    return found, np.linalg.norm(found["directions"] @ axes.T, axis=1)


@pytest.mark.parametrize(
    "given", [{"method": VOYNOV, "steps": 120}, {"method": LATENTCLR, "steps": 80, "layer": 2}]
)
def test_directions_found_lie_among_the_factors(given):
    found, within = searched(**given)
    np.testing.assert_allclose(found["directions"] @ found["directions"].T, np.eye(4), atol=1e-4)
    chance = (FACTORS / D) ** 0.5  # .58: a random direction's share in the plane of the factors
    told = np.where(found["accuracies"] > 0.55, found["effects"], 0)
    strongest = np.argsort(-told)[:2]
    assert told[strongest].min() > 10 * IDLE
    assert within[strongest].mean() > chance + 0.2
    assert sorted(found["rows"]) == [0, 1, 2, 3]
    assert found["data"]["accuracy"] > 2 * found["data"]["chance"]


def test_the_search_is_the_same_for_the_same_seed():
    one, other, third = (searched(steps=3, seed=seed)[0]["directions"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, third)


def test_shifts_are_as_long_as_they_may_be():
    assert SearchSettings().reach_in(128) == pytest.approx(5.66, abs=0.01)
    assert SearchSettings().reach_in(1024) == 6
    assert SearchSettings().reach_in(4) == 2
    search = Voynov(frozen(), SearchSettings(reach=6.0))
    shifts = search._shifts(2000).abs()
    assert float(shifts.min()) == 0.5
    assert float(shifts.max()) == pytest.approx(6, abs=0.02)


def test_a_code_is_moved_in_its_part_alone():
    seen = frozen()
    codes = seen.draw(3, 0)
    units = torch.zeros(3, D)
    units[:, 5] = 2.0
    change = seen.moved(codes, units) - codes
    assert change[:, :2].abs().max() == 0
    np.testing.assert_allclose(change[:, 2:], units, atol=1e-6)


def test_effects_that_are_alike_are_told_apart():
    effects = torch.eye(3)[:, None].repeat(1, 4, 1)  # each direction does one thing, for all codes
    np.testing.assert_array_equal(told_apart(effects), np.ones(3))
    # Own effects e^2 (likeness 1, temperature .5), others e^0: -log(e^2 / 1) = -2.
    assert float(contrast(effects)) == pytest.approx(-2.0, abs=1e-5)
    same = torch.ones(3, 4, 1)
    assert float(contrast(same)) == pytest.approx(0.0, abs=1e-6)
    assert float(told_apart(same).mean()) == pytest.approx(1 / 3)


@pytest.mark.parametrize("dimensions", [7, 200])
def test_the_matrix_stays_orthonormal_while_it_learns(dimensions):
    matrix = Matrix(3, dimensions, torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(matrix.parameters(), 0.1)
    before = matrix.rows.detach().clone()
    for _ in range(5):
        matrix.rows[:, 0].sum().neg().backward()
        optimiser.step()
    assert float((matrix.rows - before).detach().abs().max()) > 0.1
    np.testing.assert_allclose((matrix.rows @ matrix.rows.T).detach(), np.eye(3), atol=1e-5)
    assert len(Matrix(9, 2, torch.Generator())) == 2


def test_partial_results_come_on_the_way_and_it_can_be_given_up(monkeypatch):
    monkeypatch.setattr(job, "SHOWN_S", -1.0)
    shown: list[dict[str, np.ndarray]] = []
    task = Task(lambda kind, data, arrays: shown.append(arrays) if kind == "partial" else None)
    job.search(task, frozen(), SearchSettings(count=4, steps=3))
    assert len(shown) == 3
    assert shown[0]["directions"].shape == (4, D)
    assert not np.array_equal(shown[0]["directions"], shown[2]["directions"])
    task.cancelled = True
    with pytest.raises(Cancelled):
        job.search(task, frozen(), SearchSettings(steps=3))


def test_what_cannot_be_learnt_from_says_why(tmp_path):
    with pytest.raises(BadRequest, match="No gradient"):
        job.search(Task(), frozen(bent=False), SearchSettings(steps=1))
    slow = made_up_model(tmp_path)
    with pytest.raises(BadRequest, match="many steps"):
        job.run(Task(), {}, {"model": slow.path, "part": "z"})
    model = families()["vae"].build({"latent": 1, "width": 4, "image_size": 16, "body": "mlp"})
    path = tmp_path / "thin.safetensors"
    save(path, model, replace(describe(model, name="thin", family="vae"), dataset="nothing"))
    with pytest.raises(BadRequest, match="one dimension"):
        job.run(Task(), {}, {"model": str(path), "part": "z"})
    with pytest.raises(BadSettings, match="two directions"):
        SearchSettings(count=1)
    with pytest.raises(BadSettings, match="No directions are learnt"):
        SearchSettings(method="sefa")
