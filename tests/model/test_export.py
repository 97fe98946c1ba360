"""Pictures as files: what is written is what is read back, and nothing is ever half there."""

import json

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from backends.api import BadCode, BadData, Capability, Code, ExplorerError, LatentSpace, ModelInfo, Part
from explorer.model import export
from explorer.model.export import Origin
from explorer.model.session import Session
from explorer.model.state import Path

SPACE = LatentSpace((Part("z", (5,)),))


def info(name="model", path="/m/model.safetensors", checksum="abc", space=SPACE):
    can = frozenset({Capability.GENERATES})
    return ModelInfo(path, name, "vae", space, can, (8, 8, 1), checksum=checksum)


def frames(count, height=9, width=7, channels=1):
    ramp = np.zeros((count, height, width, channels), np.uint8)
    for at in range(count):
        ramp[at, :, : 1 + at % width] = 20 * at + 10
    return ramp


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_gives_back_pixels_code_and_walk_to_the_bit(tmp_path, channels):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (8, 6, channels), dtype=np.uint8)
    code = Code({"z": rng.standard_normal(5).astype(np.float32)}, 0.7, {"guidance": 2.5})
    path = Path("/home/somebody/model.safetensors", (code, SPACE.sample(3)), "linear", 7)
    export.write_png(tmp_path / "a.png", image, Origin(code, "model", "abc", path))
    got = export.read_origin(tmp_path / "a.png")
    assert got.code.to_text() == code.to_text()
    assert np.array_equal(got.code.values["z"], code.values["z"])
    assert (got.name, got.checksum, got.path.how, got.path.steps) == ("model", "abc", "linear", 7)
    assert got.path.codes == path.codes
    with Pillow.open(tmp_path / "a.png") as picture:
        assert np.array_equal(np.asarray(picture).reshape(image.shape), image)
        assert "somebody" not in str(picture.info)


def test_other_files_have_no_origin_and_a_damaged_one_says_so(tmp_path):
    Pillow.new("L", (4, 4)).save(tmp_path / "plain.png")
    Pillow.new("L", (4, 4)).save(tmp_path / "photo.jpg")
    (tmp_path / "text.png").write_text("no picture")
    for name in ("plain.png", "photo.jpg", "text.png", "missing.png"):
        assert export.read_origin(tmp_path / name) is None
    for text in ("junk", "[]", json.dumps({"code": "le1.xx", "model": "m", "checksum": ""})):
        with pytest.raises(BadCode):
            Origin.from_text(text)


def test_the_model_is_found_by_its_weights_then_by_its_name():
    code = SPACE.sample(0)
    same, renamed = info(checksum="other"), info("renamed", "/m/2.safetensors")
    assert export.matching_model(Origin(code, "model", "abc"), [same, renamed]) is renamed
    assert export.matching_model(Origin(code, "model", "abc"), [same]) is same
    elsewhere = info(checksum="x", space=LatentSpace((Part("z", (9,)),)))
    assert export.matching_model(Origin(code, "model", "abc"), [elsewhere]) is None
    assert export.matching_model(Origin(code, "model", ""), [info("other", checksum="")]) is None


def test_restore_brings_model_code_and_walk_in_one_undo_step():
    session, other = Session(), info("other", "/m/o.safetensors", "o")
    session.set_models([other, info()])
    before, code = session.code, SPACE.sample(77)
    origin = Origin(code, "model", "abc", Path("", (code, SPACE.sample(5)), "linear", 4))
    assert export.restore(session, origin).name == "model"
    assert (session.model.name, session.code, session.state.path.steps) == ("model", code, 4)
    assert session.state.path.model == "/m/model.safetensors"
    session.undo()
    assert (session.model.name, session.code) == ("other", before)
    assert export.restore(session, Origin(code, "gone", "gone")) is None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("swing", [False, True])
def test_animations_have_every_frame(tmp_path, channels, swing):
    given = frames(6, channels=channels)
    expected = 10 if swing else 6
    told = []
    for suffix in (".gif", ".mp4"):
        export.save(
            tmp_path / f"a{suffix}", export.enlarged(given, 64), fps=10, swing=swing, progress=told.append
        )
    with Pillow.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == expected
        assert (picture.info["duration"], picture.info["loop"]) == (100, 0)
    with av.open(str(tmp_path / "a.mp4")) as container:
        decoded = list(container.decode(video=0))
        assert float(container.streams.video[0].average_rate) == pytest.approx(10)
    assert len(decoded) == expected
    assert decoded[0].width % 2 == decoded[0].height % 2 == 0
    middle = decoded[3].to_ndarray(format="gray")
    assert abs(int(middle[30, 2]) - 70) < 12  # frame 3 is 70 at its left
    assert told == sorted(told[: len(told) // 2]) + sorted(told[len(told) // 2 :])


def test_grey_gif_frames_are_exact(tmp_path):
    given = frames(5)
    export.write_gif(tmp_path / "a.gif", given, 25)
    with Pillow.open(tmp_path / "a.gif") as picture:
        for at in range(5):
            picture.seek(at)
            assert np.array_equal(np.asarray(picture.convert("L")), given[at, ..., 0])


def test_a_sheet_lays_pictures_in_rows():
    given = frames(5, 4, 4)
    out = export.sheet(given, 3, gap=2)
    assert out.shape == (10, 16, 1)
    assert np.array_equal(out[6:10, 6:10], given[4])
    assert (out[6:, 12:] == 255).all()


def test_enlarging_repeats_pixels_and_leaves_large_pictures_alone():
    small = frames(1, 28, 28)
    assert export.enlarged(small).shape == (1, 252, 252, 1)
    assert np.array_equal(export.enlarged(small)[:, ::9, ::9], small)
    large = frames(1, 300, 200)
    assert export.enlarged(large) is not large or export.enlarged(large).shape == large.shape
    assert export.enlarged(large).shape == large.shape


def test_what_cannot_be_saved_says_why_and_leaves_the_old_file(tmp_path):
    with pytest.raises(BadData, match="ending"):
        export.save(tmp_path / "a.txt", frames(2))
    with pytest.raises(BadData, match="no picture"):
        export.save(tmp_path / "a.png", frames(0))
    target = tmp_path / "folder.png"
    target.mkdir()
    with pytest.raises(ExplorerError, match="can't be written"):
        export.save(target, frames(1))
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_a_full_disk_is_one_sentence_and_nothing_is_left(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    export.save(tmp_path / "a.gif", frames(2))
    before = (tmp_path / "a.gif").read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExplorerError, match="No space left"):
        export.save(tmp_path / "a.gif", frames(9))
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]
    assert (tmp_path / "a.gif").read_bytes() == before


def test_an_interrupted_encoding_leaves_nothing(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    for suffix in (".gif", ".mp4"):
        with pytest.raises(KeyboardInterrupt):
            export.save(tmp_path / f"a{suffix}", frames(3, 32, 32), progress=stop)
    assert not list(tmp_path.iterdir())
