"""How fast training is, beside a plain loop over the same network: what `bench` asks. No torch until it runs.

`python -m trainers.timing NAME`, one of `SETTINGS`, reads lines of JSON `{"seconds": 1.5}` and answers each
with images a second: ours (bytes in memory, batches by index, fused Adam, channels last, averaged weights)
and plain (a torchvision dataset of PIL pictures through a DataLoader, Adam, losses read at each step).
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers.data.api import Dataset
from trainers.lazy import Lazy
from trainers.registry import trainer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from trainers.learner import Learner
else:
    torch = Lazy("torch")

COUNT = 20_000  # images, of noise: what they show doesn't change the time
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {  # family and settings of each name
    "vae": ("vae", {"body": "mlp", "width": 25, "latent": 20, "batch": 128, "image_size": 28}),
    "conv": ("vae", {"width": 32, "latent": 20, "batch": 128, "image_size": 28}),
    "dcgan": ("dcgan", {"width": 32, "batch": 64, "image_size": 32}),
    "resnet": ("dcgan", {"body": "resnet", "width": 16, "batch": 64, "image_size": 32}),
    "unet": ("ddpm", {"width": 32, "batch": 32, "image_size": 28, "conditional": False, "prediction": "eps",
                      "schedule": "linear", "label_dropout": 0.0}),
    "gated": ("pixelcnn", {"width": 32, "batch": 16, "image_size": 28, "conditional": False}),
}  # fmt: skip
LARGEST_BETA, LEAST_BETA = 0.02, 1e-4  # of the plain diffusion (Ho et al. 2020)


def main(kind: str) -> None:
    name, given = SETTINGS[kind]
    family = trainer(name)
    settings = family.INFO.settings.from_mapping({**given, "steps": 10_000_000})
    size = settings.image_size
    images = np.random.default_rng(0).integers(0, 256, (COUNT, size, size, 1), np.uint8)
    learner = family.build(settings, Dataset(images), torch.device("cpu"))
    loops = {"ours": our_steps(copy.deepcopy(learner)), "plain": plain_steps(name, learner, images)}
    for steps in loops.values():
        _rate(steps, settings.batch, 0.3)
    for line in sys.stdin:
        seconds = json.loads(line)["seconds"]
        speeds = {name: _rate(steps, settings.batch, seconds) for name, steps in loops.items()}
        sys.stdout.write(json.dumps(speeds) + "\n")
        sys.stdout.flush()


def _rate(steps: Iterator[None], batch: int, seconds: float) -> float:
    """Images a second over a window of at least `seconds`."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        next(steps)
        count += batch
    return count / (time.perf_counter() - began)


def our_steps(learner: Learner) -> Iterator[None]:
    """The inner part of `trainers.loop`."""
    from trainers.averaging import Average
    from trainers.batches import Batches

    settings = learner.settings
    average = Average(learner.model, settings.ema)
    batches = Batches.of(learner.data, settings.batch, settings.seed, torch.device("cpu"))
    step = 0
    while True:
        images, labels = batches.at(step)
        learner.step(images, labels, step)
        average.update(step)
        step += 1
        yield


def plain_steps(family: str, learner: Learner, images: np.ndarray[Any, Any]) -> Iterator[None]:
    """What the common example scripts do, on the networks of `learner`."""
    from PIL import Image
    from torchvision import transforms

    to_tensor = transforms.ToTensor()

    class Pictures(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            return to_tensor(Image.fromarray(images[index, :, :, 0])), 0

    loader = torch.utils.data.DataLoader(
        Pictures(), batch_size=learner.settings.batch, shuffle=True, drop_last=True
    )
    step = PLAIN[family](learner)
    while True:
        for batch, _ in loader:
            step(batch)
            yield


def plain_vae(learner: Learner) -> Callable[[Tensor], float]:
    """A step as in PyTorch's example `vae/main.py`."""
    model: Any = learner.model.to(memory_format=torch.contiguous_format)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    functional = torch.nn.functional

    def step(images: Tensor) -> float:
        optimiser.zero_grad()
        mean, logvar = model.encoder(images).chunk(2, 1)
        raw = model.decoder(mean + torch.exp(0.5 * logvar) * torch.randn_like(mean))
        likelihood = functional.binary_cross_entropy(torch.sigmoid(raw), images, reduction="sum")
        loss = likelihood - 0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def plain_dcgan(learner: Learner) -> Callable[[Tensor], float]:
    """A step as in PyTorch's example `dcgan/main.py`: real and fake batches, then the generator."""
    draws: Any = learner.model.to(memory_format=torch.contiguous_format)
    judges = learner.extra["discriminator"].to(memory_format=torch.contiguous_format)
    optimisers = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (judges, draws)]
    loss_of = torch.nn.BCELoss()

    def score(images: Tensor, label: float) -> Tensor:
        scores = torch.sigmoid(judges(images, None)[0])
        return loss_of(scores, torch.full_like(scores, label))

    def step(images: Tensor) -> float:
        judges.zero_grad()
        real = score(images * 2 - 1, 1.0)
        real.backward()
        made = draws.generator(torch.randn(len(images), learner.settings.latent))
        fake = score(made.detach(), 0.0)
        fake.backward()
        optimisers[0].step()
        draws.zero_grad()
        fooled = score(made, 1.0)
        fooled.backward()
        optimisers[1].step()
        return float(real.item() + fake.item() + fooled.item())

    return step


def plain_diffusion(learner: Learner) -> Callable[[Tensor], float]:
    """A step of the common example scripts of diffusion: noise is told from noised images."""
    model: Any = learner.model.to(memory_format=torch.contiguous_format)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-4)
    betas = torch.linspace(LEAST_BETA, LARGEST_BETA, learner.settings.timesteps)
    kept = torch.cumprod(1 - betas, 0)

    def step(images: Tensor) -> float:
        optimiser.zero_grad()
        times = torch.randint(0, len(betas), (len(images),))
        noise = torch.randn_like(images)
        share = kept[times].view(-1, 1, 1, 1)
        noised = share.sqrt() * (images * 2 - 1) + (1 - share).sqrt() * noise
        loss = torch.nn.functional.mse_loss(model.said(noised, times, None), noise)
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def plain_pixels(learner: Learner) -> Callable[[Tensor], float]:
    """A step of the common example scripts of PixelCNN: cross-entropy of each pixel, drawn black or white."""
    model: Any = learner.model.to(memory_format=torch.contiguous_format)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(images: Tensor) -> float:
        optimiser.zero_grad()
        loss = -model.log_prob(torch.bernoulli(images).long(), None).mean()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


PLAIN = {"vae": plain_vae, "dcgan": plain_dcgan, "ddpm": plain_diffusion, "pixelcnn": plain_pixels}


if __name__ == "__main__":
    main(sys.argv[1])
