"""Oracles as files: kept, found by a model's data, and refused where they are something else."""

import numpy as np
import pytest

from backends.api import BadData
from backends.catalog import find
from explorer.latent import oracle_file
from explorer.latent.oracle import fit, side_of
from explorer.latent.task import Task
from explorer.model.files import BadFile
from tests.latent.test_oracle import planted


def test_a_kept_oracle_says_the_same(tmp_path):
    images, factors = planted()
    made = fit(images, factors, ("left", "right", "luck"), Task())
    oracle_file.write(tmp_path / "kept.npz", made)
    again = oracle_file.read(tmp_path / "kept.npz")
    assert again.sentence() == made.sentence()
    new, _ = planted(200, 5)
    values, sure = again.judge(new)
    wanted, how_sure = made.judge(new)
    assert (values[:, :2] == wanted[:, :2]).all()
    np.testing.assert_allclose(sure[:, :2], how_sure[:, :2], atol=0.02)  # kept in half precision


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    images, factors = planted(100)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadFile, match="can't be written") as error:
        oracle_file.write(tmp_path / "file" / "kept.npz", fit(images, factors, ("a", "b", "c"), Task()))
    assert "Choose another place" in str(error.value)


def test_every_bundled_oracle_belongs_to_a_bundled_model():
    found = {oracle_file.bundled(find(name)) for name in ("sprites-mix", "sprites-vae", "faces-adagvae")}
    assert found == set(oracle_file.FOLDER.glob("*.npz"))
    assert oracle_file.bundled(find("mnist-vae")) is None
    oracle = oracle_file.read(oracle_file.bundled(find("sprites-mix")))
    assert oracle.factors == ("body", "bottomwear", "topwear", "hair", "facing", "walk_frame")
    assert not oracle.doubtful()


def test_one_for_other_pictures_is_refused():
    path = str(oracle_file.bundled(find("sprites-mix")))
    found = oracle_file.read_job(Task(), {}, {"path": path, "side": 64, "channels": 3})
    assert found["data"]["factors"][0] == "body"
    with pytest.raises(BadData, match="other pictures"):
        oracle_file.read_job(Task(), {}, {"path": path, "side": 32, "channels": 1})
    assert [side_of(size) for size in (16, 28, 32, 63, 64, 100)] == [16, 28, 32, 63, 32, 33]


@pytest.mark.parametrize("content", [b"", b"PK nothing", None])
def test_what_is_no_oracle_is_one_sentence(tmp_path, content):
    path = tmp_path / "other.npz"
    if content is None:
        np.savez(path, about=np.array([{"factors": "code"}], object))  # would need unpickling
    else:
        path.write_bytes(content)
    with pytest.raises(BadData, match="holds no oracle"):
        oracle_file.read(path)
