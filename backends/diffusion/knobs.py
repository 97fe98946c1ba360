"""The numbers that a diffusion model reads besides its code."""

from __future__ import annotations

from backends.api import Knob

STEPS = Knob(
    "steps", "Steps", 2, 250, 16, whole=True,
    help="Steps from noise to image: more are finer and take longer; while a hand drags it is six.",
)  # fmt: skip
GUIDANCE = Knob(
    "guidance", "Guidance", 0, 8, 1.5,
    help="How far the class is obeyed: 0 not at all, 1 as learned, more gives plainer and more alike images.",
)  # fmt: skip
ORDER = Knob(
    "order", "Order of the solver", 1, 2, 2, whole=True,
    help="1 is DDIM; 2 is DPM-Solver++, which comes as near in about half the steps. Noise needs 1.",
)  # fmt: skip
ETA = Knob(
    "eta", "Noise on the way", 0, 1, 0,
    help="0: the picture follows from the code alone. 1: as much new noise at every step as in DDPM.",
)  # fmt: skip
SEED = Knob(
    "noise_seed", "Seed of that noise", 0, 9999, 0, whole=True,
    help="Which noise is added on the way, and painted into what is completed.",
)  # fmt: skip
