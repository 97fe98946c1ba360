"""Model files: what is written comes back, and whatever else is there is refused with a sentence."""

from __future__ import annotations

import json
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from backends import native
from backends.api import BadModel, Capability, ModelInfo
from backends.model import Model
from backends.registry import families, family

SMALL = {"width": 4, "image_size": 16}


def small_vae() -> Model:
    torch.manual_seed(0)
    return family("vae").build({**SMALL, "latent": 3}).eval()


def described(model: Model, name: str) -> ModelInfo:
    return native.describe(model, name, name)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = small_vae()
    native.save(tmp_path / "a.safetensors", model, described(model, "vae"))
    return tmp_path / "a.safetensors"


@pytest.mark.parametrize("name", sorted(families()))
def test_every_family_comes_back(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    known = family(name)
    model = known.build({key: value for key, value in SMALL.items() if key in known.defaults}).eval()
    path = tmp_path / f"{name}.safetensors"
    written = native.save(path, model, described(model, name))
    read, back = native.read_info(path), native.load(path)
    assert read == written
    assert read.capabilities == back.capabilities
    assert read.parameters > 0
    for key, value in model.state_dict().items():
        assert torch.equal(value, back.state_dict()[key])
    if Capability.GENERATES in back.capabilities:
        codes = torch.from_numpy(back.space.sample_many(3, 1))
        images = back.generate(codes, {})
        assert images.shape == (3, 1, 16, 16)
        assert 0 <= images.min() <= images.max() <= 1
        assert torch.equal(images, model.generate(codes, {}))


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    model = small_vae()
    native.save(tmp_path / "full.safetensors", model, described(model, "vae"))
    native.save(tmp_path / "half.safetensors", model, described(model, "vae"), half=True)
    full, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("full", "half"))
    assert half < 0.75 * full
    back = native.load(tmp_path / "half.safetensors")
    assert {t.dtype for t in back.state_dict().values()} == {torch.float32, torch.int64}


def test_a_measured_prior_is_kept(tmp_path: Path) -> None:
    model = family("autoencoder").build({**SMALL, "latent": 2})
    rng = np.random.default_rng(0)
    codes = (rng.standard_normal((5000, 2)) @ np.array([[2, 0], [1, 0.5]]) + [3, -1]).astype(np.float32)
    model.set_prior(codes)  # type: ignore[operator]
    native.save(tmp_path / "a.safetensors", model, described(model, "autoencoder"))
    drawn = native.load(tmp_path / "a.safetensors").space.sample_many(5000, 0)
    assert np.allclose(drawn.mean(0), codes.mean(0), atol=0.1)
    assert np.allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.2)


def test_other_tools_can_open_it(saved: Path) -> None:
    from safetensors.torch import load_file

    opened = load_file(saved)
    assert all(torch.equal(opened[k], v) for k, v in native.load(saved).state_dict().items())


def test_reading_the_info_needs_no_torch(saved: Path) -> None:
    code = (
        "import sys; from backends import native; "
        f"native.read_info({str(saved)!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=150)


def test_infinite_weights_are_not_written_over_a_good_file(saved: Path) -> None:
    model, before = small_vae(), saved.read_bytes()
    next(model.parameters()).data[0] = float("nan")
    with pytest.raises(BadModel, match="finite"):
        native.save(saved, model, described(model, "vae"))
    assert saved.read_bytes() == before


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        native.write_atomically(saved, b"new")
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('ran code')",))


FOREIGN = {
    "empty": (b"", "empty"),
    "short": (b"\x10", "truncated"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n", "Git LFS"),
    "html": (b"<!DOCTYPE html><html>Not found</html>", "web page"),
    "pickle": (pickle.dumps(Hostile()), "pickle"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG"),
    "noise": (random.Random(0).randbytes(400), "not a model file"),
    "huge header": (struct.pack("<Q", 1 << 60) + b"{" + bytes(50), "not a model file"),
    "nested": (struct.pack("<Q", 100_001) + b"{" + b"[" * 100_000, "damaged"),
    "safetensors of others": (struct.pack("<Q", 8) + b"{}      ", "didn't write"),
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_foreign_files_are_named(kind: str, tmp_path: Path) -> None:
    content, said = FOREIGN[kind]
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    for read in (native.read_info, native.load):
        with pytest.raises(BadModel, match=said) as caught:
            read(path)
        assert caught.value.advice


def test_a_torch_checkpoint_is_not_opened(tmp_path: Path) -> None:
    torch.save({"a": Hostile()}, tmp_path / "a.pt")
    assert zipfile.is_zipfile(tmp_path / "a.pt")
    with pytest.raises(BadModel, match="PyTorch") as caught:
        native.load(tmp_path / "a.pt")
    assert "never runs code" in caught.value.advice


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="doesn't exist"):
        native.load(tmp_path / "nothing.safetensors")
    with pytest.raises(BadModel, match="folder"):
        native.load(tmp_path)


def rewritten(path: Path, **changes: object) -> None:
    """Change the stored info and make the checksum right again: a hostile file rather than a damaged one."""
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header, body = json.loads(raw[8 : 8 + size]), raw[8 + size :]
    metadata = header["__metadata__"]
    metadata["latent_explorer"] = changes.pop("version", metadata["latent_explorer"])
    metadata["info"] = json.dumps({**json.loads(metadata["info"]), **changes})
    metadata["checksum"] = native._checksum(header, body)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "2"}, "newer"),
        ({"family": "transformer"}, "no family"),
        ({"family": "classifier"}, "no setting"),
        ({"config": {"width": 10**9}}, "between"),
        ({"config": {"width": 512, "latent": 1024, "image_size": 64}}, "doesn't fit"),
        ({"config": {"body": "os.system"}}, "Choose one of"),
        ({"config": []}, "description"),
        ({"image_shape": [1, 2]}, "description"),
        ({"image_shape": [28, 28, 1]}, "another latent space"),
        ({"space": [{"name": "z", "shape": [4], "prior": "gaussian"}]}, "another latent space"),
        ({"space": [{"name": "z", "shape": [3], "prior": "odd"}]}, "description"),
    ],
)
def test_a_file_that_lies_is_refused(saved: Path, changes: dict[str, object], said: str) -> None:
    rewritten(saved, **changes)
    with pytest.raises(BadModel, match=said):
        native.load(saved)


def test_damage_is_always_noticed(saved: Path) -> None:
    """A few hundred mutations: each is refused, or leaves the weights and the description as they were."""
    good, rng = saved.read_bytes(), random.Random(1)
    weights, info = native.load(saved).state_dict(), native.read_info(saved)
    for round_ in range(400):
        bad = bytearray(good)
        at = rng.randrange(len(bad) if round_ % 2 else 3000)
        match round_ % 4:
            case 0 | 1:
                bad[at] ^= 1 << rng.randrange(8)
            case 2:
                bad = bad[:at]
            case 3:
                bad[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(9))
        saved.write_bytes(bad)
        try:
            back = native.load(saved)
        except BadModel:
            continue
        assert all(torch.equal(weights[k], v) for k, v in back.state_dict().items())
        assert native.read_info(saved) == info
