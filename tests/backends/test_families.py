"""What every family promises, and every size and kind of network."""

from __future__ import annotations

import itertools
from importlib.metadata import EntryPoint

import pytest
import torch

from backends import registry
from backends.api import BadRequest, BadSettings, Capability
from backends.families.cgan import ConditionalGan
from backends.families.vae import VariationalAutoencoder
from backends.nets.conv import resolutions
from backends.registry import families, family

GENERATORS = [n for n in sorted(families()) if n != "classifier"]


@pytest.mark.parametrize("name", sorted(families()))
def test_capabilities_are_the_truth(name: str) -> None:
    model = family(name).build(kept(name, {"width": 4, "image_size": 16})).eval()
    codes, images = torch.zeros(2, model.space.size), torch.rand(2, 1, 16, 16)
    tries = {
        Capability.GENERATES: lambda: model.generate(codes, {}),
        Capability.ENCODES: lambda: model.encode(images),
        Capability.CLASSIFIES: lambda: model.classify(images),
    }
    for capability, attempt in tries.items():
        if capability in model.capabilities:
            attempt()
        else:
            with pytest.raises(BadRequest):
                attempt()
    assert (Capability.LABELS in model.capabilities) == (model.space.label is not None)


@pytest.mark.parametrize(
    ("name", "body", "size", "channels"),
    list(itertools.product(GENERATORS, ["mlp", "conv"], [16, 28, 32, 64], [1, 3])),
)
def test_every_size_and_body(name: str, body: str, size: int, channels: int) -> None:
    kind = family(name)
    bodies = {**registry.CHOICES, **kind.choices}["body"] if "body" in kind.defaults else ("conv",)
    if body not in bodies:
        pytest.skip("a body of other families")
    config = {"body": body, "image_size": size, "channels": channels, "width": 4, "latent": 3}
    model = kind.build(kept(name, config)).eval()
    assert model.image_shape == (size, size, channels)
    images = model.generate(torch.from_numpy(model.space.sample_many(2, 0)), {})
    assert images.shape == (2, channels, size, size)
    assert 0 <= images.min() <= images.max() <= 1
    if Capability.ENCODES in model.capabilities:
        assert model.encode(images).shape == (2, model.space.size)


def kept(name: str, config: dict[str, object]) -> dict[str, object]:
    """What of a configuration a family has."""
    return {key: value for key, value in config.items() if key in family(name).defaults}


def test_resolutions() -> None:
    assert [resolutions(s) for s in (16, 28, 32, 64)] == [
        [16, 8, 4], [28, 14, 7], [32, 16, 8, 4], [64, 32, 16, 8, 4],
    ]  # fmt: skip


def test_labels_blend() -> None:
    """Halfway between two classes lies halfway between their embeddings."""
    model = family("cgan").build({"width": 4, "image_size": 16, "classes": 3})
    assert isinstance(model, ConditionalGan)
    table = model.generator.labels
    half = table(torch.tensor([[0.5, 0.5, 0]]))
    assert torch.allclose(half[0], (table.table[0] + table.table[1]) / 2)
    model.set_classes(("cat", "dog", "emu"))
    assert model.space.label is not None
    assert model.space.label.names == ("cat", "dog", "emu")


def test_likelihoods_show_what_they_mean() -> None:
    codes = 50 * torch.randn(8, 2)
    for likelihood in ("bernoulli", "gaussian"):
        model = (
            family("vae").build({"width": 4, "image_size": 16, "latent": 2, "likelihood": likelihood}).eval()
        )
        assert isinstance(model, VariationalAutoencoder)
        raw, images = model.decoder(codes), model.generate(codes, {})
        wanted = torch.sigmoid(raw) if likelihood == "bernoulli" else raw.clamp(0, 1)
        assert torch.equal(images, wanted)
        mean, logvar = model.posterior(images)
        assert torch.equal(mean, model.encode(images))
        assert logvar.shape == (8, 2)


@pytest.mark.parametrize(
    ("config", "said"),
    [({"depht": 1}, "depht"), ({"width": "wide"}, "int"), ({"width": 0}, "between"), ({"width": True}, "int"),
     ({"body": "brain"}, "mlp"), ({"image_size": 27}, "28")],
)  # fmt: skip
def test_bad_configurations_are_refused(config: dict[str, object], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        family("vae").build(config)


def test_unknown_families_get_near_names() -> None:
    with pytest.raises(BadSettings, match="cgan"):
        family("cgna")


def test_others_add_families_and_broken_ones_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("theirs", "backends.families.vae:FAMILY", registry.GROUP),
        EntryPoint("broken", "no.such.module:FAMILY", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    found = registry.families.__wrapped__()
    assert "theirs" in found
    assert "broken" not in found
