"""Restricted Boltzmann machine: an energy between pixels and hidden units (Smolensky 1986; Hinton 2002).

    E(v, h) = -b v - c h - v W h        F(v) = -b v - sum_j softplus(c_j + (v W)_j)

It has no latent space of its own: a picture is where a Markov chain comes to rest. So a code says where
the chain starts: `latent` whitened principal components of the hidden units' inputs, as measured on
training images. From there hidden and visible units settle by `steps` rounds of mean field.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backends.api import Capability, Knob, View
from backends.model import Model, Sheet
from backends.nets import build
from backends.registry import Family
from backends.space import LatentSpace, Part

FRAMES = 24  # of a chain
CHAINS = 32  # that dream side by side
NOISE_SEED = 0  # of the noise that makes grey pixels black or white

STEPS = Knob("steps", "Settling steps", 0, 200, 3, whole=True,
             help="Rounds of mean field from the code towards what the machine believes.")  # fmt: skip
EVERY = Knob(
    "every", "Steps between pictures", 1, 200, 5, whole=True, help="Gibbs steps between two pictures."
)
SEED = Knob("chain_seed", "Seed", 0, 999, 0, whole=True, help="Another number, another chain.")
VIEWS = (
    View("filters", "Filters", "The weights between the pixels and the hidden units that vary most: grey is "
         "zero, white excites, black inhibits."),
    View("chain", "Gibbs chain", "A film from the current code: units are drawn at random, again and again.",
         "code", (EVERY, SEED)),
    View("dream", "Dream", "Chains that start at noise, side by side.", "", (EVERY, SEED)),
)  # fmt: skip


class Rbm(Model):
    """`weight` `[V, H]`; the trainer measures the space with `set_space` and log Z with `set_log_z`."""

    knobs = (STEPS,)
    views = VIEWS

    def __init__(self, config: dict[str, Any]) -> None:
        space = LatentSpace((Part("z", (config["latent"],)),))
        can = frozenset({Capability.GENERATES, Capability.ENCODES, Capability.LIKELIHOOD})
        shape = build.image_shape(config)
        super().__init__(config, space, can, shape)
        visible, hidden, latent = math.prod(shape), config["hidden"], config["latent"]
        self.weight = nn.Parameter(0.01 * torch.randn(visible, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.mean: Tensor
        self.factor: Tensor
        self.log_z: Tensor
        self.register_buffer("mean", torch.zeros(hidden))
        self.register_buffer("factor", torch.eye(hidden, latent))
        self.register_buffer("log_z", torch.zeros(1))

    def hidden_input(self, v: Tensor) -> Tensor:
        """c + v W of visible units `[N, V]`."""
        return self.hidden_bias + v @ self.weight

    def visible_input(self, h: Tensor) -> Tensor:
        """b + W h of hidden units `[N, H]`."""
        return self.visible_bias + h @ self.weight.T

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) `[N]` of visible units `[N, V]`: p(v) = exp(-F(v)) / Z."""
        return -(v @ self.visible_bias) - F.softplus(self.hidden_input(v)).sum(1)

    def gibbs(self, v: Tensor, steps: int, generator: torch.Generator | None = None) -> Tensor:
        """Visible units after `steps` of drawing h from p(h|v) and v from p(v|h)."""
        for _ in range(steps):
            h = drawn(self.hidden_input(v).sigmoid(), generator)
            v = drawn(self.visible_input(h).sigmoid(), generator)
        return v

    def set_space(self, inputs: Tensor) -> None:
        """Measure mean and principal components on hidden inputs `[N, H]` of training images, N > H."""
        mean = inputs.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((inputs - mean).T.double()))
        latent = self.config["latent"]
        values, vectors = values.flip(0)[:latent].clamp_min(1e-6), vectors.flip(1)[:, :latent]
        self.mean, self.factor = mean, (vectors * values.sqrt()).float()

    def set_log_z(self, log_z: float) -> None:
        self.log_z = torch.full_like(self.log_z, log_z)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        v = self.visible_input((self.mean + codes @ self.factor.T).sigmoid()).sigmoid()
        for _ in range(int(STEPS.value(options))):
            v = self.visible_input(self.hidden_input(v).sigmoid()).sigmoid()
        return self.as_images(v)

    def encode(self, images: Tensor) -> Tensor:
        """The principal components of the hidden inputs: the factor's columns are orthogonal."""
        inputs = self.hidden_input(images.flatten(1)) - self.mean
        return inputs @ self.factor / self.factor.square().sum(0)

    def likelihood(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """log p(v) = -F(v) - log Z of images made black and white at random; log Z is an estimate."""
        generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
        noise = torch.rand(images[0].numel(), generator=generator, device=images.device)
        v = (images.flatten(1) > noise).to(images.dtype)
        return -self.free_energy(v) - self.log_z, None

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name == "filters":
            yield self._filters()
        elif name == "chain" and codes is not None:
            yield from self._chain(self.generate(codes, options).flatten(1), options)
        elif name == "dream":
            yield from self._dream(options)
        else:
            yield from super().view(name, codes, images, options)

    def _filters(self) -> Sheet:
        strongest = self.weight.std(0).argsort(descending=True)[:64]
        filters = self.weight[:, strongest].T
        reach = filters.abs().amax(1, keepdim=True).clamp_min(1e-9)
        return Sheet(
            self.as_images(0.5 + 0.5 * filters / reach), tuple(f"unit {n}" for n in strongest.tolist())
        )

    def _chain(self, v: Tensor, options: Mapping[str, Any]) -> Iterator[Sheet]:
        every, generator = int(EVERY.value(options)), self._random(options)
        film, captions = [v], ["start"]
        for frame in range(1, FRAMES):
            v = self.gibbs(v, every, generator)
            film.append(self.believed(v))
            captions.append(f"step {frame * every}")
            yield Sheet(self.as_images(torch.cat(film)), tuple(captions))

    def _dream(self, options: Mapping[str, Any]) -> Iterator[Sheet]:
        every, generator = int(EVERY.value(options)), self._random(options)
        v = drawn(self.visible_bias.sigmoid().expand(CHAINS, -1), generator)
        for frame in range(FRAMES):
            v = self.gibbs(v, every, generator)
            yield Sheet(self.as_images(self.believed(v)), text=f"After {(frame + 1) * every} Gibbs steps.")

    def believed(self, v: Tensor) -> Tensor:
        """What one round of mean field makes of drawn units: smoother to look at."""
        return self.visible_input(self.hidden_input(v).sigmoid()).sigmoid()

    def _random(self, options: Mapping[str, Any]) -> torch.Generator:
        return torch.Generator(self.weight.device).manual_seed(int(SEED.value(options)))

    def as_images(self, v: Tensor) -> Tensor:
        """Visible units `[N, V]` -> `[N, C, H, W]`."""
        height, width, colours = self.image_shape
        return v.reshape(len(v), colours, height, width)


class Particles(nn.Module):
    """The visible units `v` `[P, V]` of chains that go on through a training."""

    def __init__(self, chances: Tensor) -> None:
        super().__init__()
        self.v: Tensor
        self.register_buffer("v", drawn(chances))


def drawn(chances: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Units that are 1 with the given chances, else 0."""
    noise = torch.rand(chances.shape, generator=generator, device=chances.device)
    return (noise < chances).to(chances.dtype)


FAMILY = Family(
    name="rbm",
    title="Restricted Boltzmann machine",
    description="An energy between pixels and hidden units: pictures are where a Markov chain settles.",
    defaults={"image_size": 28, "channels": 1, "hidden": 500, "latent": 64},
    make=Rbm,
    ranges={"hidden": (2, 4096)},
)
