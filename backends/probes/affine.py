"""The first affine layer that reads a part of the code: its weight holds directions (SeFa)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backends import device
from backends.errors import BadRequest
from backends.model import Model
from backends.probes.directions import whitened_basis
from backends.space import Array, Part

AFFINE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
MOST = 1 << 26  # numbers of a weight; more are no first layer of a latent space but a layer over an image
TOLERANCE = 1e-3


class _Seen(Exception):
    """The layer has been reached: nothing after it is wanted."""


def first_affine(model: Model, part: Part, where: str) -> Array:
    """The weight `[m, d]` of the first affine layer that reads `part`, for steps of one standard deviation.

    It is measured, and exact: the layer's output for a code moved along each dimension minus that for the
    code itself. So it doesn't matter how the layer is named, what else it reads (a label), or how its input
    is put together. Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (2021).
    Raises `BadRequest` where no affine layer reads the part as it is.
    """
    if not part.continuous or part.seeded:
        raise BadRequest(f"{part.name} has no directions.", "Choose a continuous part that has sliders.")
    code = model.space.sample_many(1, 0)
    moves = np.concatenate([np.zeros((1, part.size)), whitened_basis(part)]).astype(np.float32)
    rows = np.repeat(code, len(moves) + 1, 0)
    rows[:-1, model.space.slices[part.name]] += moves
    rows[-1, model.space.slices[part.name]] += 2 * moves[-1]  # an affine layer doubles its answer
    found = _first_output(model, device.send(rows, where))
    steps = (found[1:] - found[:1]).flatten(1).float()  # [d + 1, m]
    scale = float(steps.abs().max())
    if not torch.allclose(steps[-1], 2 * steps[-2], atol=TOLERANCE * max(scale, 1e-9)):
        raise _none(part)
    return device.fetch(steps[:-1].T.contiguous())


def _first_output(model: Model, rows: Tensor) -> Tensor:
    """What the first affine layer says of these rows that doesn't say the same of all: `[N, ...]`."""
    heard: list[Tensor] = []

    def listen(_module: nn.Module, _given: Any, out: Tensor) -> None:
        if len(out) == len(rows) and bool((out[1:-1] != out[:1]).any()):
            heard.append(out)
            raise _Seen

    hooks = [m.register_forward_hook(listen) for m in model.modules() if isinstance(m, AFFINE)]
    try:
        with device.fast("cpu", 1):  # in single precision: differences are wanted
            model.generate(rows, {"quality": "preview"})
    except _Seen:
        pass
    finally:
        for hook in hooks:
            hook.remove()
    if not heard or heard[0].numel() > MOST:
        raise BadRequest(
            "No affine layer of this model reads its code as it is.", "Use principal directions or GANSpace."
        )
    return heard[0]


def _none(part: Part) -> BadRequest:
    advice = "Use principal directions or GANSpace."
    return BadRequest(f"The first layer that reads {part.name} reads it bent, not as it is.", advice)
