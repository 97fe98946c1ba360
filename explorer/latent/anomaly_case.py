"""One search for anomalies: what is asked of which model, and all that was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.api import WHY_NOT, Capability, ModelInfo
from explorer.latent.anomaly import Verdict, at
from explorer.latent.compare import data_spec

HOW = {
    "reconstruction": ("Reconstruction error", "encode", Capability.ENCODES),
    "likelihood": ("Likelihood", "likelihood", Capability.LIKELIHOOD),
}
# What is proposed where all classes were seen: on the same black ground, else a glance would do.
OTHERS = {"mnist": "fashion-mnist", "fashion-mnist": "mnist", "digits": "fashion-mnist"}


@dataclass(frozen=True)
class Asked:
    """`normal` are classes of `spec`, `against` other data (else the other classes), `how` a key of `HOW`."""

    spec: str
    normal: str = ""
    against: str = ""
    count: int = 2000
    how: str = "reconstruction"
    seed: int = 0

    def reading(self, info: ModelInfo) -> dict[str, Any]:
        """The options of `anomaly_data:read`."""
        height, _, channels = info.image_shape
        return {
            "spec": self.spec, "normal": self.normal, "against": self.against, "count": self.count,
            "image_size": height, "channels": channels, "size": info.space.size,
        }  # fmt: skip

    def title(self, info: ModelInfo) -> str:
        """What the picture is of."""
        normal = self.spec + (f" {self.normal}" if self.normal else "")
        return f"{info.name}: {normal} against {self.against or 'its other classes'}, by {self.how}"


def proposed(info: ModelInfo) -> Asked:
    """What suits a model: the classes that it was trained on, else other data of the same kind."""
    spec, how = data_spec(info.dataset), (ways(info) or ["reconstruction"])[0]
    part = info.dataset.endswith(f" ({', '.join(info.classes)})") and bool(info.classes)
    if part:
        return Asked(spec, ",".join(info.classes), how=how)
    return Asked(spec, against=OTHERS.get(spec, ""), how=how)


def ways(info: ModelInfo) -> list[str]:
    """How a model can score images."""
    return [how for how, (_, _, needed) in HOW.items() if info.can(needed)]


def why_not(info: ModelInfo | None) -> str:
    """Why a model can score none, else nothing."""
    if info is None:
        return "Choose a model first."
    return "" if ways(info) else f"{WHY_NOT[Capability.ENCODES]} {WHY_NOT[Capability.LIKELIHOOD]}"


def scores_of(how: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """What the host's answer says of each image: higher is more anomalous, [N]."""
    return arrays["errors"] if how == "reconstruction" else -arrays["nats"]


@dataclass(frozen=True, eq=False)
class Case:
    """Images [N, H, W, C] with their groups (numbers into `names`), scores, and what they come to.

    `codes` [N, D] and the images `again` as the model rebuilds them, where it was asked for them.
    """

    info: ModelInfo
    asked: Asked
    images: np.ndarray
    anomalous: np.ndarray
    groups: np.ndarray
    names: tuple[str, ...]
    scores: np.ndarray
    codes: np.ndarray | None
    again: np.ndarray | None
    verdict: Verdict
    told: dict[str, Any]  # the verdict as data and arrays, for the job that draws it
    arrays: dict[str, np.ndarray]

    def at(self, threshold: float) -> tuple[float, float]:
        """Shares of false alarms and of anomalies caught."""
        return at(self.scores, self.anomalous, threshold)

    def kind(self, row: int) -> str:
        """The class of an image."""
        return self.names[int(self.groups[row])]

    def caption(self, row: int) -> str:
        """An image in a few words."""
        return f"{self.kind(row)}: {shown(float(self.scores[row]))}"

    def drawing(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays and options of `anomaly_picture:save`, but for the file."""
        arrays = {**self.arrays, "images": self.images, "scores": self.scores, "groups": self.groups,
                  "anomalous": self.anomalous}  # fmt: skip
        options = {"verdict": self.told, "names": list(self.names),
                   "title": self.asked.title(self.info), "how": self.asked.how}  # fmt: skip
        return arrays, options


def shown(score: float) -> str:
    """A score as people read it."""
    return f"{score:.4f}" if abs(score) < 1 else f"{score:,.1f}"
