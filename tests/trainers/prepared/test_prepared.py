"""Pictures made into data sets: every kind of input, every setting, and what is wrong with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from backends.errors import BadData, BadSettings
from trainers import data
from trainers.prepared import making
from trainers.prepared.settings import Preparation
from trainers.prepared.shaping import shaped
from trainers.prepared.tables import numbered, read_table
from trainers.prepared.twins import fingerprints, groups


def drawn(number: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A picture unlike those of other numbers."""
    noise = np.random.default_rng(number).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def fill(folder: Path, count: int = 12) -> Path:
    """Pictures in two subfolders."""
    for number in range(count):
        place = folder / ("cats" if number % 3 else "dogs")
        place.mkdir(parents=True, exist_ok=True)
        drawn(number).save(place / f"{number}.png")
    return folder


def asked(**given: object) -> Preparation:
    return Preparation.from_mapping({"image_size": 16, **given})


def arrays(path: str | Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def test_a_folder_becomes_a_data_set_that_trainers_read(tmp_path):
    report = making.prepare([fill(tmp_path / "pets")], asked(held_out=0.25), tmp_path / "pets.npz")
    assert (report.seen, report.kept, report.held_out) == (12, 12, 3)
    assert report.classes == {"cats": 8, "dogs": 4}
    assert report.sides == (30, 30)
    learnt, tests = (data.load(f"npz:{report.path}", 16, split=split) for split in ("train", "test"))
    assert (len(learnt), len(tests)) == (9, 3)
    assert learnt.classes == ("cats", "dogs")
    whole = data.load(f"npz:{report.path}", 16, split="all")
    assert sorted(whole.labels.tolist()) == [0] * 8 + [1] * 4


def test_a_second_time_the_file_is_found_and_a_change_makes_another(tmp_path):
    folder, out = fill(tmp_path / "pets"), tmp_path / "pets.npz"
    first = making.prepare([folder], asked(), out)
    again = making.prepare([folder], asked(), out)
    assert not first.reused
    assert again.reused
    assert again.checksum == first.checksum
    drawn(99).save(folder / "cats" / "more.png")
    assert making.prepare([folder], asked(), out).kept == 13
    assert not making.prepare([folder], asked(fit="pad"), out).reused


def test_a_damaged_file_of_ours_is_made_again(tmp_path):
    folder, out = fill(tmp_path / "pets"), tmp_path / "pets.npz"
    first = making.prepare([folder], asked(), out)
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 255
    out.write_bytes(content)
    again = making.prepare([folder], asked(), out)
    assert not again.reused
    assert again.checksum == first.checksum


def test_an_archive_gives_what_its_folder_gives(tmp_path):
    folder = fill(tmp_path / "pets")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
        archive.writestr("__MACOSX/cats/._1.png", b"junk")
        archive.writestr("notes.txt", "nothing to see")
    loose = making.prepare([folder], asked(), tmp_path / "a.npz")
    packed = making.prepare([tmp_path / "pets.zip"], asked(), tmp_path / "b.npz")
    assert packed.checksum == loose.checksum
    assert packed.classes == loose.classes


def test_a_video_gives_one_frame_in_so_many(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(30):
            frame = av.VideoFrame.from_image(drawn(number, (64, 48)))
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    report = making.prepare([tmp_path / "film.mp4"], asked(every=10), tmp_path / "film.npz")
    assert (report.seen, report.kept) == (3, 3)
    assert report.sides == (48, 48)


def test_broken_small_and_twin_pictures_are_left_out_and_told_of(tmp_path):
    folder = fill(tmp_path / "pets")
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (folder / "cats" / "cut.png").write_bytes((folder / "cats" / "1.png").read_bytes()[:300])
    drawn(50, (8, 8)).save(folder / "cats" / "tiny.png")
    drawn(0).save(folder / "dogs" / "twin.png")
    report = making.prepare([folder], asked(smallest=20), tmp_path / "pets.npz")
    assert {name for name, _ in report.broken} == {"cats/broken.png", "cats/cut.png"}
    assert report.small == ["cats/tiny.png"]
    assert report.twins == [("dogs/twin.png", "dogs/0.png")]
    assert report.kept == 12
    said = " ".join(report.sentences())
    assert "12 of 16 pictures kept" in said
    assert "cats/broken.png" in said


def test_pictures_that_look_alike_are_twins_when_asked(tmp_path):
    folder = fill(tmp_path / "pets")
    lighter = Image.eval(drawn(0), lambda level: min(level + 3, 255))
    lighter.save(folder / "dogs" / "lighter.png")
    assert making.prepare([folder], asked(), tmp_path / "a.npz").kept == 13
    report = making.prepare([folder], asked(twins="drop alike"), tmp_path / "b.npz")
    assert [name for name, _ in report.twins] == ["dogs/lighter.png"]


def test_fingerprints_find_every_pair_that_is_near():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 16, 16, 1), dtype=np.uint8)
    images[30:] = np.clip(images[:30].astype(int) + rng.integers(-6, 7, (30, 16, 16, 1)), 0, 255)
    bits = fingerprints(images)
    for alike in (0, 3, 8):
        apart = (bits[:, None] != bits[None]).sum(-1)
        expected = np.array([np.flatnonzero(row <= alike).min() for row in apart])
        found = groups(images, alike)
        assert (found <= expected).all(), "chains may reach further, never less far"
        assert ((found == np.arange(60)) <= (expected == np.arange(60))).all()


def test_a_table_gives_classes_or_factors(tmp_path):
    folder = fill(tmp_path / "pets", 6)
    table = tmp_path / "labels.csv"
    table.write_text(
        "file,size,mood\n" + "\n".join(f"{n},{n * 5},{'glad' if n % 2 else 'sad'}" for n in range(5))
    )
    report = making.prepare([folder], asked(labels="table", table=str(table)), tmp_path / "pets.npz")
    assert report.nameless == ["cats/5.png"]
    kept = arrays(report.path)
    assert kept["factor_names"].tolist() == ["size", "mood"]
    assert kept["size_values"].tolist() == ["0", "5", "10", "15", "20"], "numbers in order of size"
    mood = data.load(f"npz:{report.path}#mood", 16, split="all")
    assert mood.classes == ("glad", "sad")
    table.write_text("file;mood\n0.png;sad\n1.png;glad\n2.png;glad\n")
    one = making.prepare([folder], asked(labels="table", table=str(table)), tmp_path / "one.npz")
    assert one.classes == {"glad": 2, "sad": 1}


def test_copies_are_of_training_images_alone(tmp_path):
    folder = fill(tmp_path / "pets", 20)
    report = making.prepare([folder], asked(copies=2, held_out=0.2), tmp_path / "pets.npz")
    kept = arrays(report.path)
    assert (report.kept, report.held_out, report.copies) == (20, 4, 32)
    assert len(kept["images"]) == len(kept["labels"]) == 52
    assert not kept["held_out"][20:].any()
    learnt = kept["images"][:20][~kept["held_out"][:20]]
    near = np.abs(kept["images"][20:36].astype(int) - learnt.astype(int)).mean(axis=(1, 2, 3))
    assert near.min() > 0
    assert kept["labels"][20:36].tolist() == kept["labels"][:20][~kept["held_out"][:20]].tolist()
    again = making.prepare([folder], asked(copies=2, held_out=0.2), tmp_path / "again.npz")
    assert again.checksum == report.checksum


def test_alike_pictures_stay_on_one_side_of_the_split(tmp_path):
    folder = fill(tmp_path / "pets", 10)
    for number in range(10):
        drawn(number).save(folder / "cats" / f"twin of {number}.png")
    report = making.prepare([folder], asked(twins="keep", held_out=0.5), tmp_path / "pets.npz")
    kept = arrays(report.path)
    sides: dict[bytes, set[bool]] = {}
    for image, out in zip(kept["images"], kept["held_out"], strict=True):
        sides.setdefault(image.tobytes(), set()).add(bool(out))
    assert all(len(side) == 1 for side in sides.values())
    assert report.held_out == 10


@pytest.mark.parametrize(("fit", "white"), [("crop", 0), ("pad", 8), ("stretch", 0)])
def test_how_a_wide_picture_becomes_a_square(fit, white):
    image = shaped(Image.new("RGB", (80, 40), (0, 0, 200)), asked(fit=fit))
    assert image.shape == (16, 16, 3)
    assert int((image.reshape(16, -1) == 255).all(axis=1).sum()) == white


def test_content_is_found_and_brought_to_the_middle():
    picture = Image.new("RGB", (100, 60), (200, 220, 240))
    ImageDraw.Draw(picture).rectangle((70, 5, 89, 24), fill=(10, 10, 10))
    image = shaped(picture, asked(centre="content"))
    dark = np.argwhere(image.max(axis=-1) < 60)
    assert np.abs(dark.mean(axis=0) - 7.5).max() < 0.6
    assert len(dark) > 140, "it fills most of the image"
    assert np.abs(image[0, 0].astype(int) - [200, 220, 240]).max() < 8, "paper of its own colour"


def test_transparent_places_lie_on_the_paper_asked_for():
    picture = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((8, 8, 11, 11), fill=(255, 0, 0, 255))
    assert shaped(picture, asked(paper="black"))[0, 0].tolist() == [0, 0, 0]
    assert shaped(picture, asked(paper="white"))[0, 0].tolist() == [255, 255, 255]
    around = shaped(picture, asked(paper="black", centre="content"))
    assert (around[..., 0] > 128).mean() > 0.5


def test_grey_and_colour_as_asked(tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    drawn(1).save(folder / "colour.png")
    drawn(2).convert("L").save(folder / "grey.png")
    Image.fromarray(np.full((20, 20), 40_000, np.uint16)).save(folder / "deep.png")
    for channels, wanted in (("as they are", 3), ("grey", 1), ("colour", 3)):
        out = tmp_path / f"{channels}.npz"
        making.prepare([folder], asked(channels=channels), out)
        assert arrays(out)["images"].shape[-1] == wanted
    images, paths = making.preview([folder / "deep.png"], asked())
    assert (images == 40_000 >> 8).all()
    assert paths == ["deep.png"]


def test_what_can_not_be_prepared_is_said_in_one_sentence(tmp_path):
    with pytest.raises(BadData, match="There is nothing at"):
        making.prepare([tmp_path / "nowhere"], asked())
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match="No picture is left"):
        making.prepare([tmp_path / "empty"], asked())
    (tmp_path / "bad.zip").write_bytes(b"PK no zip")
    with pytest.raises(BadData, match=r"bad\.zip can't be read"):
        making.prepare([tmp_path / "bad.zip"], asked())
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    with pytest.raises(BadData, match=r"bad\.mp4 can't be read"):
        making.prepare([tmp_path / "bad.mp4"], asked())
    with pytest.raises(BadData, match="holds pictures"):
        making.prepare([Path(__file__)], asked())
    with pytest.raises(BadSettings, match="no table is named"):
        asked(labels="table")
    with pytest.raises(BadSettings, match="no known ending"):
        making.prepare([fill(tmp_path / "pets")], asked(), tmp_path / "out.txt")
    table = tmp_path / "t.csv"
    for text, wrong in (("", "no rows"), ("a\nb\n", "one column"), ("a,b\n1\n", "Row 2")):
        table.write_text(text)
        with pytest.raises(BadData, match=wrong):
            read_table(table)
    with pytest.raises(BadData, match="different values"):
        numbered([str(n) for n in range(1001)], "name")


def test_giving_up_leaves_no_file(tmp_path):
    class GivenUp(Exception):
        pass

    def give_up(seen: int, text: str) -> None:
        if seen == 5:
            raise GivenUp

    with pytest.raises(GivenUp):
        making.prepare([fill(tmp_path / "pets")], asked(), tmp_path / "out" / "pets.npz", give_up)
    assert not (tmp_path / "out").exists()


def test_a_split_in_a_file_must_make_sense(tmp_path):
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "bad.npz", images=images, held_out=np.array([1, 0, 0, 0]))
    with pytest.raises(BadData, match="held_out"):
        data.load(f"npz:{tmp_path / 'bad.npz'}", 8)
