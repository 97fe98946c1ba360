"""Decoded pictures are kept: used only for the very same files, never in the way."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainers.data import cache, load
from trainers.data import folder as folder_kind


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("LATENT_EXPLORER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "FEWEST", 10)
    where = tmp_path / "pictures"
    where.mkdir()
    for index in range(20):
        Image.new("L", (12, 12), index * 10).save(where / f"{index:02d}.png")
    return where


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """How many pictures were decoded, each time."""
    counts = []
    real = folder_kind.read_all
    monkeypatch.setattr(
        folder_kind, "read_all", lambda files, wish: counts.append(len(files)) or real(files, wish)
    )
    return counts


def test_decoded_once(pictures, decoded):
    first = load(f"folder:{pictures}", 12, split="all")
    again = load(f"folder:{pictures}", 12, split="all")
    assert decoded == [20]
    np.testing.assert_array_equal(first.images, again.images)
    assert first.checksum() == again.checksum()
    again.images[0] = 9  # a private copy
    assert load(f"folder:{pictures}", 12, split="all").images[0, 0, 0, 0] == 0


def test_other_sizes_channels_or_files_are_decoded(pictures, decoded):
    load(f"folder:{pictures}", 12, split="all")
    load(f"folder:{pictures}", 16, split="all")
    load(f"folder:{pictures}", 12, channels=3, split="all")
    Image.new("L", (12, 12), 255).save(pictures / "00.png")
    assert load(f"folder:{pictures}", 12, split="all").images[0, 0, 0, 0] == 255
    assert decoded == [20, 20, 20, 20]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY nonsense"])
def test_a_damaged_file_is_made_anew(pictures, decoded, damage, tmp_path):
    load(f"folder:{pictures}", 12, split="all")
    file = next((tmp_path / "cache").glob("*.npy"))
    whole = file.read_bytes()
    for content in (damage, whole[:-100]):
        file.write_bytes(content)
        assert load(f"folder:{pictures}", 12, split="all").images[19, 0, 0, 0] == 190
    assert decoded == [20, 20, 20]


def test_where_nothing_can_be_written_it_is_done_without(pictures, decoded, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert len(load(f"folder:{pictures}", 12, split="all")) == 20
    assert decoded == [20]


def test_the_oldest_make_room(pictures, tmp_path, monkeypatch):
    load(f"folder:{pictures}", 12, split="all")
    first = next((tmp_path / "cache").glob("*.npy"))
    monkeypatch.setattr(cache, "MOST_BYTES", first.stat().st_size + 100)
    load(f"folder:{pictures}", 16, split="all")
    files = list((tmp_path / "cache").glob("*"))
    assert len(files) == 1
    assert files[0] != first
