"""An oracle: a small classifier for each factor of labelled images, to judge what mixing did to them.

No convolutions: principal components of the pixels and a network of one hidden layer for each factor. It is
fitted as a job, is plain arrays, and says how often it is right on images that it hasn't seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array, BadData
from explorer.latent.task import Task

if TYPE_CHECKING:
    from trainers.data.api import Dataset

Pixels = NDArray[np.uint8]
Integers = NDArray[np.int64]

SIDE = 32  # pixels; larger images are averaged
COMPONENTS, HIDDEN, BATCH = 128, 128, 100
UPDATES, LEAST_EPOCHS = 800, 8
HELD_OUT = 0.2
FEWEST = 100  # images
MOST_VALUES = 100
GOOD = 0.9  # accuracy from which a verdict can be believed


@dataclass(frozen=True, eq=False)
class Oracle:
    """`arrays` hold `mean` `[F]`, `axes` `[F, P]`, `scales` `[P]`, and for factor k the layers `w{k}.0`
    `[P, H]`, `b{k}.0`, `w{k}.1` `[H, V]`, `b{k}.1` and its `values{k}` `[V]`.

    `accuracies` are on held-out images, `chances` those of always naming the commonest value.
    """

    factors: tuple[str, ...]
    accuracies: tuple[float, ...]
    chances: tuple[float, ...]
    arrays: Mapping[str, np.ndarray]

    def judge(self, images: Pixels) -> tuple[Integers, Array]:
        """The value of each factor `[N, K]` in images uint8 `[N, H, W, C]`, and its probability `[N, K]`."""
        features = self._features(images)
        values, sure = [], []
        for k in range(len(self.factors)):
            chances = self._chances(features, k)
            best = chances.argmax(1)
            values.append(self.arrays[f"values{k}"][best])
            sure.append(chances[np.arange(len(best)), best])
        return np.stack(values, 1).astype(np.int64), np.stack(sure, 1).astype(np.float32)

    def doubtful(self) -> list[str]:
        """The factors that it can't be trusted with."""
        return [f for f, accuracy in zip(self.factors, self.accuracies, strict=True) if accuracy < GOOD]

    def sentence(self) -> str:
        """How good it is, in words."""
        told = ", ".join(f"{f} {a:.0%}" for f, a in zip(self.factors, self.accuracies, strict=True))
        if not (weak := self.doubtful()):
            return f"Right on held-out images: {told}."
        return f"Right on held-out images: {told}. Don't trust it with {', '.join(weak)} (under {GOOD:.0%})."

    def to_json(self) -> dict[str, Any]:
        """All but the arrays."""
        return {"factors": self.factors, "accuracies": self.accuracies, "chances": self.chances}

    @staticmethod
    def of(data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Oracle:
        """The oracle that a job gave back."""
        return Oracle(
            tuple(map(str, data["factors"])), tuple(map(float, data["accuracies"])),
            tuple(map(float, data["chances"])), arrays,
        )  # fmt: skip

    def _features(self, images: Pixels) -> Array:
        flat = shrunk(images) - self.arrays["mean"]
        return np.array(flat @ self.arrays["axes"] / self.arrays["scales"], np.float32)

    def _chances(self, features: Array, k: int) -> Array:
        hidden = np.maximum(features @ self.arrays[f"w{k}.0"] + self.arrays[f"b{k}.0"], 0)
        logits = hidden @ self.arrays[f"w{k}.1"] + self.arrays[f"b{k}.1"]
        if logits.shape[1] == 1:  # of two values the network says one chance
            logits = np.concatenate([-logits / 2, logits / 2], 1)
        logits = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(logits / logits.sum(1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Verdict:
    """Factors by number: what `came` from the giver, was `kept` of the receiver, or became neither's."""

    came: tuple[int, ...]
    kept: tuple[int, ...]
    disturbed: tuple[int, ...]


def verdict(mixed: Integers, receiver: Integers, giver: Integers) -> Verdict:
    """What became of each factor, by its values `[K]` in three pictures; what all three share is left out."""
    came = np.flatnonzero((mixed == giver) & (giver != receiver))
    kept = np.flatnonzero((mixed == receiver) & (giver != receiver))
    disturbed = np.flatnonzero((mixed != receiver) & (mixed != giver))
    return Verdict(*(tuple(map(int, which)) for which in (came, kept, disturbed)))


def side_of(size: int) -> int:
    """The side in pixels at which an oracle sees square images of `size`."""
    return size // max(size // SIDE, 1)


def shrunk(images: Pixels) -> Array:
    """Images uint8 `[N, H, W, C]` as numbers in [0, 1] of about 32 × 32 pixels: `[N, F]`."""
    scaled = images.astype(np.float32) / 255
    if (factor := images.shape[1] // SIDE) > 1:
        n, h, w, c = scaled.shape
        h, w = h // factor * factor, w // factor * factor
        blocks = scaled[:, :h, :w].reshape(n, h // factor, factor, w // factor, factor, c)
        scaled = blocks.mean((2, 4))
    return np.asarray(scaled.reshape(len(scaled), -1), np.float32)


def fit(images: Pixels, factors: Integers, names: tuple[str, ...], task: Task, seed: int = 0) -> Oracle:
    """Learn factors `[N, K]` of images uint8 `[N, H, W, C]`; one image in five is held out to measure it.

    It learns from blurred copies too, since what a model draws is softer than what it was shown. Factors of
    one value, or of more than a hundred, are left out. Raises `BadData` where nothing is left.
    """
    kept = [k for k in range(factors.shape[1]) if 1 < len(np.unique(factors[:, k])) <= MOST_VALUES]
    if len(images) < FEWEST or not kept:
        raise BadData(
            f"An oracle can't be made of {len(images)} images with these factors.",
            f"Give {FEWEST} images or more, and factors of 2 to {MOST_VALUES} values.",
        )
    order = np.random.default_rng(seed).permutation(len(images))
    test, seen = np.split(order, [round(HELD_OUT * len(order))])
    task.progress(0.02, "Components of the images")
    arrays, features = _components(shrunk(np.concatenate([images[seen], _soft(images[seen])])), seed)
    unseen = (shrunk(images[test]) - arrays["mean"]) @ arrays["axes"] / arrays["scales"]
    accuracies, chances = [], []
    for place, k in enumerate(kept):
        labels = factors[seen, k]
        net = _network(
            features, np.concatenate([labels, labels]), seed, task, place / len(kept), 1 / len(kept)
        )
        for layer, (weight, bias) in enumerate(zip(net.coefs_, net.intercepts_, strict=True)):
            arrays[f"w{place}.{layer}"], arrays[f"b{place}.{layer}"] = weight, bias
        arrays[f"values{place}"] = net.classes_.astype(np.int64)
        accuracies.append(float((net.predict(unseen) == factors[test, k]).mean()))
        chances.append(
            float(np.bincount(np.unique(factors[test, k], return_inverse=True)[1]).max() / len(test))
        )
    return Oracle(tuple(names[k] for k in kept), tuple(accuracies), tuple(chances), arrays)


def fit_job(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: the oracle of arrays `images` and `factors`, or of the data set that options `spec` names.

    Options: `spec`, `image_size`, `channels`, `count`, `names` of the factors. The labels of data without
    factors are their one factor, `class`. Also gives the arrays `images` and `factors`, those it was made of.
    """
    images, factors, names = _labelled(task, arrays, options)
    oracle = fit(images, factors, names, task)
    at = [names.index(name) for name in oracle.factors]
    return {
        **oracle.arrays, "images": images, "factors": factors[:, at], "data": oracle.to_json(),
    }  # fmt: skip


def judge_job(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """A job: `values` and `sure` `[N, K]` of arrays `images`; the other arrays are the oracle's."""
    task.check()
    values, sure = Oracle.of(options, arrays).judge(arrays["images"])
    return {"values": values, "sure": sure}


def _labelled(
    task: Task, arrays: dict[str, np.ndarray], options: Mapping[str, Any]
) -> tuple[Pixels, Integers, tuple[str, ...]]:
    if "images" in arrays:
        return arrays["images"], arrays["factors"], tuple(options["names"])
    from trainers.data import load

    task.progress(0.0, "Reading the data")
    found = load(
        options["spec"], options["image_size"], options["channels"], options["count"], split="all",
        progress=lambda fraction, text: task.check(),
    )  # fmt: skip
    names, values = labelled(found)
    return found.images, values, names


def labelled(data: Dataset) -> tuple[tuple[str, ...], Integers]:
    """Names and values `[N, K]` of the factors of data; labels are one factor, `class`. Raises `BadData`."""
    if data.factors is not None and data.factors.shape[1]:
        return tuple(data.factor_names), data.factors
    if data.labels is None:
        raise BadData(
            "These data have neither factors nor labels.",
            "Choose data that have: dsprites, digits, npz:FILE.",
        )
    return ("class",), data.labels[:, None].astype(np.int64)


def _components(flat: Array, seed: int) -> tuple[dict[str, np.ndarray], Array]:
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *flat.shape)
    found = PCA(count, svd_solver="randomized", iterated_power=2, random_state=seed).fit(flat)
    scales = np.maximum(np.sqrt(found.explained_variance_), 1e-4)
    # Components that hardly vary are not blown up to the size of the others.
    scales = np.maximum(scales, 0.02 * scales.max()).astype(np.float32)
    arrays: dict[str, np.ndarray] = {
        "mean": found.mean_.astype(np.float32), "axes": found.components_.T.astype(np.float32),
        "scales": scales,
    }  # fmt: skip
    return arrays, np.asarray((flat - arrays["mean"]) @ arrays["axes"] / scales, np.float32)


def _network(features: Array, labels: Integers, seed: int, task: Task, start: float, length: float) -> Any:
    """A network of one hidden layer, fitted epoch by epoch so that one can give up between."""
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier((HIDDEN,), alpha=1e-3, batch_size=BATCH, learning_rate_init=3e-3, random_state=seed)
    classes, rng = np.unique(labels), np.random.default_rng(seed)
    epochs = max(LEAST_EPOCHS, round(UPDATES * BATCH / len(labels)))
    for epoch in range(epochs):
        task.progress(0.1 + 0.9 * (start + length * epoch / epochs), "Learning the factors")
        rows = rng.permutation(len(labels))
        net.partial_fit(features[rows], labels[rows], classes=classes)
    return net


def _soft(images: Pixels) -> Pixels:
    """Each pixel's mean with its eight neighbours."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    height, width = images.shape[1:3]
    total = sum(
        (padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)),
        np.zeros_like(images, np.uint16),
    )
    return np.asarray(total // 9, np.uint8)
