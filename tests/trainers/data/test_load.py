"""Every kind of data set gives square uint8 images, and every kind of damage one clear sentence."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backends.errors import BadData
from trainers.data import describe, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, the only one that is searched."""
    monkeypatch.setattr("trainers.data.places.data_folders", lambda: [tmp_path])
    monkeypatch.setattr("trainers.data.mnist.data_folders", lambda: [tmp_path])
    monkeypatch.setattr("trainers.data.cifar.data_folders", lambda: [tmp_path])
    monkeypatch.setattr("trainers.data.celeba.data_folders", lambda: [tmp_path])
    return tmp_path


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    raw = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


def write_mnist(folder: Path, suffix: str = ".gz") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(60, 28, 28)), np.arange(60) % 10
    for split in ("train", "t10k"):
        write_idx(folder / f"{split}-images-idx3-ubyte{suffix}", images)
        write_idx(folder / f"{split}-labels-idx1-ubyte{suffix}", labels)
    return images, labels


def save_picture(path: Path, size: tuple[int, int], colour: tuple[int, ...] | int, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def test_digits_are_always_there() -> None:
    train, test = load("digits", 28), load("digits", 28, split="test")
    assert train.images.shape == (1618, 28, 28, 1)
    assert train.images.dtype == np.uint8
    assert len(train) + len(test) == len(load("digits", 28, split="all")) == 1797
    assert train.classes == tuple("0123456789")
    assert train.labels is not None
    assert set(train.labels) == set(range(10))


def test_the_same_data_have_the_same_checksum_and_others_another() -> None:
    one = load("digits", 16, limit=50)
    assert one.checksum() == load("digits", 16, limit=50).checksum()
    assert one.checksum() != load("digits", 16, limit=51).checksum()
    assert one.checksum() != load("digits", 28, limit=50).checksum()


def test_limit_takes_a_mixture_of_classes() -> None:
    labels = load("digits", 8, limit=100).labels
    assert labels is not None
    assert len(labels) == 100
    assert len(set(labels)) == 10


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_mnist_is_read_from_a_folder_and_padded(folder: Path, suffix: str) -> None:
    images, labels = write_mnist(folder / "mnist", suffix)
    got = load("mnist", 32)
    np.testing.assert_array_equal(got.images[:, 2:-2, 2:-2, 0], images)
    np.testing.assert_array_equal(got.labels, labels)
    assert load("mnist", 28, channels=3).images.shape == (60, 28, 28, 3)
    assert load(f"fashion-mnist:{folder / 'mnist'}", 28).classes[0] == "T-shirt"


def test_the_layout_of_torchvision_is_found(folder: Path) -> None:
    write_mnist(folder / "KMNIST" / "raw")
    assert len(load("kmnist", 28)) == 60
    assert next(kind for kind in describe() if kind.prefix == "kmnist").available


def test_a_truncated_gz_names_the_file(folder: Path) -> None:
    write_mnist(folder / "mnist")
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadData, match=r"train-images-idx3-ubyte.gz.*damaged"):
        load("mnist", 28)


def test_an_idx_file_shorter_than_its_header_says(folder: Path) -> None:
    write_mnist(folder / "mnist", "")
    path = folder / "mnist" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(BadData, match="not what its header says"):
        load("mnist", 28)


def test_pictures_of_mixed_sizes_are_cut_to_a_square(tmp_path: Path) -> None:
    save_picture(tmp_path / "cats" / "tall.png", (20, 60), (255, 0, 0))
    save_picture(tmp_path / "cats" / "wide.jpg", (90, 30), (255, 0, 0))
    save_picture(tmp_path / "dogs" / "grey.png", (31, 31), 128, "L")
    save_picture(tmp_path / "dogs" / "clear.png", (40, 40), (0, 0, 0, 0), "RGBA")
    (tmp_path / "notes.txt").write_text("not a picture")
    got = load(f"folder:{tmp_path}", 16)
    assert got.images.shape == (4, 16, 16, 3)
    assert got.classes == ("cats", "dogs")
    np.testing.assert_array_equal(got.labels, [0, 0, 1, 1])
    assert (got.images[2] == 255).all()  # alpha over white
    assert load(f"folder:{tmp_path}", 16, channels=1).images.shape[-1] == 1


def test_a_folder_without_subfolders_has_no_labels(tmp_path: Path) -> None:
    save_picture(tmp_path / "one.png", (8, 8), 3, "L")
    got = load(f"folder:{tmp_path}", 8)
    assert got.labels is None
    assert got.images.shape == (1, 8, 8, 1)


def test_sixteen_bit_grey_keeps_its_range(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 32768, np.uint16)).save(tmp_path / "deep.png")
    assert load(f"folder:{tmp_path}", 8).images.max() == 128


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    save_picture(tmp_path / "whole.png", (64, 64), (1, 2, 3))
    broken = tmp_path / "broken.png"
    broken.write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    with pytest.raises(BadData, match=r"broken.png"):
        load(f"folder:{tmp_path}", 16)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("folder:/nowhere/at/all", "There is no folder at /nowhere/at/all"),
        ("npz:/nowhere.npz", "There is no file at /nowhere.npz"),
        ("folder:", "says no path"),
        ("digits:here", "reads no path"),
        ("imagenet", "names no data set"),
    ],
)
def test_a_wrong_spec_is_one_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(BadData, match=sentence):
        load(spec, 28)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="has no pictures"):
        load(f"folder:{tmp_path}", 28)


def test_an_archive_with_factors(tmp_path: Path) -> None:
    path = tmp_path / "sprites.npz"
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(60, 20, 20, 4), dtype=np.uint8)
    images[..., 3] = 0  # all clear: white
    factors = np.stack([np.arange(60) % 3, np.arange(60) % 4], axis=1).astype(np.uint8)
    values = np.array(["left", "right", "front"])
    np.savez(path, images=images, labels=factors, factor_names=["facing", "step"], facing_values=values)
    got = load(f"npz:{path}", 20, split="all")
    assert got.factor_names == ("facing", "step")
    assert got.labels is None
    np.testing.assert_array_equal(got.factors, factors)
    assert (got.images == 255).all()
    chosen = load(f"npz:{path}#facing", 20, split="all")
    assert chosen.classes == ("left", "right", "front")
    np.testing.assert_array_equal(chosen.labels, factors[:, 0])
    with pytest.raises(BadData, match="no factor 'size'"):
        load(f"npz:{path}#size", 20)


def test_the_only_other_array_with_repeating_numbers_is_the_label(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, images=np.zeros((60, 12, 10), np.uint8), subject=np.repeat(np.arange(6), 10))
    got = load(f"npz:{path}", 10, split="all")
    assert len(got.classes) == 6
    np.testing.assert_array_equal(got.labels, np.repeat(np.arange(6), 10))


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"pictures": np.zeros((3, 8, 8), np.uint8)}, "no array named 'images'"),
        ({"images": np.zeros((3, 8, 8), np.float32)}, "float32, not bytes"),
        ({"images": np.zeros((3, 8), np.uint8)}, "have shape"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, "have shape"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": np.zeros(2, int)}, "labels .* shape"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": np.zeros(3)}, "labels .* float64"),
        ({"images": np.array([{}, {}, {}], object)}, "can't be read"),
        (
            {"images": np.zeros((3, 8, 8), np.uint8), "labels": np.array([0, 2, 1]), "classes": ["a", "b"]},
            "Image 1 of .* has the label 2, but there are 2 classes",
        ),
    ],
)
def test_a_wrong_archive_is_one_sentence(tmp_path: Path, arrays: dict, sentence: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(BadData, match=sentence):
        load(f"npz:{tmp_path / 'a.npz'}", 8)


def test_a_truncated_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((30, 8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BadData, match="can't be read"):
        load(f"npz:{path}", 8)


def write_cifar(folder: Path, python: bool) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]:
        pixels, labels = rng.integers(256, size=(4, 3072), dtype=np.uint8), np.arange(4, dtype=np.uint8)
        if python:
            batch = {b"data": pixels, b"labels": labels.tolist()}
            (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
        else:
            (folder / f"{name}.bin").write_bytes(np.concatenate([labels[:, None], pixels], axis=1).tobytes())


@pytest.mark.parametrize(("name", "python"), [("cifar-10-batches-bin", False), ("cifar-10-batches-py", True)])
def test_cifar_is_read_in_both_formats(folder: Path, name: str, python: bool) -> None:
    write_cifar(folder / name, python)
    got = load("cifar10", 32)
    assert got.images.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(got.labels, list(range(4)) * 5)
    first = np.random.default_rng(0).integers(256, size=(4, 3072), dtype=np.uint8)[0]
    np.testing.assert_array_equal(got.images[0, :, :, 0].ravel(), first[:1024])


def test_a_hostile_cifar_pickle_does_not_run(folder: Path, tmp_path: Path) -> None:
    write_cifar(folder / "cifar-10-batches-py", python=True)
    evil = b"cos\nsystem\n(S'touch " + str(tmp_path / "pwned").encode() + b"'\ntR."
    (folder / "cifar-10-batches-py" / "data_batch_1").write_bytes(evil)
    with pytest.raises(BadData, match=r"asks for os.system"):
        load("cifar10", 32)
    assert not (tmp_path / "pwned").exists()


def test_celeba_has_attributes_and_its_own_split(folder: Path) -> None:
    root = folder / "celeba"
    for number in range(3):
        save_picture(root / "img_align_celeba" / f"{number}.jpg", (178, 218), (number, 0, 0))
    rows = [f"{n}.jpg {'1' if n else '-1'} -1" for n in range(3)]
    (root / "list_attr_celeba.txt").write_text("\n".join(["3", "Smiling Young", *rows]))
    (root / "list_eval_partition.txt").write_text("0.jpg 0\n1.jpg 0\n2.jpg 2\n")
    got = load("celeba", 64)
    assert got.images.shape == (2, 64, 64, 3)
    assert got.factor_names == ("Smiling", "Young")
    np.testing.assert_array_equal(got.factors, [[0, 0], [1, 0]])
    assert len(load("celeba", 64, split="test")) == 1


def test_letters_are_drawn_with_installed_fonts() -> None:
    if not next(kind for kind in describe() if kind.prefix == "glyphs").available:
        pytest.skip("no font is installed")
    got = load("glyphs", 28, limit=62)
    assert got.images.shape == (62, 28, 28, 1)
    assert got.labels is not None
    assert got.images.reshape(62, -1).max(axis=1).min() > 128  # none is blank


def test_no_emoji_font_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.data.fonts.font_files", lambda where="": [])
    with pytest.raises(BadData, match="fonts-noto-color-emoji"):
        load("emoji", 32)


def test_grey_of_a_picture_follows_its_brightness(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (0, 255, 0)).save(buffer, "PNG")
    (tmp_path / "green.png").write_bytes(buffer.getvalue())
    assert load(f"folder:{tmp_path}", 8, channels=1).images.max() == 150
