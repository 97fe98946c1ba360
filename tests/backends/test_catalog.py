"""Where models are found, and what is said of those that can't be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backends import catalog
from backends.api import BadModel


@pytest.fixture
def places(tmp_path: Path, shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundled, a user's and a runs folder of our own."""
    user, runs = tmp_path / "user", tmp_path / "runs"
    (runs / "first run").mkdir(parents=True)
    user.mkdir()
    monkeypatch.setattr(catalog, "BUNDLED", shelf_folder)
    monkeypatch.setattr(catalog, "user_folder", lambda: user)
    monkeypatch.setenv("LATENT_EXPLORER_RUNS", str(runs))
    (runs / "first run" / "model.safetensors").write_bytes((shelf_folder / "gan.safetensors").read_bytes())
    (user / "mine.safetensors").write_bytes((shelf_folder / "vae.safetensors").read_bytes())
    (user / "half.safetensors").write_bytes((shelf_folder / "vae.safetensors").read_bytes()[:5000])
    return tmp_path


def test_all_places_are_searched_and_broken_files_set_apart(places: Path, shelf_folder: Path) -> None:
    listing = catalog.scan()
    found = {
        Path(info.path).relative_to(places) for info in listing.models if places in Path(info.path).parents
    }
    assert found == {Path("user/mine.safetensors"), Path("runs/first run/model.safetensors")}
    assert {Path(i.path).name for i in listing.models} >= {"vae.safetensors", "classifier.safetensors"}
    ((path, reason),) = listing.broken
    assert path.name == "half.safetensors"
    assert "truncated" in reason
    assert len(catalog.list_models(extra=[shelf_folder])) == len(listing.models)


def test_the_classifier_becomes_a_path(places: Path, shelf_folder: Path) -> None:
    judge = str(shelf_folder / "classifier.safetensors")
    assert catalog.find("vae").classifier == judge
    assert (
        catalog.find(places / "user" / "mine.safetensors").classifier == judge
    )  # none beside it: the bundled one
    assert catalog.find("gan").classifier == ""


def test_find(places: Path, shelf_folder: Path) -> None:
    assert catalog.find("vae").path == str(shelf_folder / "vae.safetensors")
    assert catalog.find(str(places / "runs" / "first run")).family == "gan"
    for name, said in (("vea", "vae"), ("half", "truncated"), ("no/such.safetensors", "path")):
        with pytest.raises(BadModel, match=said):
            catalog.find(name)


def test_a_nameless_run_is_named_by_its_folder(tmp_path: Path) -> None:
    from tests.backends.conftest import save_model

    (tmp_path / "my run").mkdir()
    path = save_model(tmp_path / "my run", "model", "vae", {}, name="")
    assert catalog.read(path).name == "my run"


def test_it_needs_no_torch() -> None:
    code = "import sys; from backends import catalog; catalog.scan(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=150)
