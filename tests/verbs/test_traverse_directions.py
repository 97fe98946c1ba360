"""The verbs `traverse` and `directions`, and the papers' table of `mix`, as they are typed."""

import numpy as np
import pytest
from PIL import Image as Pillow

from backends.native import read_info
from explorer.model.export import read_origin
from explorer.verbs import run


def test_the_papers_table_of_one_group(tiny_models, tmp_path, capsys):
    out = tmp_path / "t.png"
    model = str(tiny_models["tiny"])
    assert (
        run("mix", [model, "--sources", "1,2,3,4,5", "--groups", "0-1", "--table", "1", "--out", str(out)])
        == 0
    )
    assert Pillow.open(out).size == (6 * 98 - 2, 6 * 98 - 2)
    assert "with z 0-1 of each column's" in capsys.readouterr().out


def test_traverse_writes_a_grid_and_a_motion(tiny_models, tmp_path, capsys):
    out, model = tmp_path / "t.png", str(tiny_models["tiny"])
    arguments = ["--steps", "5", "--top", "3", "--sort", "kl", "--out", str(out)]
    assert run("traverse", [model, *arguments]) == 0
    said = capsys.readouterr().out.splitlines()
    nats = [float(line.split()[-2]) for line in said[:3]]
    assert nats == sorted(nats, reverse=True)
    assert Pillow.open(out).size == (5 * 66 - 2, 3 * 66 - 2)
    assert read_origin(out).code == read_info(tiny_models["tiny"]).space.sample(0)


def test_a_traversal_in_motion(tiny_models, tmp_path):
    motion, model = tmp_path / "t.gif", str(tiny_models["tiny"])
    assert run("traverse", [model, "--along", "principal", "--steps", "4", "--out", str(motion)]) == 0
    assert Pillow.open(motion).n_frames > 1


@pytest.mark.parametrize("method", ["sefa", "ganspace"])
def test_directions_write_strips(tiny_models, tmp_path, capsys, method):
    out = tmp_path / "d.png"
    arguments = ["--method", method, "--count", "3", "--samples", "200", "--out", str(out)]
    assert run("directions", [str(tiny_models["tiny-wide"]), *arguments]) == 0
    assert Pillow.open(out).size == (9 * 66 - 2, 3 * 66 - 2)
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_directions_that_are_learnt(tiny_models, tmp_path, capsys):
    out = tmp_path / "d.npz"
    arguments = ["--method", "voynov", "--count", "3", "--steps", "4", "--out", str(out)]
    assert run("directions", [str(tiny_models["tiny-wide"]), *arguments]) == 0
    with np.load(out) as kept:
        np.testing.assert_allclose(kept["directions"] @ kept["directions"].T, np.eye(3), atol=1e-4)
    assert capsys.readouterr().out.count("(chance 33.3%)") == 3


def test_directions_from_labelled_data_as_vectors(tiny_models, tmp_path, capsys):
    out = tmp_path / "d.npz"
    arguments = ["--method", "svm", "--groups", "0,1", "--data", "digits", "--samples", "500"]
    assert run("directions", [str(tiny_models["tiny"]), *arguments, "--out", str(out)]) == 0
    with np.load(out) as kept:
        assert kept["directions"].shape == (1, 4)
        assert str(kept["part"]) == "z"
    assert "0 − 1:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("traverse", ["--steps", "1"], "two steps"),
        ("traverse", ["--sort", "kl", "--along", "principal"], "Nats belong"),
        ("directions", ["--out", "x.gif"], "no .png or .npz"),
        ("directions", ["--method", "svm"], "Two groups"),
        ("directions", ["--count", "0"], "one direction"),
    ],
)
def test_what_is_wrong_is_a_sentence(tiny_models, tmp_path, monkeypatch, verb, arguments, said, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(verb, [str(tiny_models["tiny"]), *arguments]) == 2
    assert said in capsys.readouterr().err
