"""The exercise, headless, on a bundled model: the main job as files."""

from pathlib import Path

import pytest
from PIL import Image

from backends.catalog import BUNDLED
from explorer import verbs

pytestmark = pytest.mark.skipif(
    not (BUNDLED / "mnist-vae-2d.safetensors").exists(), reason="the bundled models are not in this checkout"
)


def test_walks_and_a_map_come_out(tmp_path, capsys):
    code = verbs.run(
        "exercise", ["mnist-vae-2d", "--out", str(tmp_path), "--count", "150", "--method", "pca"]
    )
    assert code == 0
    walk = Image.open(tmp_path / "mnist-vae-2d-walk.png")
    assert walk.width > 10 * walk.height / 2  # eleven pictures, in two rows
    assert Image.open(tmp_path / "mnist-vae-2d-map.png").width > 300
    assert str(tmp_path) in capsys.readouterr().out


def test_an_unknown_model_is_a_sentence(tmp_path, capsys):
    assert verbs.run("exercise", ["no-such-model", "--out", str(tmp_path)]) == 2
    assert "no model" in capsys.readouterr().err


def test_an_output_folder_that_is_a_file_is_a_sentence(tmp_path, capsys):
    target = tmp_path / "file"
    target.write_text("mine")
    assert verbs.run("exercise", ["mnist-vae-2d", "--out", str(target)]) == 2
    assert "file" in capsys.readouterr().err
    assert Path(target).read_text() == "mine"
