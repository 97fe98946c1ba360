"""Each body: how fast it trains beside a plain loop over a DataLoader of the same network."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.bench.measurement import Measurement, Plan
from explorer.bench.training import speed

HELP = "training speed of each body beside a plain DataLoader loop of the same network"
BODIES = {
    "vae": "fully connected VAE, 28 pixels, batch 128",
    "conv": "convolutional VAE, 28 pixels, width 32, batch 128",
    "dcgan": "DCGAN, 32 pixels, width 32, batch 64",
    "resnet": "GAN of residual blocks, 32 pixels, width 16, batch 64",
    "unet": "U-Net of a diffusion, 28 pixels, width 32, batch 32",
    "gated": "Gated PixelCNN, 28 pixels, width 32, batch 16",
}  # names as in `trainers.timing`


def measure(plan: Plan) -> Iterator[Measurement]:
    for kind, title in BODIES.items():
        yield speed(kind, title, plan, "bodies")
