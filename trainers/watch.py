"""What goes wrong in a training, said with advice while it can still be mended.

The functions are pure: on lines of metrics as `metrics.jsonl` has them, or on samples. `Watch` asks them each
time samples are drawn, and says each thing once until it is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers import figures
from trainers.batches import as_floats
from trainers.held_out import HELD, SEEN
from trainers.lazy import Lazy

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from backends.model import Model
    from trainers.learner import Learner
else:
    torch = Lazy("torch")

COUNT = 1000  # samples, and real images, that are compared
SEED = 30_000
CHUNK = 250
SIDE = 14  # pixels: images are compared at this size, so that noise doesn't make them differ
WINDOW = 20  # lines of metrics: what has just happened
SURE = 0.98  # share of images told rightly from which on a critic has won
GROWN = 20  # times a loss may grow
FROM = 0.1  # share of the training before which samples say nothing
FEWEST = 300  # steps before that, at least
LOOKS = 3  # at held-out images in a row that must be worse than the best
WORSE = 0.03  # share by which they must be
LOSSES = ("loss", "generator", "discriminator")
Lines = Sequence[Mapping[str, Any]]


class Watch:
    """Looks at one training; remembers what it has said."""

    def __init__(self, learner: Learner, classifier: str) -> None:
        self.learner, self.classifier = learner, classifier
        self._said: set[str] = set()
        self._least: float | None = None
        self._judge: Model | None = None

    def look(self, step: int, lines: Lines, model: Model) -> list[str]:
        """New worries, a sentence with advice each; `model` is the averaged one, in evaluation mode."""
        game = "discriminator" in self.learner.optimisers
        found = {"diverging": diverging(lines), "by heart": overfitting(lines)}
        if game:
            found["critic"] = critic_has_won(lines, getattr(self.learner.settings, "loss", ""))
        if game and step >= max(FEWEST, FROM * self.learner.settings.steps):
            found["collapse"] = self._collapse(model)
        new = [text for kind, text in found.items() if text and kind not in self._said]
        self._said = {kind for kind, text in found.items() if text}
        return new

    def _collapse(self, model: Model) -> str:
        if self._least is None:
            self._least = likeness(as_floats(torch.from_numpy(self.learner.data.images[:COUNT])))
            self._judge = figures.bundled(self.classifier)
        codes = torch.from_numpy(model.space.sample_many(COUNT, SEED)).to(next(model.parameters()).device)
        images = torch.cat([model.generate(part, {}) for part in codes.split(CHUNK)]).float().cpu()
        classes = total = 0
        if self._judge is not None and self._judge.image_shape == model.image_shape:
            logits = torch.cat([self._judge.classify(part)[0] for part in images.split(CHUNK)])
            classes, total = figures.classes_seen(logits.argmax(1).numpy()), logits.shape[1]
        return collapsed(distinct(images, self._least), len(images), classes, total)


def collapsed(different: int, count: int, classes: int, total: int) -> str:
    """A sentence when samples are too alike: `different` of `count`, `classes` of `total` (0: not known)."""
    few = [f"{different} of {count} samples are distinct"] if different < count / 2 else []
    if total and classes <= 0.7 * total:
        few.append(f"{classes} of {total} classes appear")
    if not few:
        return ""
    return (
        f"The generator collapses: only {' and '.join(few)}. Let the critic see the batch's spread, turn on "
        "the dragan or R1 penalty, or lower the generator's step size."
    )


def critic_has_won(lines: Lines, loss: str) -> str:
    """A sentence when the critic has told nearly all images rightly for a while."""
    recent = lines[-WINDOW:]
    named = [_mean(recent, key) for key in ("real named real", "made named made")]
    if len(recent) < WINDOW or not all(share is not None and share > SURE for share in named):
        return ""
    what = f"The critic has won: it tells {SURE:.0%} and more of the images rightly, so the generator "
    if loss == "minimax":
        return what + "gets no gradient from the minimax loss. Choose the non-saturating loss."
    return what + (
        "learns little. Lower the critic's step size or its number of steps, or turn on instance noise, "
        "label smoothing or a penalty on its slope."
    )


def diverging(lines: Lines) -> str:
    """A sentence when a loss has grown far beyond what it was."""
    if len(lines) < 3 * WINDOW:
        return ""
    for name in LOSSES:
        before = _middle(lines[:-WINDOW], name)
        now = _middle(lines[-WINDOW:], name)
        if now > GROWN * max(before, 1.0):
            return (
                f"The training diverges: {name} has grown from about {before:.3g} to {now:.3g}. Stop it, and "
                "start again with lower step sizes (or, in a game, with a penalty on the critic's slope)."
            )
    return ""


def overfitting(lines: Lines) -> str:
    """A sentence when held-out images have got worse while those it learns from went on getting better."""
    name = next((key[len(HELD) + 1 :] for line in lines for key in line if key.startswith(HELD)), "")
    held, seen = f"{HELD} {name}", f"{SEEN} {name}"
    looks = [(line["step"], line[held], line[seen]) for line in lines if held in line and seen in line]
    best = min(range(len(looks)), key=lambda index: looks[index][1], default=0)
    if len(looks) < LOOKS + 1 or best >= len(looks) - LOOKS:
        return ""
    step, least, then = looks[best]
    now, known = (float(np.mean([look[column] for look in looks[-LOOKS:]])) for column in (1, 2))
    worse = min(look[1] for look in looks[-LOOKS:]) > least and now > least + WORSE * abs(least)
    if not worse or known >= then:
        return ""
    return (
        f"It learns by heart: the {name} of held-out images was least at step {step:,} ({least:.3g}) and is "
        f"now {now:.3g}, while that of the images it learns from fell from {then:.3g} to {known:.3g}. Stop "
        f"here, or start again with more images, a smaller network, or keep_best = {held!r}, which keeps the "
        "best checkpoint (and with patience stops by itself)."
    )


def distinct(images: Tensor, least: float) -> int:
    """How many of the images `[N, C, H, W]` are further than `least` from each one before them."""
    near = (_distances(images) < least).tril(-1)
    return int((~near.any(1)).sum())


def likeness(real: Tensor) -> float:
    """The distance below which two images count as the same: half of that to the nearest other real one."""
    apart = _distances(real)
    nearest = apart.fill_diagonal_(torch.inf).amin(1)
    return float(nearest.median() / 2)


def _distances(images: Tensor) -> Tensor:
    """Euclidean distances `[N, N]` of images at `SIDE` pixels."""
    flat = torch.nn.functional.adaptive_avg_pool2d(images, SIDE).flatten(1)
    return torch.cdist(flat, flat)


def _mean(lines: Lines, name: str) -> float | None:
    values = [line[name] for line in lines if name in line]
    return float(np.mean(values)) if values else None


def _middle(lines: Lines, name: str) -> float:
    """The median of a value's size; 0 when there is none."""
    values = [abs(line[name]) for line in lines if name in line]
    return float(np.median(values)) if values else 0.0
