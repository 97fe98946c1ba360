"""What the Map can be made from, and why a model can't."""

from __future__ import annotations

from backends.api import WHY_NOT, Capability, ModelInfo
from explorer.latent.compare import data_spec

SOURCES = {
    "codes": ("Sampled codes", "Codes drawn from the prior, laid out as they are"),
    "features": (
        "Features of samples",
        "Sampled codes, laid out by what the classifier sees in their images",
    ),
    "pixels": ("Pixels of samples", "Sampled codes, laid out by the pixels of their images"),
    "data": ("Encoded data", "The images of a data set, encoded by the model"),
    "data features": (
        "Features of data",
        "The images of a data set, laid out by what the classifier sees in them",
    ),
    "file": ("Embeddings…", "Rows of a file of yours: .npy, .npz or .parquet; drop one on the map"),
}
NO_CLASSIFIER = "No classifier is known for this model."
NO_MODEL = "Choose a model first."


def why_not(info: ModelInfo | None, source: str) -> str:
    """Why a model can't be mapped by a source of `SOURCES`; nothing when it can."""
    if info is None:
        return NO_MODEL
    needed = {"file": None, "data": Capability.ENCODES, "data features": Capability.ENCODES}
    if source == "data features" and info.classifier == info.path:  # it looks at images itself
        return ""
    capability = needed.get(source, Capability.GENERATES)
    if capability is not None and not info.can(capability):
        return WHY_NOT[capability]
    return NO_CLASSIFIER if source.endswith("features") and not info.classifier else ""


def usual(info: ModelInfo) -> str:
    """What shows most of a model: encoded data that are known here, else features or pixels of its images."""
    order = ("data", "features", "pixels") if data_spec(info.dataset) else ("features", "pixels", "data")
    return next((source for source in order if not why_not(info, source)), "codes")
