"""What each trainer gives to the loop: a model, its optimisers, and one training step."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.api import Capability
from trainers.api import Settings, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from backends.model import Model
else:
    torch = Lazy("torch")

SAMPLES = 64  # in a grid
GRID_SEED = 20_000  # of the latents that every grid shows


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """What every family of encoders and decoders can choose."""

    body: str = setting(
        "conv", "Convolutions see neighbouring pixels together and give sharper images; fully connected "
        "layers (mlp) are faster and suit tiny images.", choices=("conv", "mlp"))  # fmt: skip
    latent: int = setting(
        16, "Numbers in a code. Two can be drawn as a plane, more give better images.",
        low=1, high=1024)  # fmt: skip
    width: int = setting(
        32, "Channels at full resolution (doubled at each halving, at most four times). Twice the width "
        "costs about four times the time.", low=4, high=256)  # fmt: skip
    depth: int = setting(
        0, "Extra residual layers at each resolution: finer detail, slower steps.",
        low=0, high=4)  # fmt: skip
    upsample: str = setting(
        "transposed", "How resolution doubles: transposed convolutions are faster here, nearest "
        "neighbours and a convolution are smoother.", choices=("transposed", "nearest"))  # fmt: skip


class Learner:
    """A family in training. Subclasses build their networks and optimisers and override `step`.

    `model` is what is kept; `extra` are networks that only training needs (a discriminator). `judged_by`
    says how held-out images are measured, where it is not the first way in `trainers.held_out`.
    """

    judged_by: Capability | None = None

    def __init__(
        self, settings: Any, data: Dataset, model: Model, extra: Mapping[str, nn.Module] | None = None
    ):
        self.settings = settings
        self.data = data
        self.model: Any = model  # of the family's own class
        self.extra = dict(extra or {})
        self.optimisers: dict[str, torch.optim.Optimizer] = {}

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"model": self.model, **self.extra}

    def first_images(self, count: int) -> Tensor:
        """Images of the data, the same ones each time, where the model is: uint8 `[count, H, W, C]`."""
        return torch.from_numpy(self.data.images[:count]).to(next(self.model.parameters()).device)

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        """Learn from one batch, images `[B, C, H, W]` in [0, 1]; the values to plot, each a scalar."""
        raise NotImplementedError

    def go_on(self, step: int, changed: Set[str]) -> None:
        """Called when a run is resumed at a step with other settings than before, by name.

        Raises `BadSettings` for a change that comes too late; it is taken back.
        """

    def settle(self, model: Model) -> None:
        """Measure what a model needs besides its weights (a prior, names of classes) before it is written."""

    def figures(self, model: Model, held_out: Dataset) -> dict[str, float]:
        """What is measured of this family's finished model besides `trainers.figures.measure`."""
        return {}

    def copies(self, model: Model, images: Tensor) -> Tensor:
        """What a model that is still learning makes of images `[N, C, H, W]`, to be compared with them."""
        return model.generate(model.encode(images), {})

    def pictures(self, model: Model) -> Tensor:
        """Images `[N, C, H, W]` in [0, 1] that show progress: the same latents each time."""
        codes = torch.from_numpy(model.space.sample_many(SAMPLES, GRID_SEED))
        return model.generate(codes.to(next(model.parameters()).device), {})


def build_model(family: str, settings: Settings, data: Dataset, device: torch.device) -> Model:
    """The network of a family for these settings and this data, its weights drawn from the seed."""
    from backends.registry import family as family_of

    kind = family_of(family)
    torch.manual_seed(settings.seed)
    facts = {"channels": data.images.shape[-1], "classes": len(data.classes)}
    config = {key: value for key, value in {**settings.to_json(), **facts}.items() if key in kind.defaults}
    model = kind.build(config)
    placed(model, device)
    return model


def placed(network: nn.Module, device: torch.device) -> nn.Module:
    """A network on its device, channels last in memory: 1.2 to 1.4 times as fast on processors."""
    return network.to(device).to(memory_format=torch.channels_last)


def adam(
    network: nn.Module, rate: float, betas: tuple[float, float] = (0.9, 0.999), decay: float = 0.0
) -> torch.optim.Optimizer:
    """Adam in one fused kernel, with decoupled weight decay (Loshchilov and Hutter 2019) if any."""
    return torch.optim.AdamW(network.parameters(), lr=rate, betas=betas, weight_decay=decay, fused=True)


def update(optimiser: torch.optim.Optimizer, loss: Tensor, rate: float | None = None) -> None:
    """One step down the gradient of `loss`, at the learning rate `rate` where one is given."""
    if rate is not None:
        for group in optimiser.param_groups:
            group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def faded(rate: float, step: int, steps: int, warm_up: int = 100) -> float:
    """A learning rate that rises over `warm_up` steps and falls to zero on a half cosine.

    A pure function of the step, so that resuming needs nothing. Falling to zero averages out the
    noise of the last batches (Loshchilov and Hutter 2017, SGDR).
    """
    import math

    rise = min(1.0, (step + 1) / warm_up)
    return rate * rise * 0.5 * (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0)))
