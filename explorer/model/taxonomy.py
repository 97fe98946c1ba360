"""The families of models as a tree: what each says of the density of its data. No Qt, no torch.

After Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks" (2016), figure 9.
"""

from __future__ import annotations

from collections.abc import Iterable

from backends.api import Capability, ModelInfo

Branch = tuple[str, ...]  # from the trunk outwards

EXPLICIT, IMPLICIT, NONE = "Explicit density", "Implicit density", "No density"
TREE: dict[Branch, tuple[str, ...]] = {
    (EXPLICIT, "Tractable", "Autoregressive"): ("pixelcnn", "pixelrnn"),
    (EXPLICIT, "Tractable", "Flow"): ("flow",),
    (EXPLICIT, "Approximate", "Variational"): ("vae", "cvae", "vqvae"),
    (EXPLICIT, "Approximate", "Diffusion"): ("ddpm",),
    (EXPLICIT, "Approximate", "Energy-based"): ("rbm",),
    (IMPLICIT, "Adversarial"): ("gan", "cgan", "infogan", "sgan"),
    (NONE, "Autoencoders"): ("autoencoder", "chunks", "pairs"),
    (NONE, "Classifiers"): ("classifier",),
}
OTHERS: Branch = ("Others",)
MEANING = {
    EXPLICIT: "The model says how likely an image is",
    IMPLICIT: "The model draws images and can't say how likely one is",
    NONE: "The model reproduces or names images",
    "Tractable": "The likelihood is computed exactly",
    "Approximate": "The likelihood is only bounded or estimated",
    "Energy-based": "The likelihood is known up to a constant",
    "Autoregressive": "Each pixel given those before it",
    "Flow": "An invertible map from noise",
    "Variational": "A bound through an encoder",
    "Diffusion": "A bound through many small steps of denoising",
    "Adversarial": "Learnt against a critic",
}


def branch_of(info: ModelInfo) -> Branch:
    """Where a model belongs; of a family that the tree doesn't know, as far as its capabilities tell."""
    for branch, families in TREE.items():
        if info.family in families:
            return branch
    if info.can(Capability.LIKELIHOOD):
        return (EXPLICIT, "Tractable")
    if info.can(Capability.CLASSIFIES) and not info.can_generate:
        return (NONE, "Classifiers")
    return OTHERS


def planted(models: Iterable[ModelInfo], empty: bool = False) -> dict[Branch, list[ModelInfo]]:
    """The models by branch, in the order of the tree; with `empty` also branches without a model."""
    found: dict[Branch, list[ModelInfo]] = {branch: [] for branch in TREE}
    for info in models:
        found.setdefault(branch_of(info), []).append(info)
    ordered = sorted(found, key=_order)
    return {branch: found[branch] for branch in ordered if found[branch] or empty}


def _order(branch: Branch) -> tuple[int, ...]:
    """Beside the branches that share its beginning."""
    known = list(TREE)
    shared = [i for i, other in enumerate(known) if other[: len(branch)] == branch]
    return (shared[0] if shared else len(known), len(branch))
