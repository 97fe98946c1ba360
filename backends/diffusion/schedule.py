"""How noise is mixed into images, and the three things a network may predict.

Time runs in whole steps from 0 (the image) to T (noise): x_t = a_t x_0 + s_t eps with eps ~ N(0, I),
a_t = sqrt(alpha_bar_t) and s_t = sqrt(1 - alpha_bar_t) (Ho et al. 2020, equation 4). Images are in [-1, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
SCHEDULES = ("linear", "cosine")
PREDICTIONS = ("eps", "x0", "v")
LARGEST_BETA = 0.999


@dataclass(frozen=True, eq=False)
class Schedule:
    """`alpha_bars` `[T + 1]` falls from 1 (at time 0) to nearly 0 (at time T)."""

    alpha_bars: Floats

    @property
    def last(self) -> int:
        """T."""
        return len(self.alpha_bars) - 1

    @cached_property
    def signal(self) -> Floats:
        """a_t for t = 0..T."""
        return np.sqrt(self.alpha_bars)

    @cached_property
    def noise(self) -> Floats:
        """s_t for t = 0..T."""
        return np.sqrt(1 - self.alpha_bars)

    @cached_property
    def log_snr(self) -> Floats:
        """lambda_t = log(a_t / s_t) for t = 0..T, infinite at 0 (Lu et al. 2022, section 2.1)."""
        with np.errstate(divide="ignore"):
            return np.log(self.signal) - np.log(self.noise)

    def times(self, steps: int) -> list[int]:
        """Times from T down to 0 in `steps` even strides (Lin et al. 2024, table 2, "trailing")."""
        return [int(t) for t in np.round(np.linspace(self.last, 0, min(steps, self.last) + 1))]

    def posterior(self, t: int, s: int) -> tuple[float, float, float]:
        """q(x_s | x_t, x_0), s < t, is normal: the factors of x_0 and x_t in its mean, and its variance.

        Ho et al. (2020), equation 7, for any two times instead of neighbouring ones.
        """
        bar_t, bar_s = float(self.alpha_bars[t]), float(self.alpha_bars[s])
        alpha = bar_t / bar_s
        on_clean = bar_s**0.5 * (1 - alpha) / (1 - bar_t)
        on_noisy = alpha**0.5 * (1 - bar_s) / (1 - bar_t)
        return on_clean, on_noisy, (1 - alpha) * (1 - bar_s) / (1 - bar_t)


def schedule(kind: str, steps: int) -> Schedule:
    """The schedule of a name over T = `steps`.

    `linear`: beta from 1e-4 to 0.02 at T = 1000 (Ho et al. 2020, section 4), in proportion for other T.
    `cosine`: alpha_bar_t ~ cos^2((t/T + 0.008) / 1.008 pi/2), beta <= 0.999 (Nichol and
    Dhariwal 2021, equation 17).
    """
    if kind == "linear":
        betas = np.linspace(0.1, 20, steps) / steps
    else:
        t = np.arange(steps + 1) / steps
        bars = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = 1 - bars[1:] / bars[:-1]
    alphas = 1 - np.minimum(betas, LARGEST_BETA)
    return Schedule(np.concatenate([[1.0], np.cumprod(alphas)]))


def target(kind: str, x0: Tensor, eps: Tensor, a: Tensor, s: Tensor) -> Tensor:
    """What a network learns to say of x_t = a x_0 + s eps: `eps`, `x0` or v = a eps - s x_0.

    v: Salimans and Ho (2022), section 4.
    """
    return {"eps": eps, "x0": x0}[kind] if kind != "v" else a * eps - s * x0


def clean(kind: str, said: Tensor, x: Tensor, a: float | Tensor, s: float | Tensor) -> Tensor:
    """The x_0 that follows from what a network said of x_t: inverse to `target`."""
    if kind == "eps":
        return (x - s * said) / a
    return said if kind == "x0" else a * x - s * said


def weight(kind: str, snr: Tensor, gamma: float) -> Tensor:
    """Factor of the squared error by which all kinds have the same loss, min(SNR, gamma) |x_0 error|^2.

    Hang et al. (2023), section 3.4: high signal-to-noise ratios, easy and many, don't drown the others.
    """
    least = snr.clamp(max=gamma)
    return {"eps": least / snr, "x0": least, "v": least / (snr + 1)}[kind]
