"""The ways to lay out a map and what can be turned in them, in words for people; what a person wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from backends.api import BadRequest
from explorer.latent.maps.neighbours import METRICS, MOST

METHODS = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE", "classic": "UMAP (umap-learn)"}
ABOUT = {
    "pca": "The two directions in which the points vary most. Its axes mean something, distances too.",
    "umap": "Neighbours are pulled together, others pushed apart. Read who is near whom, not how far.",
    "tsne": "Keeps the nearest neighbours best. Sizes of groups and gaps between them mean nothing.",
    "classic": "The published umap-learn, to compare with. It compiles itself in every process: half a "
    "minute may pass before it begins, and there are no frames.",
}


@dataclass(frozen=True)
class Parameter:
    """A number of a layout: its bounds, the methods that read it, and what it does."""

    name: str
    title: str
    low: float
    high: float
    help: str
    methods: tuple[str, ...] = ("umap", "classic")


PARAMETERS = (
    Parameter("neighbours", "Neighbours", 2, MOST, "Few show fine detail, many the large picture."),
    Parameter(
        "min_dist", "Least distance", 0.0, 2.0, "How near points may come: small packs groups tightly."
    ),
    Parameter(
        "spread", "Spread", 0.2, 5.0, "How far groups lie apart; at least as much as the least distance."
    ),
    Parameter("epochs", "Epochs", 0, 5000, "Rounds of pulling and pushing; 0 takes what suits the number."),
    Parameter("perplexity", "Perplexity", 2, 100, "How many neighbours a point listens to.", ("tsne",)),
    Parameter("seed", "Seed", 0, 2**31 - 1, "The same seed gives the same map.", ("umap", "tsne", "classic")),
)


@dataclass(frozen=True)
class Wish:
    """How to lay out: a method of `METHODS`, the `PARAMETERS`, whether labels pull classes apart."""

    method: str = "pca"
    neighbours: int = 15
    min_dist: float = 0.1
    spread: float = 1.0
    epochs: int = 0
    perplexity: float = 30.0
    seed: int = 0
    supervised: bool = False
    metric: str = "euclidean"

    @staticmethod
    def of(options: Mapping[str, Any]) -> Wish:
        """The wish of a job's options; what they don't say is as usual. Raises `BadRequest`."""
        return Wish().changed(options)

    def changed(self, options: Mapping[str, Any]) -> Wish:
        """With what options say changed; words that mean nothing here are left alone. Raises `BadRequest`."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        try:
            said = {name: kinds[name](value) for name, value in options.items() if name in kinds}
        except (TypeError, ValueError) as error:
            raise BadRequest(f"A map can't be made with {dict(options)}.", "Numbers are wanted.") from error
        wish = replace(self, **said)
        wish._check()
        return wish

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def _check(self) -> None:
        for name, known in (("method", METHODS), ("metric", METRICS)):
            if getattr(self, name) not in known:
                raise BadRequest(
                    f"There is no map {name} named {getattr(self, name)!r}.",
                    f"Choose one of: {', '.join(known)}.",
                )
        for p in PARAMETERS:
            if not p.low <= getattr(self, p.name) <= p.high:
                raise BadRequest(
                    f"{p.title} can't be {getattr(self, p.name):g}.", f"Between {p.low:g} and {p.high:g}."
                )
        if self.min_dist > self.spread:
            raise BadRequest(
                f"The least distance {self.min_dist:g} is more than the spread {self.spread:g}.",
                "Make it smaller, or the spread larger.",
            )
