"""Sweeps: which points they have, and what can't work is said before the first run."""

import pytest

from backends.errors import BadSettings
from trainers import runs, sweeps
from trainers.registry import trainer
from trainers.sweeps import Range, parse_grid, parse_range

VAE = trainer("vae").INFO.settings


def test_a_grid_has_every_combination():
    found = sweeps.points(VAE, {"latent": ["2", "8"], "body": ["mlp", "conv"]}, {})
    assert found == [{"latent": a, "body": b} for a in ("2", "8") for b in ("mlp", "conv")]


def test_draws_are_in_range_and_the_same_for_a_seed():
    ranges = {"learning_rate": Range(1e-4, 1e-2, log=True), "latent": Range(2, 9)}
    found = sweeps.points(VAE, {}, ranges, 50, seed=3)
    assert found == sweeps.points(VAE, {}, ranges, 50, seed=3)
    assert found != sweeps.points(VAE, {}, ranges, 50, seed=4)
    rates = [point["learning_rate"] for point in found]
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert 15 <= sum(rate < 1e-3 for rate in rates) <= 35  # half of them, in the logarithm
    assert all(isinstance(point["latent"], int) for point in found)
    assert len(sweeps.points(VAE, {"body": ["mlp", "conv"]}, ranges, 3)) == 6


def test_texts():
    assert parse_grid("latent=2, 8") == ("latent", ["2", "8"])
    assert parse_range("rate=1e-4..1e-2:log") == ("rate", Range(1e-4, 1e-2, True))


@pytest.mark.parametrize(
    "text", ["rate", "rate=1", "rate=2..1", "rate=0..1:log", "rate=1..2:cube", "r=1..inf"]
)
def test_what_is_no_range(text):
    with pytest.raises(BadSettings, match="no range"):
        parse_range(text)


@pytest.mark.parametrize(("grid", "count"), [({}, 1), ({"colour": ["1"]}, 1), ({"latent": range(2000)}, 1)])
def test_what_is_no_sweep(grid, count):
    with pytest.raises(BadSettings):
        sweeps.points(VAE, grid, {}, count)


def test_nothing_is_made_when_one_point_can_not_work(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(tmp_path))
    with pytest.raises(BadSettings, match="latent"):
        sweeps.create("s", "vae", "digits", {}, [{"latent": 2}, {"latent": -2}])
    assert runs.list_runs() == []
    with pytest.raises(BadSettings, match="none yet"):
        sweeps.of("s")
