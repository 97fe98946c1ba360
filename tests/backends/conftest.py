"""Small untrained models on disk, shared by the tests of the model host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backends import native
from backends.registry import family

CONFIG = {"width": 4, "image_size": 16}


def save_model(folder: Path, name: str, kind: str, config: dict[str, object], /, **known: object) -> Path:
    torch.manual_seed(0)
    model = family(kind).build({**CONFIG, **config}).eval()
    path = folder / f"{name}.safetensors"
    info = replace(native.describe(model, name, kind), **known)  # type: ignore[arg-type]
    native.save(path, model, info)
    return path


@pytest.fixture(scope="session")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`vae`, `gan`, `cgan` and the `classifier` that the VAE names."""
    folder = tmp_path_factory.mktemp("models")
    save_model(folder, "vae", "vae", {"latent": 6}, classifier="classifier")
    save_model(folder, "gan", "gan", {"latent": 8, "channels": 3})
    save_model(folder, "cgan", "cgan", {"latent": 5, "classes": 3, "embedding": 4})
    save_model(folder, "classifier", "classifier", {"classes": 3, "features": 7})
    return folder
