"""What every family gives: a network with a latent space that generates, encodes or classifies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from backends.api import WHY_NOT, BadRequest, Capability, Knob, View
from backends.space import LatentSpace


@dataclass(frozen=True)
class Sheet:
    """What a view shows: images `[N, C, H, W]` in [0, 1] in rows of `columns`, each with its caption.

    `text` is a sentence about all of them (a likelihood, an error).
    """

    images: Tensor
    captions: tuple[str, ...] = ()
    columns: int = 8
    text: str = ""


class Model(nn.Module):
    """A trained network behind one face, whatever its family.

    `config` is the plain JSON dictionary it was built from. Codes are packed `[N, D]` as `space`
    says, images `[N, C, H, W]` in [0, 1]. Families override what their `capabilities` name; the
    rest raises `BadRequest`. `options` are the numbers of a code besides its parts (steps, guidance,
    noise seed) and `quality` (`preview` or `full`); a family ignores those it doesn't know. `knobs` and
    `views` say which numbers it reads and what it shows of its inside; a family sets them in its
    constructor.
    """

    knobs: tuple[Knob, ...] = ()
    views: tuple[View, ...] = ()

    def __init__(
        self,
        config: Mapping[str, Any],
        space: LatentSpace,
        capabilities: frozenset[Capability],
        image_shape: tuple[int, int, int],
    ) -> None:
        super().__init__()
        self.config = dict(config)
        self.space = space
        self.capabilities = capabilities
        self.image_shape = image_shape

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        """Codes `[N, D]` (already truncated) -> images `[N, C, H, W]` in [0, 1]."""
        raise cannot(Capability.GENERATES)

    def generate_steps(self, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Tensor]:
        """The same with partial results, for families that take many steps; the last one is the image."""
        yield self.generate(codes, options)

    def encode(self, images: Tensor) -> Tensor:
        """Images `[N, C, H, W]` in [0, 1] -> codes `[N, D]`."""
        raise cannot(Capability.ENCODES)

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images `[N, C, H, W]` in [0, 1] -> logits `[N, K]` and features `[N, F]`."""
        raise cannot(Capability.CLASSIFIES)

    def complete(
        self, images: Tensor, known: Tensor, codes: Tensor, options: Mapping[str, Any]
    ) -> Iterator[Tensor]:
        """Paint what is not known of images `[N, C, H, W]` in [0, 1], `known` bool `[N, 1, H, W]`.

        Partial results, the last one is the completed image; known pixels stay as they are.
        """
        raise cannot(Capability.COMPLETES)

    def likelihood(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images `[N, C, H, W]` in [0, 1] -> log p(x) in nats `[N]`, and each pixel's part `[N, H, W]`."""
        raise cannot(Capability.LIKELIHOOD)

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        """What the view `name` of `views` shows; several sheets while it grows, the last one is whole.

        `codes` `[1, D]` or `images` `[1, C, H, W]` in [0, 1] are given as the view needs them.
        """
        raise BadRequest(f"This model has no view named {name!r}.", "Choose one of its own.")

    def part(self, codes: Tensor, name: str) -> Tensor:
        """The values `[N, d]` of one part of codes `[N, D]`."""
        return codes[:, self.space.slices[name]]


def cannot(capability: Capability) -> BadRequest:
    """The error for a request that needs a capability the model lacks."""
    return BadRequest(WHY_NOT[capability], "Choose a model that can.")
