"""Models on a device: memory that runs out, pictures to tensors and back, the pace of long jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from backends import catalog, device, loaded, native
from backends.errors import BadRequest, OutOfMemory
from backends.loaded import Loaded, Shelf, fuse
from backends.model import Model
from backends.pace import LARGEST, STEP_S, Pace
from backends.registry import family

gpu = pytest.mark.skipif(device.devices() == ["cpu"], reason="no GPU here")


@pytest.fixture
def vae(shelf_folder: Path) -> Loaded:
    path = shelf_folder / "vae.safetensors"
    return Loaded(catalog.read(path), native.load(path), "cpu")


@pytest.mark.parametrize("fault", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory")])  # fmt: skip
def test_short_memory_halves_the_batch(vae: Loaded, fault: BaseException) -> None:
    sizes = []

    def step(_model: Model, rows: Tensor) -> tuple[Tensor, ...]:
        sizes.append(len(rows))
        if len(rows) > 3:
            raise fault
        return (rows * 2,)

    rows = np.arange(12, dtype=np.float32)[:, None]
    (out,) = vae.run("generate", step, rows)
    assert np.array_equal(out, rows * 2)
    assert sizes == [12, 6, 3, 3, 6, 3, 3]
    assert "smaller batches" in vae.notice


def test_no_memory_for_a_single_row_is_one_sentence(vae: Loaded) -> None:
    def step(_model: Model, _rows: Tensor) -> tuple[Tensor, ...]:
        raise torch.OutOfMemoryError

    with pytest.raises(OutOfMemory, match="too little memory"):
        vae.run("generate", step, np.zeros((2, 6), np.float32))


def test_a_full_device_falls_back_to_the_cpu(vae: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "device", "mps")
    monkeypatch.setattr(device, "send", lambda array, where: torch.from_numpy(array))

    def step(_model: Model, rows: Tensor) -> tuple[Tensor, ...]:
        if vae.device != "cpu":
            raise torch.OutOfMemoryError
        return (rows,)

    vae.run("generate", step, np.zeros((1, 6), np.float32))
    assert vae.device == "cpu"
    assert "runs on the CPU" in vae.notice


def test_a_model_that_does_not_fit_a_device_stays_on_the_cpu(
    vae: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to(where: str) -> None:
        if where != "cpu":
            raise torch.OutOfMemoryError

    monkeypatch.setattr(vae.model, "to", to)
    vae.move("cuda")
    assert vae.device == "cpu"
    assert "cuda" in vae.notice


def test_other_faults_are_not_taken_for_memory(vae: Loaded) -> None:
    def step(_model: Model, _rows: Tensor) -> tuple[Tensor, ...]:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        vae.run("generate", step, np.zeros((2, 6), np.float32))


@pytest.mark.parametrize("name", ["vae", "gan", "cgan", "autoencoder"])
@pytest.mark.parametrize("body", ["conv", "mlp"])
def test_fused_batch_norms_change_nothing(name: str, body: str) -> None:
    torch.manual_seed(0)
    model = family(name).build({"width": 4, "image_size": 16, "body": body, "depth": 1})
    codes = torch.from_numpy(model.space.sample_many(32, 0))
    with torch.no_grad():
        model.train().generate(codes, {})  # gives the norms statistics of their own
        before = model.eval().generate(codes, {})
        after = fuse(model).generate(codes, {})
    assert torch.allclose(before, after, atol=1e-5)


def test_pixels_survive_the_way_to_the_device_and_back() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    images = device.from_pictures(torch.from_numpy(pictures), (16, 16, 3))
    assert images.shape == (3, 3, 16, 16)
    assert np.array_equal(device.to_uint8(images).numpy(), pictures)


def test_pictures_are_cut_blended_and_greyed() -> None:
    wide = np.zeros((1, 10, 30, 4), np.uint8)
    wide[:, :, 10:20] = (255, 0, 0, 255)  # the middle is red, the sides transparent
    middle = device.from_pictures(torch.from_numpy(wide), (10, 10, 3))[0]
    assert torch.equal(middle[:, 0, 0], torch.tensor([1.0, 0, 0]))
    assert middle.std((1, 2)).max() == 0
    grey = device.from_pictures(torch.from_numpy(wide), (10, 10, 1))
    assert grey[0, 0, 0, 0] == pytest.approx(0.299, abs=1e-6)
    sides = device.from_pictures(torch.from_numpy(wide[:, :, :10]), (5, 5, 3))
    assert torch.equal(sides, torch.ones(1, 3, 5, 5))  # transparent is white


def test_devices() -> None:
    assert device.devices()[-1] == "cpu"
    assert device.choose() == device.devices()[0]
    with pytest.raises(BadRequest, match="abacus"):
        device.choose("abacus")


def test_the_shelf_keeps_the_latest(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "KEPT", 2)
    shelf = Shelf("cpu")
    names = ["vae", "gan", "vae", "cgan"]
    taken = [shelf.take(str(shelf_folder / f"{n}.safetensors")) for n in names]
    assert taken[0] is taken[2]
    assert [Path(p).stem for p in shelf.paths] == ["vae", "cgan"]


def test_pace_settles_on_what_fits_a_step() -> None:
    pace, cost = Pace(), 0.0005
    for _ in range(20):
        pace.learn(pace.size, pace.size * cost)
    assert pace.size == pytest.approx(STEP_S / cost, abs=1)
    pace.learn(1, 0.003)  # a single slow row says nothing of batches
    assert pace.size == pytest.approx(STEP_S / cost, abs=1)
    pace.learn(pace.size, 1.0)
    assert pace.size == 1
    for _ in range(40):
        pace.learn(pace.size, 0.0)
    assert pace.size == LARGEST


@pytest.mark.gpu
@gpu
def test_a_gpu_shows_what_the_cpu_shows(shelf_folder: Path) -> None:
    path = str(shelf_folder / "vae.safetensors")
    here, there = Shelf("cpu"), Shelf("auto")
    codes = here.take(path).info.space.sample_many(32, 0)
    for rows in (codes[:1], codes):
        cpu, other = here.take(path).images(rows, {}), there.take(path).images(rows, {})
        assert np.abs(cpu.astype(int) - other).max() <= 3
    there.move("cpu")
    assert there.take(path).device == "cpu"
