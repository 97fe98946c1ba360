"""Normalising flow: maximum likelihood, exactly (Dinh et al. 2017; Kingma and Dhariwal 2018).

With an invertible network z = f(x) and z ~ N(0, I), the change of variables gives the density

    log p(x) = log N(f(x); 0, I) + log |det df/dx|

and the loss is -log2 p(x) for each number of the image. Pixels are whole numbers k, which a density
would pile up on; uniform noise spreads them, x = (k + u) / 256, and the mean over u bounds their
log-probability from below (Theis et al. 2016, section 3.1):

    log P(k) >= E_u log p(x) - D log 256

Before the flow x goes through a logit, so that generated pixels stay in their range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainers.api import Settings, TrainerInfo, setting
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, SAMPLES, Learner, adam, build_model, faded
from trainers.team import share_gradients

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

CALIBRATED = 256  # images that set the norms
CALM = 0.8  # temperature of the samples in the grid
STEEPEST = 50.0  # norm of the gradient, beyond which it is shortened: a rare batch must not undo the rest


@dataclass(frozen=True)
class FlowSettings(Settings):
    """What a flow can choose."""

    hidden: int = setting(
        64, "Channels inside the networks of the couplings: most of the time and of the quality.",
        low=4, high=512)  # fmt: skip
    flow_steps: int = setting(8, "Steps (norm, mix, coupling) at each of the two levels.", low=1, high=64)
    learning_rate: float = setting(
        1e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "flow", "Normalising flow", "Learns an invertible map from images to normal noise.", FlowSettings,
    spreads=True,
)  # fmt: skip


class FlowLearner(Learner):
    """`pictures` are samples, a little closer to the centre than the prior."""

    settings: FlowSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        bits = bits_per_dimension(self.model, images)
        optimiser = self.optimisers["model"]
        for group in optimiser.param_groups:
            group["lr"] = faded(self.settings.learning_rate, step, self.settings.steps)
        optimiser.zero_grad(set_to_none=True)
        bits.backward()
        share_gradients(optimiser)
        steepness = torch.nn.utils.clip_grad_norm_(self.model.parameters(), STEEPEST)
        optimiser.step()
        return {"loss": bits, "bits per dimension": bits, "gradient": steepness}

    def pictures(self, model: Model) -> Tensor:
        codes = torch.from_numpy(CALM * model.space.sample_many(SAMPLES, GRID_SEED))
        return model.generate(codes.to(next(model.parameters()).device), {})


def bits_per_dimension(model: Any, images: Tensor) -> Tensor:
    """The bound on -log2 P(image) by one draw of noise, for each number of the images `[N, C, H, W]`."""
    from backends.nets.coupling import BINS, spread

    _, log_density = model.density(spread(images, torch.rand_like(images)))
    numbers = math.prod(images.shape[1:])
    return math.log2(BINS) - log_density.float().mean() / (numbers * math.log(2))


def calibrate(model: Any, images: Tensor) -> None:
    """Set the norms so that their outputs have mean 0 and variance 1 on `images` in [0, 1]."""
    from backends.nets.coupling import spread, to_logits

    unshuffle = torch.nn.functional.pixel_unshuffle
    with torch.no_grad():
        y, _ = to_logits(spread(images, torch.rand_like(images)))
        y = model.first.calibrate(unshuffle(y, 2))
        model.second.calibrate(unshuffle(y.chunk(2, 1)[0], 2))


def build(settings: FlowSettings, data: Dataset, device: torch.device) -> Learner:
    learner = FlowLearner(settings, data, build_model("flow", settings, data, device))
    calibrate(learner.model, as_floats(torch.from_numpy(data.images[:CALIBRATED]).to(device)))
    learner.optimisers["model"] = adam(learner.model, settings.learning_rate)
    return learner
