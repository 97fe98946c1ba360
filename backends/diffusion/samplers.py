"""Ways from noise to an image and back, each a dozen lines, given what estimates x_0.

`denoise(x, t)` estimates x_0 from x_t. A sampler starts with x at `times[0]` and yields a `Step` for every
further time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from backends.diffusion.schedule import Schedule

Denoise = Callable[[Tensor, int], Tensor]
Noise = Callable[[], Tensor]


@dataclass(frozen=True)
class Step:
    """`x` at `time`, and the estimate `x0` that led to it."""

    time: int
    x: Tensor
    x0: Tensor


def ddim(
    denoise: Denoise, x: Tensor, schedule: Schedule, times: list[int], eta: float = 0.0,
    noise: Noise | None = None,
) -> Iterator[Step]:  # fmt: skip
    """Song, Meng and Ermon (2021), equations 12 and 16: eta 0 is the ODE's first-order step.

    With eta 1 it is DDPM's ancestral sampling with the posterior's variance. `noise()` is drawn when eta > 0.
    """
    for t, s in pairwise(times):
        x0 = denoise(x, t)
        eps = (x - schedule.signal[t] * x0) / schedule.noise[t]
        deviation = eta * math.sqrt(schedule.posterior(t, s)[2])
        x = schedule.signal[s] * x0 + math.sqrt(schedule.noise[s] ** 2 - deviation**2) * eps
        if deviation and noise:
            x = x + deviation * noise()
        yield Step(s, x, x0)


def dpm_solver(denoise: Denoise, x: Tensor, schedule: Schedule, times: list[int]) -> Iterator[Step]:
    """DPM-Solver++(2M), second order with one estimate a step (Lu et al. 2022b, algorithm 2).

    The first step and the one to time 0, where lambda is infinite, are of first order.
    """
    before: Tensor | None = None
    width = math.nan  # of the last step, in lambda
    for t, s in pairwise(times):
        x0 = denoise(x, t)
        h = schedule.log_snr[s] - schedule.log_snr[t]
        slope = x0
        if before is not None and s > 0:
            slope = x0 + (x0 - before) * (h / (2 * width))
        x = (schedule.noise[s] / schedule.noise[t]) * x - schedule.signal[s] * math.expm1(-h) * slope
        before, width = x0, h
        yield Step(s, x, x0)


def invert(denoise: Denoise, x: Tensor, schedule: Schedule, times: list[int], rounds: int) -> Iterator[Step]:
    """Images x at time 0 -> the noise that DDIM (eta 0) takes along `times` back to them.

    Every step of DDIM is solved for where it came from by `rounds` of fixed-point iteration (Pan et al.
    2023); one round is the inversion of Dhariwal and Nichol (2021, appendix F). Where there is more signal
    than noise the iteration goes over eps, elsewhere over x_0: so it contracts.
    """
    for s, t in pairwise(times[::-1]):
        (a_s, s_s), (a_t, s_t) = ((float(schedule.signal[k]), float(schedule.noise[k])) for k in (s, t))
        came = x
        for _ in range(rounds):
            x0 = denoise(came, t)
            if s == 0 or a_t > s_t:
                came = (a_t / a_s) * x + (s_t - a_t * s_s / a_s) * (came - a_t * x0) / s_t
            else:
                came = (s_t / s_s) * x + (a_t - s_t * a_s / s_s) * x0
        x = came
        yield Step(t, x, x0)


def inpaint(
    denoise: Denoise, x: Tensor, schedule: Schedule, times: list[int], images: Tensor, known: Tensor,
    noise: Noise, repeats: int,
) -> Iterator[Step]:  # fmt: skip
    """RePaint (Lugmayr et al. 2022, algorithm 1): paint where `known` `[N, 1, H, W]` is false.

    At every time what is known is put in, as noisy as the rest; each step is taken `repeats` times, with
    noise added again between, so that the two sides come to agree.
    """
    for t, s in pairwise(times):
        on_clean, on_noisy, variance = schedule.posterior(t, s)
        for turn in range(repeats if s > 0 else 1):
            if turn:
                x = again(schedule, x, s, t, noise())
            x0 = denoise(x, t)
            painted = on_clean * x0 + on_noisy * x + math.sqrt(variance) * noise()
            given = schedule.signal[s] * images + schedule.noise[s] * noise()
            x = torch.where(known, given, painted)
        yield Step(s, x, torch.where(known, images, x0))


def again(schedule: Schedule, x: Tensor, s: int, t: int, noise: Tensor) -> Tensor:
    """x at time s, drowned further to t: a draw of q(x_t | x_s)."""
    alpha = float(schedule.alpha_bars[t] / schedule.alpha_bars[s])
    return math.sqrt(alpha) * x + math.sqrt(1 - alpha) * noise
