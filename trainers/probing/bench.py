"""Few labels: a model's encoder read, tuned and begun anew on the same draws of labelled images."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from backends.api import WHY_NOT, Capability
from backends.errors import BadData, BadRequest
from backends.model import Model
from backends.registry import family
from trainers import data
from trainers.batches import as_floats
from trainers.learner import faded, placed, update
from trainers.probing.reader import Reader, codes_of
from trainers.probing.settings import WAYS, ProbeSettings, batch_of

Integers = NDArray[np.int64]
SEEN = 2000  # images whose codes give means and deviations
CHUNK = 500
TUNING_RATE, RATE = 3e-4, 1e-3
CPU = torch.device("cpu")


class Bench:
    """A model and labelled images, ready for one measurement after the other."""

    def __init__(self, model: Model, kind: str, spec: str, asked: ProbeSettings) -> None:
        size, _, channels = model.image_shape
        placed(model.eval().requires_grad_(True), CPU)
        self.model, self.family, self.asked = model, kind, asked
        self.notes: list[str] = []
        self.train = data.load(spec, size, channels)
        self.test = data.load(spec, size, channels, split="test", limit=asked.test)
        if self.train.labels is None or self.test.labels is None or len(self.train.classes) < 2:
            raise BadData(f"{spec} has no labels of several classes.", "Choose labelled data.")
        self._must_encode()
        seen = codes_of(model, self.train.images[:: max(1, len(self.train) // SEEN)])
        self.mean, self.spread = seen.mean(0), seen.std(0) + 1e-6
        self.ways = [way for way in asked.chosen_ways() if self._can(way)]
        self._linear: dict[tuple[int, int], LogisticRegression] = {}
        self._unseen: Tensor | None = None

    def plan(self) -> Iterator[tuple[str, int, int]]:
        """Way, number of labels and draw of each measurement, few labels first."""
        for count in self.asked.counts():
            if count > len(self.train):
                continue
            for draw in range(self.asked.draws):
                for way in self.ways:
                    yield way, count, draw

    def cost(self, way: str, count: int) -> float:
        """Images that pass through the network, a step down counted three times."""
        count = count or len(self.train)
        learned = 0 if way == "linear" else 3 * self.asked.steps(count) * batch_of(count)
        return float(count + len(self.test) + learned)

    def measured(self, way: str, count: int, draw: int) -> Iterator[tuple[float, float]]:
        """How far it is (0..1) and the accuracy so far; the last one counts."""
        rows = self.rows(count, draw)
        if way == "linear":
            reading = self.reading(count, draw)
            yield 1.0, float((reading.predict(self._standard(self._test_codes())) == self.test.labels).mean())
            return
        network = self._network(way, count, draw)
        for step in self._learn(network, rows, TUNING_RATE if way == "tuned" else RATE):
            yield step, 0.0
        yield 1.0, self._accuracy(network)

    def rows(self, count: int, draw: int) -> Integers:
        """Which training images are labelled: the classes take turns, in an order of the draw's own."""
        assert self.train.labels is not None
        return balanced(self.train.labels, count or len(self.train), self.asked.seed * 1000 + draw)

    def reading(self, count: int, draw: int) -> LogisticRegression:
        """Logistic regression on the codes of the labelled images, fitted once."""
        if (count, draw) not in self._linear:
            rows = self.rows(count, draw)
            assert self.train.labels is not None
            codes = self._standard(codes_of(self.model, self.train.images[rows]))
            self._linear[count, draw] = LogisticRegression(max_iter=2000).fit(codes, self.train.labels[rows])
        return self._linear[count, draw]

    def _network(self, way: str, count: int, draw: int) -> Reader:
        classes = len(self.train.classes)
        torch.manual_seed(self.asked.seed * 1000 + draw)
        if way == "scratch":
            fresh = family(self.family).build(self.model.config)
            placed(fresh.train(), CPU)
            return Reader(fresh, torch.zeros_like(self.mean), torch.ones_like(self.spread), classes)
        network = Reader(copy.deepcopy(self.model), self.mean, self.spread, classes)
        network.take(self.reading(count, draw))
        return network

    def _learn(self, network: Reader, rows: Integers, rate: float) -> Iterator[float]:
        assert self.train.labels is not None
        images, labels = torch.from_numpy(self.train.images), torch.from_numpy(self.train.labels)
        steps, size = self.asked.steps(len(rows)), min(batch_of(len(rows)), len(rows))
        optimiser = torch.optim.Adam(network.learning, rate)
        order = torch.from_numpy(rows)
        for step in range(steps):
            batch = order[torch.randint(len(order), (size,))]
            loss = torch.nn.functional.cross_entropy(network.logits(as_floats(images[batch])), labels[batch])
            update(optimiser, loss, faded(rate, step, steps, warm_up=10))
            if step % 10 == 9:
                yield step / steps

    def _accuracy(self, network: Reader) -> float:
        network.eval()
        with torch.inference_mode():
            parts = torch.from_numpy(self.test.images).split(CHUNK)
            named = [network.logits(as_floats(part)).argmax(1) for part in parts]
        return float((torch.cat(named).numpy() == self.test.labels).mean())

    def _test_codes(self) -> Tensor:
        if self._unseen is None:
            self._unseen = codes_of(self.model, self.test.images)
        return self._unseen

    def _standard(self, codes: Tensor) -> np.ndarray:
        found: np.ndarray = ((codes - self.mean) / self.spread).numpy()
        return found

    def _must_encode(self) -> None:
        if Capability.ENCODES not in self.model.capabilities:
            raise BadRequest(WHY_NOT[Capability.ENCODES], "Choose a model that encodes.")

    def _can(self, way: str) -> bool:
        """Whether the model can go this way; if not, a note says why."""
        why = "" if way == "linear" else self._why_not()
        if why:
            self.notes.append(f"{WAYS[way]} is left out: {why}")
        return not why

    def _why_not(self) -> str:
        if Capability.PARTIAL in self.model.capabilities:
            return "this model encodes in many steps."
        if not Reader(copy.deepcopy(self.model), self.mean, self.spread, 2).encoding:
            return "the codes of this model have no slope."
        return ""


def balanced(labels: Integers, count: int, seed: int) -> Integers:
    """Rows of `count` labelled images: the classes take turns, each with its images in the seed's order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    turn = np.zeros(len(labels))
    for place, kind in enumerate(rng.permutation(np.unique(labels)).tolist()):
        mine = np.flatnonzero(labels[order] == kind)
        turn[mine] = np.arange(len(mine)) + place / 1e6  # first each class's first
    return order[np.argsort(turn, kind="stable")[:count]].astype(np.int64)
