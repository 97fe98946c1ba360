"""The bundled models and their figures as Markdown: the README's table, that of docs/families.md. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from backends.api import ModelInfo
from explorer.model import taxonomy
from explorer.model.published import PUBLISHED

FIGURES = {
    "reconstruction_error": "Reconstruction error",
    "classes_per_1000": "Classes in 1,000",
    "frechet_classifier": "Fréchet distance",
    "nats": "Nats",
    "label_agreement": "Label obeyed",
    "classifier_accuracy": "Accuracy",
    "mig": "MIG",
}
FEWEST = 2000  # samples of a distance whose header names no number


def overview(models: Sequence[ModelInfo]) -> str:
    """What each model is and how good: the README's table."""
    head = ("Model", "Latent", "Image", "Parameters", "Trained", *FIGURES.values(), "Data (licence)")
    return _table(head, [_overview(info) for info in models])


def families(models: Sequence[ModelInfo]) -> str:
    """What each model took and reached, by branch of the tree, beside what is published."""
    head = ("Model", "Says of the density", "Data", "Parameters", "Trained", "Likelihood", "Fréchet distance",
            "Classes in 1,000", "Published, and what differs")  # fmt: skip
    ordered = [info for inside in taxonomy.planted(models).values() for info in inside]
    return _table(head, [_family(info) for info in ordered])


def _overview(info: ModelInfo) -> list[str]:
    height, width, channels = info.image_shape
    latent = " + ".join(f"{part.name} {part.size}" for part in info.space.parts) or "none"
    figures = [_figure(info, key) for key in FIGURES]
    picture = f"{width} × {height} {'grey' if channels == 1 else 'colour'}"
    data = f"{info.dataset} ({info.licence})"
    return [f"`{info.name}`", latent, picture, f"{info.parameters:,}", trained(info), *figures, data]


def _family(info: ModelInfo) -> list[str]:
    branch = ", ".join(word.removesuffix(" density").lower() for word in taxonomy.branch_of(info))
    return [f"`{info.name}`", branch, info.dataset, f"{info.parameters:,}", trained(info), _likelihood(info),
            _distance(info), _figure(info, "classes_per_1000"), PUBLISHED.get(info.name, "")]  # fmt: skip


def trained(info: ModelInfo) -> str:
    """Steps, minutes and seed of a model's training; empty where its header doesn't know."""
    took = info.trained
    if not took:
        return ""
    minutes = max(1, round(took["seconds"] / 60))
    return f"{took['steps']:,.0f} steps, {minutes} min, seed {took['seed']:.0f}"


def _likelihood(info: ModelInfo) -> str:
    if "nats" not in info.figures:
        return ""
    nats, bits = info.figures["nats"], info.figures["bits_per_dimension"]
    return f"{nats:.4g} nats, {bits:.3g} bits a pixel"


def _distance(info: ModelInfo) -> str:
    """A distance, of how many samples, and with which knobs they were made where not with their defaults."""
    if "frechet_classifier" not in info.figures:
        return ""
    samples = info.figures.get("frechet_samples", FEWEST)
    knobs = [
        f", {knob.title.lower()} {info.figures[key]:g}"
        for knob in info.knobs
        if (key := f"frechet_{knob.name}") in info.figures
    ]
    return f"{_figure(info, 'frechet_classifier')}; {samples:,.0f} samples{''.join(knobs)}"


def _figure(info: ModelInfo, key: str) -> str:
    """A figure; beside a distance, that of the test images themselves to the training images."""
    if key not in info.figures:
        return ""
    text = f"{info.figures[key]:.4g}"
    if key == "frechet_classifier" and "frechet_of_data" in info.figures:
        text += f" (data {info.figures['frechet_of_data']:.2g})"
    return text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))
