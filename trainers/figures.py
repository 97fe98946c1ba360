"""Numbers that say how good a model is; each compares only with others of the same name."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import BadModel
from trainers.batches import as_floats
from trainers.data.api import Dataset
from trainers.data.subset import limited
from trainers.lazy import Lazy
from trainers.runs import ROOT

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
else:
    torch = Lazy("torch")

COUNT = 2000  # held-out images, and samples, that are measured at the end of a training
MANY = 10_000  # samples and images of a bundled model's Fréchet distance
PATIENCE_S = 900.0  # a model that makes `MANY` samples no faster is measured on `COUNT`, or not at all
CHUNK = 250
SEED = 10_000
Progress = Callable[[float, str], None]


def measure(
    model: Model, held_out: Dataset, classifier: str, progress: Progress, seen: Dataset | None = None
) -> dict[str, float]:
    """All figures that a model of its capabilities can have, on held-out images and 2,000 samples.

    With the training images `seen`, the held-out ones' own distance to as many of them is measured too.
    """
    from backends.api import Capability

    real = torch.from_numpy(held_out.images)
    found: dict[str, float] = {}
    if Capability.CLASSIFIES in model.capabilities:
        assert held_out.labels is not None
        found["classifier_accuracy"] = accuracy(model, real, held_out.labels, progress)
    if Capability.GENERATES not in model.capabilities:
        return found
    if Capability.ENCODES in model.capabilities:
        found["reconstruction_error"] = reconstruction_error(model, real, progress)
    if Capability.LIKELIHOOD in model.capabilities:
        found |= likelihood(model, real, progress)
    judge = bundled(classifier)
    if judge is not None and judge.image_shape == model.image_shape:
        found |= judged(model, judge, held_out, seen, progress)
    return found


def accuracy(classifier: Model, images: Tensor, labels: np.ndarray, progress: Progress) -> float:
    """The share of images uint8 `[N, H, W, C]` whose class is named rightly."""
    logits, _ = classify(classifier, images, progress)
    return float((logits.argmax(1) == labels).mean())


def reconstruction_error(model: Model, images: Tensor, progress: Progress) -> float:
    """Mean squared error of pixels in [0, 1] between held-out images and what their codes generate."""
    total = 0.0
    for chunk in _chunks(images, progress, "Reconstructing"):
        wanted = as_floats(chunk)
        total += float((model.generate(model.encode(wanted), {}) - wanted).square().mean((1, 2, 3)).sum())
    return total / len(images)


def likelihood(model: Model, images: Tensor, progress: Progress) -> dict[str, float]:
    """Mean -log p(x) of held-out images in nats, and in bits for each of an image's numbers."""
    parts = [model.likelihood(as_floats(chunk))[0] for chunk in _chunks(images, progress, "Likelihood")]
    nats = -float(torch.cat(parts).double().mean())
    return {"nats": nats, "bits_per_dimension": nats / (math.prod(images.shape[1:]) * math.log(2))}


def judged(
    model: Model,
    judge: Model,
    held_out: Dataset,
    seen: Dataset | None,
    progress: Progress,
    count: int = COUNT,
    knobs: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """What a classifier says of `count` samples, made with `knobs`: see the three functions below.

    `frechet_of_data` is the distance of as many held-out images to as many that were trained on: what a
    perfect model would come to.
    """
    codes = torch.from_numpy(model.space.sample_many(count, SEED))
    made = torch.cat(
        [_bytes(model.generate(part, knobs or {})) for part in _chunks(codes, progress, "Sampling")]
    )
    logits, features = classify(judge, made, progress)
    real = features_of(judge, held_out, count, progress)
    named = logits.argmax(1)
    found = {
        "classes_per_1000": float(classes_seen(named[:1000])),
        "class_entropy": entropy(named, logits.shape[1]),
        "frechet_classifier": frechet(real, features),
        "frechet_samples": float(count),
    }
    found |= {f"frechet_{name}": float(value) for name, value in (knobs or {}).items()}
    if seen is not None:
        found["frechet_of_data"] = frechet(real, features_of(judge, seen, len(real), progress))
    if model.space.label is not None and not knobs:  # else it is not what a person gets
        asked = codes[:, model.space.slices[model.space.label.name]].argmax(1).numpy()
        found["label_agreement"] = float((named == asked).mean())
    return found


def features_of(judge: Model, images: Dataset, count: int, progress: Progress) -> np.ndarray:
    """A classifier's features `[N, F]` of at most `count` images at random, the same ones every time."""
    return classify(judge, torch.from_numpy(limited(images, count).images), progress)[1]


def affordable(model: Model) -> int:
    """How many samples of a model are worth their time: `MANY`, `COUNT`, or none at all."""
    codes = torch.from_numpy(model.space.sample_many(8, SEED))
    model.generate(codes[:1], {})  # the first one chooses kernels
    began = time.perf_counter()
    model.generate(codes, {})
    each = (time.perf_counter() - began) / len(codes)
    return next((count for count in (MANY, COUNT) if each * count <= PATIENCE_S), 0)


def classes_seen(named: np.ndarray) -> int:
    """How many classes have at least one in a hundred of the samples whose classes are `named`."""
    return int((np.bincount(named) >= max(1, len(named) // 100)).sum())


def entropy(named: np.ndarray, classes: int) -> float:
    """Entropy of the samples' classes, 1 when all are equally frequent, 0 when there is but one."""
    share = np.bincount(named, minlength=classes) / len(named)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum() / np.log(classes))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two sets of features `[N, F]` taken as normal (Dowson and Landau 1982).

    |m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)). In the features of Inception it is called FID (Heusel
    et al. 2017); ours are those of a bundled classifier, and the two can't be compared.
    """
    cov_a, cov_b = np.cov(a.T.astype(np.float64)), np.cov(b.T.astype(np.float64))
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    # (A B)^(1/2) has the trace of (A^(1/2) B A^(1/2))^(1/2), which is symmetric.
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    apart = np.square(a.mean(0, np.float64) - b.mean(0, np.float64)).sum()
    return float(max(apart + np.trace(cov_a) + np.trace(cov_b) - 2 * cross, 0.0))


def classify(classifier: Model, images: Tensor, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Logits `[N, K]` and features `[N, F]` of images uint8 `[N, H, W, C]`."""
    parts = [classifier.classify(as_floats(chunk)) for chunk in _chunks(images, progress, "Classifying")]
    return torch.cat([p[0] for p in parts]).cpu().numpy(), torch.cat([p[1] for p in parts]).cpu().numpy()


def _chunks(rows: Tensor, progress: Progress, text: str) -> Iterator[Tensor]:
    for at, part in enumerate(rows.split(CHUNK)):
        progress(at * CHUNK / len(rows), text)
        yield part


def _bytes(images: Tensor) -> Tensor:
    """As they would be shown: rounded to bytes, `[N, H, W, C]`."""
    return images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1)


def bundled(name: str) -> Model | None:
    """The classifier of that name among the bundled models, None when there is none."""
    from backends import native

    path = ROOT / "assets" / "models" / f"{name}.safetensors"
    try:
        return native.load(path).eval() if name and path.exists() else None
    except BadModel:
        return None
