"""Denoising diffusion (Ho et al. 2020), told the class where there are classes, with guidance.

The code is x_T, the noise an image grows from, and the class; the way from it is deterministic (DDIM, or
DPM-Solver++ of second order), so that every code has one picture. With `eta` noise is added on the way, the
same for every image, drawn from `noise_seed`. Guidance (Ho and Salimans 2022): what the network says is
u + g (c - u), u without and c with the class; 1 is the class as learned, 0 no class at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from backends.api import BadRequest, Capability, Knob
from backends.diffusion import samplers, views
from backends.diffusion.knobs import ETA, GUIDANCE, ORDER, SEED, STEPS
from backends.diffusion.samplers import Denoise, Noise, Step
from backends.diffusion.schedule import PREDICTIONS, SCHEDULES, clean, schedule
from backends.diffusion.views import shown
from backends.model import Model, Sheet
from backends.nets import build
from backends.nets.unet import UNet
from backends.registry import Family
from backends.space import LatentSpace, Part, Prior

PREVIEW_STEPS = 6  # while a hand drags, and for thousands of samples
ROUNDS = 2  # of fixed-point iteration in each step of an inversion
REPEATS = 3  # of each step of a completion
LOOKS = (0.6, 0.7, 0.8)  # times, in T, at which a class is guessed: earlier it no longer matters


class Diffusion(Model):
    """`unet(x, t / T, class weights)` says eps, x_0 or v of x `[N, C, H, W]`, images in [-1, 1]."""

    def __init__(self, config: dict[str, Any]) -> None:
        can = {Capability.GENERATES, Capability.ENCODES, Capability.PARTIAL, Capability.COMPLETES}
        told = config["classes"] > 0
        can |= {Capability.LABELS} if told else set()
        super().__init__(config, _space(config, ()), frozenset(can), build.image_shape(config))
        self.unet = UNet(
            self.image_shape, config["width"], config["depth"], config["classes"], config["patch"]
        )
        self.schedule = schedule(config["schedule"], config["timesteps"])
        self.knobs = _knobs(told)
        self.views = views.views(self.schedule.last, told)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Name the classes, in the order of the labels."""
        self.space = _space(self.config, names)

    def said(self, x: Tensor, times: Tensor, weights: Tensor | None) -> Tensor:
        """What the network says of x `[N, C, H, W]` at whole times `[N]`, float32."""
        said: Tensor = self.unet(x, times.float() / self.schedule.last, weights)
        return said.float()

    def denoiser(self, weights: Tensor | None, guidance: float) -> Denoise:
        """The estimate of x_0 in [-1, 1] for class weights `[N, K]`."""
        kind, signal, noise = self.config["prediction"], self.schedule.signal, self.schedule.noise

        def denoise(x: Tensor, t: int) -> Tensor:
            times = torch.full((len(x),), t, device=x.device)
            said = self._guided(x, times, weights, guidance)
            return clean(kind, said, x, float(signal[t]), float(noise[t])).clamp(-1, 1)

        return denoise

    def _guided(self, x: Tensor, times: Tensor, weights: Tensor | None, guidance: float) -> Tensor:
        if weights is None or guidance == 0:
            return self.said(x, times, None)
        if guidance == 1:
            return self.said(x, times, weights)
        both = torch.cat([torch.zeros_like(weights), weights])
        without, told = self.said(torch.cat([x, x]), torch.cat([times, times]), both).chunk(2)
        return torch.lerp(without, told, guidance)

    def denoiser_for(self, codes: Tensor, options: Mapping[str, Any]) -> Denoise:
        """The estimate of x_0 as codes `[N, D]` and `options` ask for it."""
        return self.denoiser(self.weights(codes), GUIDANCE.value(options))

    def weights(self, codes: Tensor) -> Tensor | None:
        """The class weights `[N, K]` of codes, None where there are no classes."""
        return self.part(codes, "label") if self.space.label else None

    def x_last(self, codes: Tensor) -> Tensor:
        """x_T of codes `[N, D]`: `[N, C, H, W]`."""
        x = self.part(codes, "x_T").unflatten(1, self.space["x_T"].shape)
        return x.contiguous(memory_format=torch.channels_last)

    def solve(self, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Step]:
        """The steps from x_T to the images, by the sampler that `options` ask for."""
        eta, times, x = ETA.value(options), self.times(options), self.x_last(codes)
        denoise = self.denoiser_for(codes, options)
        if eta == 0 and ORDER.value(options) == 2:
            return samplers.dpm_solver(denoise, x, self.schedule, times)
        return samplers.ddim(denoise, x, self.schedule, times, eta, self.noise(options, x))

    def times(self, options: Mapping[str, Any]) -> list[int]:
        """The times from T to 0 that `options` ask for; few for a preview."""
        steps = int(STEPS.value(options))
        return self.schedule.times(
            min(steps, PREVIEW_STEPS) if options.get("quality") == "preview" else steps
        )

    def noise(self, options: Mapping[str, Any], like: Tensor) -> Noise:
        """Draws of noise, one for all images, so that a code's picture doesn't hang on its neighbours."""
        generator = torch.Generator().manual_seed(int(SEED.value(options)))
        shape = (1, *like.shape[1:])
        return lambda: torch.randn(shape, generator=generator).to(like.device)

    def generate(self, codes: Tensor, options: Mapping[str, Any]) -> Tensor:
        *_, images = self.generate_steps(codes, options)
        return images

    def generate_steps(self, codes: Tensor, options: Mapping[str, Any]) -> Iterator[Tensor]:
        """The estimate of the image at every step."""
        for step in self.solve(codes, options):
            yield shown(step.x if step.time == 0 else step.x0)

    def encode(self, images: Tensor) -> Tensor:
        """The x_T that leads to the images, and the class that they are likeliest of, both by the model."""
        x = images * 2 - 1
        weights = self.guess_class(x)
        denoise, times = self.denoiser(weights, GUIDANCE.default), self.times({})
        *_, last = samplers.invert(denoise, x, self.schedule, times, ROUNDS)
        flat = last.x.flatten(1)
        return flat if weights is None else torch.cat([flat, weights], 1)

    def guess_class(self, x: Tensor) -> Tensor | None:
        """The class whose estimates of drowned images x come nearest to them: one-hot `[N, K]`.

        The diffusion classifier of Li et al. (2023), with the same noise for all classes.
        """
        if (label := self.space.label) is None:
            return None
        noise, errors = self.noise({}, x), x.new_zeros(len(x), label.size)
        pure = torch.eye(label.size, device=x.device).repeat(len(x), 1)  # [N K, K]
        denoise = self.denoiser(pure, 1.0)
        for look in LOOKS:
            t = max(1, round(look * self.schedule.last))
            drowned = self.schedule.signal[t] * x + self.schedule.noise[t] * noise()
            found = denoise(drowned.repeat_interleave(label.size, 0), t).unflatten(0, errors.shape)
            errors += (found - x[:, None]).square().mean((2, 3, 4))
        return torch.nn.functional.one_hot(errors.argmin(1), label.size).float()

    def complete(
        self, images: Tensor, known: Tensor, codes: Tensor, options: Mapping[str, Any]
    ) -> Iterator[Tensor]:
        """RePaint; what is painted depends on x_T and `noise_seed`."""
        x, start = images * 2 - 1, self.x_last(codes)
        denoise, times, noise = self.denoiser_for(codes, options), self.times(options), self.noise(options, x)
        for step in samplers.inpaint(denoise, start, self.schedule, times, x, known, noise, REPEATS):
            yield torch.where(known, images, shown(step.x0))

    def view(
        self, name: str, codes: Tensor | None, images: Tensor | None, options: Mapping[str, Any]
    ) -> Iterator[Sheet]:
        if name not in {view.name for view in self.views}:
            return super().view(name, codes, images, options)
        if name == "forward":
            return views.forward(self, _there(images, "image"), options)
        draw = {"reverse": views.reverse, "guidance": views.guidance, "classes": views.classes}[name]
        return draw(self, _there(codes, "code"), options)


def _there(given: Tensor | None, what: str) -> Tensor:
    if given is None:
        raise BadRequest(f"This view is made from one {what}, and none was given.", f"Choose a {what}.")
    return given


def _knobs(told: bool) -> tuple[Knob, ...]:
    return (STEPS, *((GUIDANCE,) if told else ()), ORDER, ETA, SEED)


def _space(config: Mapping[str, Any], names: tuple[str, ...]) -> LatentSpace:
    size, classes = config["image_size"], config["classes"]
    names = names or tuple(str(n) for n in range(classes))
    label = (Part("label", (classes,), Prior.CATEGORICAL, names),) if classes else ()
    return LatentSpace((Part("x_T", (config["channels"], size, size)), *label))


FAMILY = Family(
    name="ddpm",
    title="Diffusion",
    description="An image grows out of noise in small steps; the noise it starts from is its code.",
    defaults={
        "image_size": 28, "channels": 1, "width": 32, "depth": 1, "patch": 2, "classes": 10,
        "timesteps": 1000, "schedule": "cosine", "prediction": "v",
    },
    make=Diffusion,
    choices={"schedule": SCHEDULES, "prediction": PREDICTIONS, "patch": (1, 2)},
    ranges={"classes": (0, 1000), "depth": (1, 4), "timesteps": (10, 4000)},
)  # fmt: skip
