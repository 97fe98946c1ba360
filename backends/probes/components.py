"""Principal components of what an inner layer says, led back to the latent space (GANSpace)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends import device
from backends.errors import BadRequest
from backends.model import Model
from backends.probes.affine import AFFINE
from backends.probes.directions import whitened_basis
from backends.space import Array, Part

MOST_CODES, FEWEST_CODES = 10_000, 50
MOST_FEATURES = 4096  # of a layer; larger maps are averaged over squares, larger vectors thinned
KINDS = {nn.Linear: "linear", nn.Conv2d: "convolution", nn.ConvTranspose2d: "transposed convolution"}


@dataclass(frozen=True)
class Layer:
    """A layer by its number in the order of calls, its kind and the shape of what it says of one code."""

    number: int
    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Components:
    """`vectors` `[K, d]` of a part, one standard deviation long; `shares` `[K]` of the layer's variance.

    `fits` `[K]`: how much of the component is linear in the code (R², 0 to 1). Near 0 the direction means
    little.
    """

    vectors: Array
    shares: Array
    fits: Array


class _Enough(Exception):
    """The layer has been reached."""


def layers(model: Model, where: str) -> list[Layer]:
    """The affine layers through which two codes go, in order. What a layer says of all codes is left out."""
    found: list[Layer] = []

    def listen(module: nn.Module, out: Tensor) -> None:
        if len(out) == 2:
            kind = next(name for cls, name in KINDS.items() if isinstance(module, cls))
            found.append(Layer(len(found), kind, tuple(out.shape[1:])))

    rows = device.send(model.space.sample_many(2, 0), where)
    with _listening(model, listen), device.fast(where, 2):
        model.generate(rows, {"quality": "preview"})
    return found


def components(
    model: Model, part: Part, codes: Array, layer: int, count: int, where: str, at_once: Callable[[], int]
) -> Generator[float, None, Components]:
    """Yield the fraction done, return the first `count` components of a layer over codes `[N, D]`.

    Härkönen et al., "GANSpace" (2020): PCA of the activations, coordinates A divided by their
    deviations, least squares A U = Z, rows of U divided by their lengths. Z is measured in standard
    deviations of the prior. Raises `BadRequest` for too few codes or a layer that there isn't.
    """
    if not FEWEST_CODES <= len(codes) <= MOST_CODES:
        raise BadRequest(
            f"GANSpace needs {FEWEST_CODES} to {MOST_CODES:,} codes, not {len(codes):,}.", "Change it."
        )
    said: list[Tensor] = []
    at = 0
    while at < len(codes):
        rows = device.send(codes[at : at + max(2, at_once())], where)
        with device.fast(where, 1):
            said.append(said_by(model, layer, rows))
        at += len(rows)
        yield 0.8 * at / len(codes)
    values = torch.cat(said)
    found = of_activations(device.fetch(values), codes[:, model.space.slices[part.name]], part, count)
    yield 1.0
    return found


def of_activations(activations: Array, values: Array, part: Part, count: int) -> Components:
    """The same from activations `[N, F]` and values `[N, d]` of the part."""
    data = torch.from_numpy(activations)
    basis = whitened_basis(part)
    units = (values - part.centre) @ np.linalg.pinv(basis)
    z = torch.from_numpy((units - units.mean(0)).astype(np.float32))
    count = min(count, *data.shape)
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(0)  # the range finder draws; the same codes give the same directions
        wide = min(count + 8, *data.shape)
        _, singular, axes = torch.pca_lowrank(data, wide, center=True, niter=3)
        deviations = singular[:count] / max(len(data) - 1, 1) ** 0.5
        alive = deviations > 1e-6 * deviations[:1].clamp_min(1e-12)
        coordinates = (data - data.mean(0)) @ axes[:, :count][:, alive] / deviations[alive]
        u = torch.linalg.lstsq(coordinates, z).solution  # [K, d]
        total = data.var(0).sum().clamp_min(1e-12)
        shares = deviations[alive].square() / total
    lengths = u.norm(dim=1)
    moved = (u / lengths.clamp_min(1e-9)[:, None]).numpy() @ basis
    spread = z.var(0).mean().sqrt().clamp_min(1e-9)
    fits = (lengths / spread).square().clamp(0, 1)
    return Components(moved.astype(np.float32), shares.numpy(), fits.numpy())


def said_by(model: Model, layer: int, rows: Tensor) -> Tensor:
    """What layer `layer` (from 0) says of codes `[N, D]`, a row each: `[N, F]`, F up to `MOST_FEATURES`.

    Gradients come through where they are switched on. Raises `BadRequest` for a layer that there isn't.
    """
    heard: list[Tensor] = []
    number = -1

    def listen(_module: nn.Module, out: Tensor) -> None:
        nonlocal number
        number += len(out) == len(rows)
        if number == layer and len(out) == len(rows):
            heard.append(_fewer(out).float())
            raise _Enough

    with _listening(model, listen):
        try:
            model.generate(rows, {"quality": "preview"})
        except _Enough:
            return heard[0]
    raise BadRequest(f"This model has no layer {layer + 1}.", "Choose one of its layers.")


def _fewer(out: Tensor) -> Tensor:
    """At most `MOST_FEATURES` numbers a row: maps averaged over squares, vectors thinned evenly."""
    if out[0].numel() <= MOST_FEATURES:
        return out.flatten(1)
    if out.ndim == 4:
        side = max(1, int((MOST_FEATURES / out.shape[1]) ** 0.5))
        out = F.adaptive_avg_pool2d(out, (min(side, out.shape[2]), min(side, out.shape[3])))
    flat = out.flatten(1)
    return flat[:, :: -(-flat.shape[1] // MOST_FEATURES)]


@contextmanager
def _listening(model: Model, listen: Callable[[nn.Module, Tensor], None]) -> Iterator[None]:
    def hook(module: nn.Module, _given: Any, out: Tensor) -> None:
        listen(module, out)

    hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, AFFINE)]
    try:
        yield
    finally:
        for one in hooks:
            one.remove()
