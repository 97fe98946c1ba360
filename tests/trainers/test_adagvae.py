"""Ada-GVAE: pairs that differ in few factors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backends.errors import BadData
from trainers import data
from trainers.registry import trainer

SMALL = {"image_size": 16, "batch": 32, "body": "mlp", "width": 4, "latent": 4, "learning_rate": 5e-3,
         "sample_every": 40}  # fmt: skip


@pytest.mark.parametrize("together", ["mean", "product"])
def test_it_learns_from_pairs(together: str):
    kind = trainer("adagvae")
    assert kind.INFO.family == "vae"
    settings = kind.INFO.settings.from_mapping({**SMALL, "steps": 80, "together": together, "differing": 2})
    images = data.load("dsprites:count=1500", 16)
    learner = kind.build(settings, images, torch.device("cpu"))
    values = []
    for step in range(80):
        torch.manual_seed(step)
        given = torch.zeros(32, 1, 16, 16)
        values.append({k: float(v.detach()) for k, v in learner.step(given, None, step).items()})
    first, last = (np.mean([v["reconstruction"] for v in part]) for part in (values[:5], values[-5:]))
    assert last < 0.8 * first
    assert 0 < values[-1]["common"] < 1
    assert "MIG" in values[40]


def test_it_needs_factors():
    kind = trainer("adagvae")
    settings = kind.INFO.settings.from_mapping({**SMALL, "steps": 10})
    with pytest.raises(BadData, match="no known factors"):
        kind.build(settings, data.load("digits", 16), torch.device("cpu"))
