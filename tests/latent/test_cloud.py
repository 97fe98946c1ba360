"""What is known of mapped codes, as colours; and a map as a picture and a table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from backends.api import BadData, LatentSpace, Part, Prior
from explorer.latent.cloud import Cloud, Colouring, Pile
from explorer.latent.map_colours import class_colours, value_colours
from explorer.latent.map_picture import Drawing, draw, medoids, save, write
from explorer.latent.map_svg import svg
from explorer.latent.maps.units import restored, standardised
from explorer.latent.palette import class_palette
from explorer.latent.task import Task
from tests.seen import LEAST, least_distance

SPACE = LatentSpace((Part("z", (3,)), Part("label", (2,), Prior.CATEGORICAL, names=("cat", "dog"))))


def cloud(**changes: object) -> Cloud:
    codes = SPACE.sample_many(20, 0)
    images = np.zeros((20, 4, 4, 1), np.uint8)
    return Cloud("codes", codes, codes[:, :3], images, **changes)  # type: ignore[arg-type]


def test_classes_come_first_then_attributes_then_dimensions() -> None:
    known = cloud(
        labels=np.arange(20) % 3,
        classes=("a", "b"),
        confidence=np.ones(20, np.float32),
        attributes={"size": np.arange(20) % 2, "id": np.arange(20) * 1000},
    )
    titles = [colouring.title for colouring in known.colourings(SPACE)]
    assert titles[:5] == ["Class", "Classifier's confidence", "size", "id", "Label asked for"]
    assert titles[5:] == ["Distance from the centre", "z 0", "z 1", "z 2"]
    first = known.colourings(SPACE)[0]
    assert first.names == ("a", "b", "2")  # a label beyond the names has its number
    assert first.counts().tolist() == [7, 7, 6]
    assert first.colours().shape == (20, 3)


def test_a_cloud_without_labels_is_coloured_by_its_code() -> None:
    titles = [colouring.title for colouring in cloud().colourings(SPACE)]
    assert titles[0] == "Label asked for"


def test_an_attribute_with_many_values_is_a_number() -> None:
    many = cloud(attributes={"id": np.arange(20)})
    assert many.colourings(SPACE)[0].labels is not None
    codes = SPACE.sample_many(100, 0)
    more = Cloud("codes", codes, codes, np.zeros((100, 1, 1, 1), np.uint8), attributes={"id": np.arange(100)})
    assert more.colourings(SPACE)[0].values is not None


def test_images_in_pieces_read_as_one() -> None:
    whole = np.arange(7, dtype=np.uint8).reshape(7, 1, 1, 1)
    pile = Pile([whole[:3], whole[3:3], whole[3:]])
    assert len(pile) == 7
    assert [int(pile[row][0, 0, 0]) for row in range(7)] == list(range(7))


def luminance(colours: np.ndarray) -> np.ndarray:
    linear = np.where(colours <= 10, colours / 255 / 12.92, ((colours / 255 + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_colours_on_paper_differ_from_each_other_and_from_the_paper() -> None:
    paper = np.full((1, 3), 255, np.uint8)
    assert least_distance(np.concatenate([class_colours(20), paper])) > LEAST


def test_value_colours_go_from_dark_to_bright_and_spare_what_is_no_number() -> None:
    shades = value_colours(np.array([0.0, 0.5, 1.0, np.nan], np.float32))
    brightness = luminance(shades.astype(float))
    assert brightness[0] < brightness[1] < brightness[2]
    assert shades[3].tolist() == [128, 128, 128]
    assert len(np.unique(value_colours(np.ones(3, np.float32)), axis=0)) == 1


def drawing(**changes: object) -> Drawing:
    rng = np.random.default_rng(0)
    given = {"labels": np.arange(60) % 2, "names": ("left", "right")} | changes
    return Drawing(rng.normal(size=(60, 2)).astype(np.float32), "A title", "Class", "A line", **given)  # type: ignore[arg-type]


def test_the_picture_shows_points_in_their_colours_and_a_legend() -> None:
    picture = draw(drawing())
    assert picture.dtype == np.uint8
    for colour in class_colours(2):
        at = np.argwhere((picture == colour).all(axis=2))
        assert len(at) > 300
        assert at[:, 1].max() > 900  # the legend's swatch
        assert at[:, 1].min() < 500  # points


def test_a_map_by_numbers_has_a_scale() -> None:
    picture = draw(drawing(labels=None, names=(), values=np.linspace(0, 1, 60, dtype=np.float32)))
    assert len(np.unique(picture[108:400, 945], axis=0)) > 100


def test_points_that_are_nowhere_are_not_drawn() -> None:
    sick = drawing()
    sick.positions[::2] = np.nan
    assert draw(sick).shape == draw(drawing()).shape


def test_medoids_lie_in_their_class() -> None:
    positions = np.array([[0, 0], [1, 0], [2, 0], [10, 0], [np.nan, 0]], np.float32)
    assert medoids(positions, np.array([0, 0, 0, 1, 1]), 3) == {0: 1, 1: 3}


def test_saving_a_picture_and_a_table(tmp_path: Path) -> None:
    positions, codes = np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((3, 2), np.float32)
    arrays = {"positions": positions, "codes": codes, "labels": np.array([0, 1, 0])}
    options = {"title": "t", "colour": "Class", "names": ["a, b", "c"], "parts": {"z": 2}}
    save(Task(), arrays, {**options, "file": str(tmp_path / "map.png")})
    assert Image.open(tmp_path / "map.png").size[0] > 1000
    save(Task(), arrays, {**options, "file": str(tmp_path / "map.csv")})
    rows = list(csv.reader(io.StringIO((tmp_path / "map.csv").read_text())))
    assert rows[0] == ["x", "y", "Class", "z 0", "z 1"]
    assert rows[1] == ["0", "1", "a, b", "1", "1"]
    with pytest.raises(BadData, match="no known ending"):
        save(Task(), arrays, {**options, "file": str(tmp_path / "map.pdf")})


def test_a_vector_picture_holds_every_point_and_its_legend(tmp_path: Path) -> None:
    sick = drawing(names=("<left>", "right"))
    sick.positions[7] = np.nan
    write(tmp_path / "map.svg", [sick, sick], np.zeros((60, 0)), {})
    root = ElementTree.parse(tmp_path / "map.svg").getroot()
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 2 * (59 + 2)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A title", "Class", "<left>", "right", "A line"} <= set(texts)
    by_number = drawing(labels=None, names=(), values=np.linspace(0, 1, 60, dtype=np.float32))
    assert "0.0" not in svg([by_number]).split("<rect")[0]
    with pytest.raises(BadData, match="too large"):
        svg([Drawing(np.zeros((200_000, 2), np.float32), "t", "c")])


def test_a_json_gives_back_every_number(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(60, 3)).astype(np.float32)
    sick = drawing()
    sick.positions[7] = np.nan
    write(tmp_path / "map.json", [sick, drawing()], codes, {"z": 3})
    data = json.loads((tmp_path / "map.json").read_text())
    np.testing.assert_array_equal(np.array(data["codes"], np.float32), codes)
    assert data["columns"]["x"][7] is None
    assert set(data["columns"]) == {"x", "y", "x 2", "y 2", "label"}
    assert data["names"] == ["left", "right"]


def test_unknown_labels_are_grey_and_many_points_are_drawn() -> None:
    unknown = drawing(labels=np.full(60, -1))
    assert (unknown.colours() == 128).all()
    assert draw(unknown).shape[1] > 1000
    many = np.random.default_rng(0).normal(size=(60_000, 2)).astype(np.float32)
    plane = draw(Drawing(many, "t", "c"))[56:956, 12:912]
    assert 0.1 < (plane != 255).any(axis=2).mean() < 0.9
    assert draw(Drawing(np.full((5, 2), np.nan, np.float32), "t", "c")).min() < 128  # the title


def test_what_is_unknown_is_grey_and_counted_nowhere():
    colouring = Colouring("Cluster", np.array([0, -1, 1, 1]), ("a", "b"))
    assert colouring.colours()[1].tolist() == [128, 128, 128]
    assert colouring.counts().tolist() == [1, 2]
    assert colouring.switched_off(frozenset({1})).tolist() == [False, False, True, True]
    assert colouring.switched_off(frozenset()) is None
    assert Colouring("z", values=np.array([np.nan, 2.0, 1.0])).span() == (1.0, 2.0)


def test_a_pile_gives_one_image_or_all_of_them():
    pile = Pile([np.zeros((2, 3, 3, 1), np.uint8), np.ones((1, 3, 3, 1), np.uint8)])
    assert pile[2].max() == 1
    assert pile[:].shape == (3, 3, 3, 1)


def test_saved_pictures_have_the_screens_colours():
    np.testing.assert_array_equal(class_colours(12), class_palette(12))


def test_one_part_of_a_code_alone_is_a_point():
    space = LatentSpace((Part("z", (2,)), Part("w", (3,))))
    codes = space.sample_many(4, 0)
    np.testing.assert_allclose(standardised(space, codes, "w"), codes[:, 2:])
    back = restored(space, standardised(space, codes, "w"), space.unpack(codes[0]), "w")
    np.testing.assert_allclose(back[:, 2:], codes[:, 2:], rtol=1e-6)
    np.testing.assert_allclose(back[3, :2], codes[0, :2])
