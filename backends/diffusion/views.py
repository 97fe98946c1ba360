"""What a diffusion model shows of its inside: images that drown, and the ways back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backends.api import Knob, View
from backends.diffusion.knobs import ETA, GUIDANCE, ORDER, SEED, STEPS
from backends.model import Sheet

if TYPE_CHECKING:
    from backends.families.ddpm import Diffusion

FRAMES = Knob("frames", "Frames", 2, 16, 8, whole=True, help="How many moments are shown.")
GUIDANCES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
MOST_CLASSES = 63
COLUMNS = 8
Options = Mapping[str, Any]


def views(last: int, told: bool) -> tuple[View, ...]:
    """The views of a model of `last` = T; some need classes (`told`)."""
    drown = Knob("t", "Time", 0, last, last, whole=True, help="How far the image drowns: the last frame.")
    solver = (STEPS, *((GUIDANCE,) if told else ()), ORDER, ETA, SEED)
    forward = View(
        "forward", "Forward", "An image drowns in noise; beneath, what the model still makes out in it.",
        "image", (drown, FRAMES, SEED),
    )  # fmt: skip
    reverse = View(
        "reverse", "Reverse", "The current code on its way from noise to image; beneath, what the model "
        "expects at each moment.", "code", (FRAMES, *solver),
    )  # fmt: skip
    if not told:
        return forward, reverse
    guided = View(
        "guidance", "Guidance", "The same noise, its class obeyed less and more.", "code", (STEPS, ORDER)
    )
    classes = View("classes", "Classes", "The same noise as each of the classes.", "code", solver)
    return forward, reverse, guided, classes


def forward(model: Diffusion, images: Tensor, options: Options) -> Iterator[Sheet]:
    """x_t ~ q(x_t | x_0) at even times up to `t`, with the same noise; beneath, the estimates of x_0."""
    drown = next(view for view in model.views if view.name == "forward").knobs[0]
    count, end = int(FRAMES.value(options)), int(drown.value(options))
    x, plan = images[:1] * 2 - 1, model.schedule
    times = [round(end * frame / (count - 1)) for frame in range(count)]
    noise, weights = model.noise(options, x)(), model.guess_class(x)
    denoise = model.denoiser(weights, 1.0)
    drowned = [plan.signal[t] * x + plan.noise[t] * noise for t in times]
    seen = [denoise(there, t) if t else x for there, t in zip(drowned, times, strict=True)]
    captions = [f"t = {t}" for t in times] + ["seen in it"] * count
    yield Sheet(shown(torch.cat([*drowned, *seen])), tuple(captions), count, _said_of(model, end))


def _said_of(model: Diffusion, t: int) -> str:
    a, s = float(model.schedule.signal[t]), float(model.schedule.noise[t])
    ratio = f"{20 * math.log10(a / s):.0f} dB" if t else "infinite"
    mixture = f"{a:.3f} x0 + {s:.3f} noise"
    return f"At t = {t} of {model.schedule.last} an image is {mixture} (signal to noise: {ratio})."


def reverse(model: Diffusion, codes: Tensor, options: Options) -> Iterator[Sheet]:
    """x_t at even moments of the sampler, and beneath each the x_0 that it expects; grows."""
    steps = len(model.times(options)) - 1
    count = min(int(FRAMES.value(options)), steps)
    chosen = {round((frame + 1) * steps / count) for frame in range(count)}
    start = model.x_last(codes[:1])
    blank = torch.zeros_like(start)
    films: tuple[list[Tensor], list[Tensor]] = ([], [])
    times: list[str] = []
    for number, step in enumerate(model.solve(codes[:1], options), 1):
        if number not in chosen:
            continue
        films[0].append(step.x)
        films[1].append(step.x0)
        times.append(f"t = {step.time}")
        rest = [blank] * (count - len(times))
        captions = times + [""] * len(rest) + ["expected"] * len(times) + [""] * len(rest)
        yield Sheet(shown(torch.cat([*films[0], *rest, *films[1], *rest])), tuple(captions), count)


def guidance(model: Diffusion, codes: Tensor, options: Options) -> Iterator[Sheet]:
    """The same code under several guidances; grows."""
    made: list[Tensor] = []
    for strength in GUIDANCES:
        made.append(model.generate(codes[:1], {**options, "guidance": strength}))
        captions = ["no class" if g == 0 else f"{g:g}" for g in GUIDANCES[: len(made)]]
        yield Sheet(torch.cat(made), tuple(captions), COLUMNS)


def classes(model: Diffusion, codes: Tensor, options: Options) -> Iterator[Sheet]:
    """The same x_T without a class, then as each class; every step is a sheet."""
    label = model.space.label
    assert label is not None
    count = min(label.size, MOST_CLASSES)
    rows, at = codes[:1].repeat(count + 1, 1), model.space.slices[label.name]
    rows[:, at] = torch.eye(count + 1, label.size, device=codes.device).roll(1, 0)
    rows[0, at] = 0
    captions = ("no class", *label.names[:count])
    for images in model.generate_steps(rows, options):
        yield Sheet(images, captions, COLUMNS)


def shown(x: Tensor) -> Tensor:
    """Images in [-1, 1] as they are shown, in [0, 1]."""
    return (x / 2 + 0.5).clamp(0, 1)
