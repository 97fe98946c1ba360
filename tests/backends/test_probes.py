"""Looks into generators whose inside is known: the first weight, components of a layer, slopes, nats."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from backends.api import Capability
from backends.errors import BadRequest
from backends.model import Model
from backends.probes.affine import first_affine
from backends.probes.components import components, layers, of_activations
from backends.probes.directions import local
from backends.probes.information import divergences, posterior_of
from backends.space import Array, LatentSpace, Part, Prior

D = 6


class Toy(Model):
    """Images of a known weight on z, beside a label that goes through a table of its own."""

    def __init__(self, bent: bool = False) -> None:
        space = LatentSpace(
            (Part("z", (D,)), Part("label", (3,), Prior.CATEGORICAL), Part("dice", (2,), role="noise"))
        )
        super().__init__({}, space, frozenset({Capability.GENERATES}), (4, 4, 1))
        torch.manual_seed(0)
        self.bent = bent
        self.table = nn.Linear(3, 2)
        self.first = nn.Linear(2 + D, 10)
        self.last = nn.Linear(10, 16)
        self.requires_grad_(False)

    def generate(self, codes: torch.Tensor, options: Any) -> torch.Tensor:
        z = self.part(codes, "z")
        told = self.table(self.part(codes, "label"))
        inner = self.first(torch.cat([told, z**3 if self.bent else z], 1)).relu()
        return self.last(inner).sigmoid().view(-1, 1, 4, 4)


def last(steps: Generator[float, None, Any]) -> Any:
    fractions = []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as done:
            assert fractions == sorted(fractions)
            return done.value


def test_the_first_weight_is_found_behind_a_label() -> None:
    model = Toy()
    found = first_affine(model, model.space["z"], "cpu")
    np.testing.assert_allclose(found, model.first.weight[:, 2:].numpy(), atol=1e-5)


def test_a_code_that_is_bent_first_has_no_first_weight() -> None:
    with pytest.raises(BadRequest, match="bent"):
        first_affine(Toy(bent=True), Toy().space["z"], "cpu")
    with pytest.raises(BadRequest, match="no directions"):
        first_affine(Toy(), Toy().space["dice"], "cpu")


def test_layers_are_listed_as_a_code_passes_them() -> None:
    found = layers(Toy(), "cpu")
    assert [(one.number, one.kind, one.shape) for one in found] == [
        (0, "linear", (2,)), (1, "linear", (10,)), (2, "linear", (16,)),
    ]  # fmt: skip


def test_ganspace_recovers_planted_axes() -> None:
    """Activations that vary along three known axes of z, each with a deviation of its own."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((D, D)))[0][:3]
    spread = np.linalg.qr(rng.standard_normal((40, 40)))[0][:3]
    z = rng.standard_normal((4000, D)).astype(np.float32)
    activations = ((z @ axes.T) * [5, 3, 1] @ spread).astype(np.float32) + 7
    found = of_activations(activations, z, Part("z", (D,)), 3)
    np.testing.assert_allclose(np.abs((found.vectors * axes).sum(1)), 1, atol=0.01)
    np.testing.assert_allclose(found.shares, np.array([25, 9, 1]) / 35, atol=0.02)
    np.testing.assert_allclose(found.fits, 1, atol=0.05)


def test_what_a_layer_makes_of_noise_fits_nothing() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((3000, 20)).astype(np.float32)
    z = rng.standard_normal((3000, D)).astype(np.float32)
    assert of_activations(noise, z, Part("z", (D,)), 4).fits.max() < 0.05


def test_components_of_a_model_and_their_limits() -> None:
    model = Toy()
    codes = model.space.sample_many(500, 0)
    codes[:, D : D + 3] = [1, 0, 0]
    part = model.space["z"]
    found = last(components(model, part, codes, 1, 4, "cpu", lambda: 64))
    assert found.vectors.shape == (4, D)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-4)
    _, _, axes = np.linalg.svd(model.first.weight[:, 2:].numpy())
    assert abs(found.vectors[0] @ axes[0]) > 0.95
    for wrong, layer in ((codes[:10], 0), (codes, 9)):
        with pytest.raises(BadRequest):
            last(components(model, part, wrong, layer, 4, "cpu", lambda: 64))


@pytest.mark.parametrize("z", [(0.5, 2.0), (-1.0, 0.3)])
def test_singular_vectors_at_a_code(z: tuple[float, float]) -> None:
    """G(z) = [z0 z1, z0² z1], whose Jacobian is [[z1, z0], [2 z0 z1, z0²]]."""

    def generate(codes: Array) -> np.ndarray[Any, Any]:
        a, b = codes[:, 0], codes[:, 1]
        return np.stack([a * b, a**2 * b], 1).astype(np.float64)

    space = LatentSpace((Part("z", (2,)),))
    found = last(local(generate, space, space.main, np.array(z, np.float32), lambda: 8))
    jacobian = np.array([[z[1], z[0]], [2 * z[0] * z[1], z[0] ** 2]])
    _, values, vectors = np.linalg.svd(jacobian)
    np.testing.assert_allclose(found.effects, values / 2**0.5, atol=0.02)
    np.testing.assert_allclose(np.abs((found.vectors * vectors).sum(1)), 1, atol=1e-3)


def test_nats_are_the_formula() -> None:
    """Means 0 and 1 with variance 1; mean 1 with log variance 1, as in disentanglement_lib's test."""
    zero = np.zeros((5, 3))
    np.testing.assert_allclose(divergences(zero, zero), 0)
    np.testing.assert_allclose(divergences(zero + 1, zero), 0.5)
    assert divergences(np.ones((5, 10)), np.ones((5, 10))).sum() == pytest.approx(8.59, abs=0.01)
    with pytest.raises(BadRequest, match="distribution"):
        posterior_of(Toy())


def test_the_host_answers_for_all_of_them(shelf_folder: Any) -> None:
    from backends.answers import VERBS
    from backends.api import Request
    from backends.loaded import Shelf

    def ask(verb: str, name: str, /, **options: Any) -> Any:
        arrays = {k: options.pop(k) for k in list(options) if isinstance(options[k], np.ndarray)}
        request = Request(verb, str(shelf_folder / f"{name}.safetensors"), options, arrays)
        *_, result = VERBS[verb](shelf, request)
        assert result.kind == "result"
        return result

    shelf = Shelf("cpu")
    assert ask("weight", "vae").arrays["weight"].shape[1] == 6
    listed = ask("layers", "cgan").data["layers"]
    assert listed[-1]["kind"] in ("convolution", "transposed convolution", "linear")
    code = shelf.take(str(shelf_folder / "cgan.safetensors")).info.space.sample_many(1, 0)
    got = ask("components", "cgan", codes=code, samples=200, layer=len(listed) - 1, count=3)
    assert got.arrays["directions"].shape == (3, 5)
    assert ask("jacobian", "cgan", codes=code, count=2).arrays["directions"].shape == (2, 5)
    assert np.isfinite(ask("kl", "vae", count=20).arrays["kl"]).all()
    with pytest.raises(BadRequest):
        ask("kl", "gan")
