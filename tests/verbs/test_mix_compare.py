"""The verbs `mix` and `compare`, as they are typed."""

import json

import pytest
from PIL import Image as Pillow

from explorer.model.export import read_origin
from explorer.verbs import run


def test_mix_writes_the_table_and_one_mix(tiny_models, tmp_path, capsys):
    model, out = str(tiny_models["tiny"]), tmp_path / "m.png"
    assert run("mix", [model, "--sources", "1,2", "--groups", "0-1", "--out", str(out)]) == 0
    assert Pillow.open(out).width > Pillow.open(out).height
    assert "columns 2 to 3: with z 0-1 of A, B" in capsys.readouterr().out
    chosen = ["--groups", "0-1", "--choose", "A,B", "--out", str(out)]
    assert run("mix", [model, "--sources", "1,2", *chosen]) == 0
    from backends.native import read_info

    space = read_info(tiny_models["tiny"]).space
    values = read_origin(out).code.values["z"]
    assert list(values) == [*space.sample(1).values["z"][:2], *space.sample(2).values["z"][2:]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sources", "1"], "two to eight"),
        (["--groups", "9-10"], "not within"),
        (["--groups", "parts", "--choose", "Z"], "--choose needs"),
        (["--out", "x.gif"], ".png"),
    ],
)
def test_mix_says_what_is_wrong(tiny_models, arguments, said, capsys):
    assert run("mix", [str(tiny_models["tiny"]), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_compare_writes_a_picture_and_figures(tiny_models, tmp_path):
    out = tmp_path / "c.png"
    names = [str(tiny_models[n]) for n in ("tiny", "tiny-wide")]
    more = ["--count", "3", "--data", "digits", "--images", "10", "--out", str(out)]
    assert run("compare", [*names, *more]) == 0
    first, second = json.loads(out.with_suffix(".json").read_text())["models"]
    assert first["difference"] == 0
    assert second["difference"] > 0
    assert first["reconstruction"] > 0
    assert second["reconstruction"] is None
    assert Pillow.open(out).size == (3 * 112 + 4, 2 * 112 + 2)


def test_compare_says_what_is_wrong(tiny_models, capsys):
    assert run("compare", [str(tiny_models["tiny"])]) == 2
    assert "Two to six" in capsys.readouterr().err
