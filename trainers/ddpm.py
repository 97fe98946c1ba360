"""Denoising diffusion (Ho et al. 2020): a network learns to see through noise of every strength.

    x_t = a_t x_0 + s_t eps,   a_t^2 + s_t^2 = 1,   eps ~ N(0, I),   t from 1 to T
    loss = mean over images, pixels and t of  w_t (target - network(x_t, t, y))^2

    prediction   target               w_t (SNR = a_t^2 / s_t^2, G = `min_snr`)
    eps          eps                  min(SNR, G) / SNR          Ho et al. 2020, equation 14
    x0           x_0                  min(SNR, G)
    v            a_t eps - s_t x_0    min(SNR, G) / (SNR + 1)    Salimans and Ho 2022, section 4

so that all three have the loss min(SNR, G) |x_0 error|^2 (Hang et al. 2023); with G = 0 every w_t is 1, which
for eps is the simple loss of Ho et al. The times of a batch are spread evenly over 1..T from a random start,
which makes its loss less noisy (Kingma et al. 2021, section I.1). With classes, an image's class y is
left out with the probability `label_dropout`: one network learns both scores that guidance needs
(Ho and Salimans 2022, algorithm 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trainers import team
from trainers.api import Settings, TrainerInfo, setting
from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.learner import GRID_SEED, Learner, adam, build_model, faded
from trainers.team import share_gradients

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.diffusion.schedule import Schedule
    from backends.model import Model
else:
    torch = Lazy("torch")

COLUMNS = 10  # of a grid: a class each, and as many rows
GRID_STEPS = 8
LARGEST_GRADIENT = 1.0  # its norm (Ho et al.'s code)


@dataclass(frozen=True)
class DiffusionSettings(Settings):
    """What a diffusion model can choose."""

    width: int = setting(
        32, "Channels at the highest resolution of the U-Net (doubled at each halving, at most four times). "
        "Twice the width costs about four times the time.", low=4, high=256)  # fmt: skip
    depth: int = setting(
        1, "Residual blocks at each resolution: better images, slower steps.", low=1, high=4)  # fmt: skip
    patch: int = setting(
        2, "1 works on pixels; 2 on half the resolution, which is three to four times as fast and a little "
        "less fine.", choices=(1, 2))  # fmt: skip
    prediction: str = setting(
        "v", "What the network says: the noise (eps), the image (x0), or v, a mixture that is good at every "
        "noise and with few steps.", choices=("v", "eps", "x0"), group="Loss")  # fmt: skip
    schedule: str = setting(
        "cosine", "How noise grows with time: cosine spends more of it on what small images are made of.",
        choices=("cosine", "linear"), group="Loss")  # fmt: skip
    timesteps: int = setting(1000, "T, steps from image to noise.", low=10, high=4000, group="Loss")
    min_snr: float = setting(
        5.0, "Signal-to-noise ratio from which easy, nearly clean images count no more than others; 0 turns "
        "the weights off.", low=0, high=1e6, group="Loss", label="Largest SNR weight")  # fmt: skip
    conditional: bool = setting(
        True, "Tell the network the class, where the data has classes.", group="Loss", label="Use classes"
    )
    label_dropout: float = setting(
        0.1, "How often the class is left out: needed for guidance.", low=0, high=1,
        group="Loss")  # fmt: skip
    learning_rate: float = setting(
        1e-3, "Highest step size of Adam; it falls to zero at the end.", low=1e-6, high=0.1,
        group="Optimisation")  # fmt: skip


INFO = TrainerInfo(
    "ddpm", "Diffusion", "Learns to take noise out of images, then grows images out of noise.",
    DiffusionSettings, spreads=True,
)  # fmt: skip


class DiffusionLearner(Learner):
    """`pictures`: a column for each class, a row for each x_T."""

    settings: DiffusionSettings

    def step(self, images: Tensor, labels: Tensor | None, step: int) -> dict[str, Tensor]:
        weights = dropped(labels, self.model.config["classes"], self.settings.label_dropout)
        x0, times = images * 2 - 1, spread_times(len(images), self.model.schedule.last, images.device)
        loss = self.loss(x0, torch.randn_like(x0), times, weights)
        optimiser = self.optimisers["model"]
        for group in optimiser.param_groups:
            group["lr"] = faded(self.settings.learning_rate, step, self.settings.steps)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        share_gradients(optimiser)
        gradient = torch.nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        return {"loss": loss, "gradient": gradient}

    def loss(self, x0: Tensor, eps: Tensor, times: Tensor, weights: Tensor | None) -> Tensor:
        """The loss in the docstring above, for images in [-1, 1] and whole times `[B]`."""
        from backends.diffusion.schedule import target, weight

        kind = self.settings.prediction
        a, s = (of(self.model.schedule, name, times) for name in ("signal", "noise"))
        said = self.model.said(a * x0 + s * eps, times, weights)
        errors = (said - target(kind, x0, eps, a, s)).square()
        if self.settings.min_snr:
            errors = errors * weight(kind, (a / s).square(), self.settings.min_snr)
        return errors.mean()

    def settle(self, model: Any) -> None:
        if model.space.label:
            model.set_classes(self.data.classes)

    def pictures(self, model: Model) -> Tensor:
        codes = torch.from_numpy(model.space.sample_many(COLUMNS, GRID_SEED)).repeat_interleave(COLUMNS, 0)
        if label := model.space.label:
            shown = torch.arange(COLUMNS).repeat(COLUMNS) % label.size
            codes[:, model.space.slices[label.name]] = torch.nn.functional.one_hot(shown, label.size).float()
        else:
            codes = torch.from_numpy(model.space.sample_many(COLUMNS**2, GRID_SEED))
        return model.generate(codes.to(next(model.parameters()).device), {"steps": GRID_STEPS})


def spread_times(count: int, last: int, device: torch.device) -> Tensor:
    """Whole times `[count]` in 1..`last`, evenly apart over a team's batch, from a random start."""
    whole = count * team.now().size
    places = team.now().mine(torch.arange(whole, device=device) / whole)
    at = (torch.rand(1, device=device) + places) % 1
    return (at * last).long().clamp(max=last - 1) + 1


def dropped(labels: Tensor | None, classes: int, share: float) -> Tensor | None:
    """Class weights `[B, K]`, all zero for a `share` of the images; None where there are no classes."""
    if labels is None or not classes:
        return None
    weights = torch.nn.functional.one_hot(labels, classes).float()
    return weights * (torch.rand(len(labels), 1, device=labels.device) >= share)


def of(schedule: Schedule, name: str, times: Tensor) -> Tensor:
    """`signal` or `noise` at whole times `[B]`: float32 `[B, 1, 1, 1]`."""
    table = torch.from_numpy(getattr(schedule, name)).float().to(times.device)
    return table[times][:, None, None, None]


def build(settings: DiffusionSettings, data: Dataset, device: torch.device) -> Learner:
    told = settings.conditional and data.labels is not None
    model = build_model("ddpm", settings, data if told else replace(data, classes=()), device)
    learner = DiffusionLearner(settings, data, model)
    learner.optimisers["model"] = adam(model, settings.learning_rate)
    return learner
