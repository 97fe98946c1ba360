"""The verb `encode`: a data set's codes in a file, begun again where it was."""

from types import SimpleNamespace

import numpy as np
import pytest

from explorer.verbs import run
from trainers import data


def encode(tiny_models, out, *more, name="tiny"):
    """Of sixty small images with labels."""
    given = tiny_models[name].parent / "given.npz"
    if not given.exists():
        images = np.random.default_rng(0).integers(0, 255, (60, 16, 16), np.uint8)
        np.savez(given, images=images, labels=np.arange(60) % 10)
    return run("encode", [str(tiny_models[name]), "--data", f"npz:{given}", "--limit", "50", "--shard", "16",
                          "--out", str(out), *more])  # fmt: skip


class Stand:
    """A host that gives means of rows for codes, and breaks when it has given `left` parts."""

    left = 10**9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def call(self, verb, model, *, arrays):
        assert verb == "encode"
        if Stand.left == 0:
            raise KeyboardInterrupt
        Stand.left -= 1
        return SimpleNamespace(arrays={"codes": arrays["images"].mean((2, 3))[:, :4]})


def test_codes_of_a_data_set_and_what_is_left_after_a_break(tiny_models, tmp_path, capsys, monkeypatch):
    out = tmp_path / "codes.npz"
    monkeypatch.setattr("explorer.verbs.encode.Host", Stand)
    monkeypatch.setattr(Stand, "left", 2)
    assert encode(tiny_models, out) == 130
    assert len(list((tmp_path / "codes.npz.shards").glob("*.npy"))) == 2
    assert not out.exists()
    monkeypatch.setattr(Stand, "left", 100)
    assert encode(tiny_models, out, "--shard", "8") == 2
    assert "size differs" in capsys.readouterr().err
    assert encode(tiny_models, out) == 0
    assert Stand.left == 98
    assert "18 images by 1 worker" in capsys.readouterr().out
    expected = data.load(f"npz:{tiny_models['tiny'].parent / 'given.npz'}", 16, 1, 50, "all")
    with np.load(out) as found:
        assert np.allclose(found["codes"], expected.images.mean((2, 3))[:, :4])
        assert found["codes"].dtype == np.float32
        assert (found["labels"] == expected.labels).all()
        assert list(found["classes"]) == [str(digit) for digit in range(10)]
    assert [path.name for path in tmp_path.iterdir()] == ["codes.npz"]


def test_where_nothing_can_be_written_no_finished_part_is_lost(tiny_models, tmp_path, capsys, monkeypatch):
    out = tmp_path / "codes.npz"
    out.mkdir()
    monkeypatch.setattr("explorer.verbs.encode.Host", Stand)
    monkeypatch.setattr(Stand, "left", 4)
    assert encode(tiny_models, out) == 2
    assert "codes.npz" in capsys.readouterr().err
    out.rmdir()
    assert encode(tiny_models, out) == 0  # the host has nothing left to give
    assert Stand.left == 0


@pytest.mark.slow
def test_the_model_host_encodes_and_a_map_is_made_of_it(tiny_models, tmp_path):
    out = tmp_path / "codes.npz"
    assert encode(tiny_models, out) == 0
    assert run("map", ["--file", str(out), "--method", "pca", "--out", str(tmp_path / "map.png")]) == 0


@pytest.mark.parametrize(
    ("more", "name", "words"),
    [
        ((), "tiny-wide", "encoder"),
        (("--workers", "2"), "tiny", "--cluster ADDRESS"),
        (("--out", "codes.csv"), "tiny", ".npz"),
        (("--shard", "0"), "tiny", "1 or more"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(tiny_models, tmp_path, capsys, more, name, words):
    assert encode(tiny_models, tmp_path / "codes.npz", *more, name=name) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
