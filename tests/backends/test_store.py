"""Models by the checksum of their files: found where they are, received once, never half."""

import numpy as np
import pytest

from backends import store
from backends.catalog import BUNDLED
from backends.errors import BadModel, BadRequest
from backends.store import Store, checksum


def content_of(path):
    return np.frombuffer(path.read_bytes(), np.uint8)


def test_a_bundled_model_is_found_by_its_bytes(tmp_path):
    path = next(BUNDLED.glob("*.safetensors"))
    keeper, key = Store(tmp_path), checksum(path)
    assert keeper.find(key, path.stat().st_size) == path
    assert keeper.path(key) == str(path)
    assert keeper.key(str(path)) == key
    assert keeper.find("0" * 64, path.stat().st_size) is None


def test_pieces_become_a_file_and_a_copy_goes_on_where_it_was(tmp_path, tiny_models):
    content, key = content_of(tiny_models["tiny"]), checksum(tiny_models["tiny"])
    keeper, size, half = Store(tmp_path), len(content), len(content) // 2
    assert keeper.find(key, size) is None
    assert not keeper.receive(key, 0, content[:half], size)
    assert Store(tmp_path).begun(key) == half
    with pytest.raises(BadRequest, match="out of order"):
        keeper.receive(key, half + 1, content[half:], size)
    assert Store(tmp_path).receive(key, half, content[half:], size)
    found = Store(tmp_path).find(key, size)
    assert found is not None
    assert found.read_bytes() == content.tobytes()


def test_a_damaged_copy_never_appears(tmp_path, tiny_models):
    content, key = content_of(tiny_models["tiny"]).copy(), checksum(tiny_models["tiny"])
    content[-1] ^= 1
    with pytest.raises(BadModel, match="damaged"):
        Store(tmp_path).receive(key, 0, content, len(content))
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_no_checksum_reaches_no_file(tmp_path):
    with pytest.raises(BadRequest, match="checksum"):
        Store(tmp_path).receive("../../evil" + "0" * 54, 0, np.zeros(1, np.uint8), 1)


def test_the_longest_unused_models_make_room(tmp_path, monkeypatch, tiny_models):
    import os

    paths = list(tiny_models.values())
    monkeypatch.setattr(store, "KEPT", paths[-1].stat().st_size + 10)
    keeper = Store(tmp_path)
    for age, path in enumerate(paths):
        keeper.receive(checksum(path), 0, content_of(path), path.stat().st_size)
        os.utime(tmp_path / f"{checksum(path)}.safetensors", (age, age))
    assert [p.stem for p in tmp_path.glob("*.safetensors")] == [checksum(paths[-1])]
    with pytest.raises(BadModel, match="gone"):
        keeper.path(checksum(paths[0]))
