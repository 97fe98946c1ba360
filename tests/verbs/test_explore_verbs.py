"""The verbs that list, sample and interpolate, over a real model host."""

import json

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from backends.api import BadRequest, Code
from explorer.model.export import read_origin
from explorer.verbs import EXIT_ERROR, run
from explorer.verbs.sample import turned
from explorer.workers.headless import Host
from tests.made_up import made_up_model


class Shared:
    """One host for all verbs of this file: a new one for each takes seconds."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        return self.host

    def __exit__(self, *_):
        pass


@pytest.fixture(scope="module")
def real_host():
    with Host() as host:
        yield host


@pytest.fixture
def shared(monkeypatch, real_host):
    for module in ("sample", "interpolate"):
        monkeypatch.setattr(f"explorer.verbs.{module}.Host", lambda: Shared(real_host))


def test_models_lists_what_there_is_and_why_a_file_is_not(tiny_models, tmp_path, capsys):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    folder = str(tiny_models["tiny"].parent)
    assert run("models", [folder, str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "tiny-wide" in out
    assert "z 40" in out
    assert "broken.safetensors" in err
    assert run("models", ["--json", folder, str(tmp_path)]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"tiny", "tiny-wide", "tiny-label"} <= {m["name"] for m in listed["models"]}
    assert [b["path"].endswith("broken.safetensors") for b in listed["broken"]] == [True]


def test_sample_writes_a_sheet_or_single_pictures_with_codes(tiny_models, tmp_path, shared):
    model = str(tiny_models["tiny"])
    assert run("sample", [model, "--count", "5", "--out", str(tmp_path / "sheet.png")]) == 0
    with Pillow.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (3 * 112 + 4, 2 * 112 + 2)
    assert (
        run("sample", [model, "--count", "2", "--seed", "7", "--truncation", "0.5", "--out", str(tmp_path)])
        == 0
    )
    origin = read_origin(tmp_path / "tiny-8.png")
    assert origin.code.truncation == 0.5
    with Pillow.open(tmp_path / "tiny-7.png") as first, Pillow.open(tmp_path / "tiny-8.png") as second:
        assert not np.array_equal(np.asarray(first), np.asarray(second))


def test_sample_of_a_class(tiny_models, tmp_path, capsys, shared):
    out = ["--count", "1", "--out", str(tmp_path / "one.png")]
    assert run("sample", [str(tiny_models["tiny-label"]), "--label", "3", *out]) == 0
    assert read_origin(tmp_path / "one.png").code.values["label"].argmax() == 3
    assert run("sample", [str(tiny_models["tiny-label"]), "--label", "99", *out]) == EXIT_ERROR
    assert "no class '99'" in capsys.readouterr().err
    assert run("sample", [str(tiny_models["tiny"]), "--label", "3", *out]) == EXIT_ERROR
    assert "without labels" in capsys.readouterr().err


def test_interpolate_writes_strip_and_animations(tiny_models, tmp_path, shared):
    model = str(tiny_models["tiny"])
    assert run("interpolate", [model, "--from", "3", "--to", "4", "--out", str(tmp_path / "walk.png")]) == 0
    origin = read_origin(tmp_path / "walk.png")
    assert (origin.path.steps, origin.path.how) == (11, "spherical")
    start: Code = origin.path.codes[1]
    ends = ["--from", start.to_text(), "--to", str(tmp_path / "walk.png"), "--how", "linear", "--steps", "4"]
    assert run("interpolate", [model, *ends, "--out", str(tmp_path / "walk.gif")]) == 0
    with Pillow.open(tmp_path / "walk.gif") as picture:
        assert picture.n_frames == 4
    assert run("interpolate", [model, *ends, "--swing", "--out", str(tmp_path / "walk.mp4")]) == 0
    with av.open(str(tmp_path / "walk.mp4")) as container:
        assert len(list(container.decode(video=0))) == 6


def test_interpolate_between_classes_of_a_conditional_model(tiny_models, tmp_path, shared):
    ends = ["--from", "label:2", "--to", "label:9", "--out", str(tmp_path / "walk.png")]
    assert run("interpolate", [str(tiny_models["tiny-label"]), *ends]) == 0
    labels = [c.values["label"].argmax() for c in read_origin(tmp_path / "walk.png").path.codes]
    assert labels == [2, 9]


def test_a_verb_runs_in_any_folder_with_a_host_of_its_own(tiny_models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("sample", [str(tiny_models["tiny"]), "--count", "3"]) == 0
    assert (tmp_path / "samples.png").exists()
    assert capsys.readouterr().out == "samples.png\n"


@pytest.mark.parametrize(("arguments", "said"), [
    (["--from", "nonsense"], "names no code"),
    (["--from", "le1.xx"], "damaged"),
    (["--from", "label:3"], "no classifier"),
    (["--steps", "1"], "two steps"),
    (["--out", "walk.txt"], "known ending"),
])  # fmt: skip
def test_interpolate_says_what_is_wrong(tiny_models, tmp_path, monkeypatch, capsys, shared, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert run("interpolate", [str(tiny_models["tiny"]), *arguments]) == EXIT_ERROR
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_tree_of_models_is_printed(tiny_models, capsys):
    assert run("models", ["--tree", str(tiny_models["tiny"].parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith("tiny  (vae") for line in lines)
    assert any(line.startswith("Implicit density") for line in lines)


def test_knobs_are_given_by_name_and_checked(tmp_path, tiny_models, shared, capsys):
    info = made_up_model(tmp_path)
    assert turned(info, ["steps=3.4", "glow=1.5"]) == {"steps": 3.0, "glow": 1.5}
    for pair, said in (("blur=1", "has no knob"), ("glow=9", "from 0 to 2"), ("glow=x", "from 0 to 2")):
        with pytest.raises(BadRequest, match=said):
            turned(info, [pair])
    out = str(tmp_path / "one.png")
    assert run("sample", [str(tiny_models["tiny"]), "--knob", "steps=2", "--out", out]) == EXIT_ERROR
    assert "It has none" in capsys.readouterr().err
