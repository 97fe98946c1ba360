"""Differences of pictures by hand, and whose code a compared model shows."""

import numpy as np
import pytest

from backends.api import BadData, BadRequest, LatentSpace, Part
from explorer.latent import compare
from explorer.latent.task import Task

ONE, OTHER = LatentSpace((Part("z", (4,)),)), LatentSpace((Part("z", (5,)),))


def flat(value, height=4, width=4, channels=1):
    return np.full((height, width, channels), value, np.uint8)


def test_a_difference_by_hand():
    image = flat(0)
    image[0, 0] = 255
    signed, error = compare.difference(image, flat(51))
    assert signed[0, 0] == pytest.approx(0.8)
    assert signed[1, 1] == pytest.approx(-0.2)
    assert error == pytest.approx((0.8**2 + 15 * 0.2**2) / 16)


def test_other_sizes_and_channels_are_brought_to_the_reference():
    signed, error = compare.difference(flat(100, 8, 8, 3), flat(100, 4, 4, 1))
    assert signed.shape == (4, 4)
    assert error == pytest.approx(0, abs=1e-9)
    assert compare.like(flat(7, 2, 2, 1), flat(0, 4, 4, 3)).shape == (4, 4, 3)


def test_colours_say_the_sign():
    shown = compare.in_colour(np.array([[-1.0, 0.0, 1.0]], np.float32))
    assert [tuple(pixel) for pixel in shown[0]] == [compare.BELOW, compare.SAME, compare.ABOVE]


def test_a_model_of_the_same_space_takes_the_code_and_others_the_seed():
    code = ONE.sample(7)
    assert compare.code_of(ONE, ONE, code, 3) == (code, True)
    own, shared = compare.code_of(OTHER, ONE, code, 3)
    assert not shared
    assert own == OTHER.sample(3)


def test_a_walk_goes_between_the_ends_or_between_seeds():
    ends = (ONE.sample(1), ONE.sample(2))
    rows = compare.walk_of(ONE, ends, 9, 5, "linear")
    np.testing.assert_allclose(rows[0], ONE.pack(ends[0]))
    np.testing.assert_allclose(rows[-1], ONE.pack(ends[1]), atol=1e-6)
    np.testing.assert_allclose(compare.walk_of(ONE, None, 9, 5, "linear")[0], ONE.pack(ONE.sample(9)))


def test_images_of_a_data_set():
    options = {"data": "digits", "image_size": 16, "channels": 1, "count": 20}
    found = compare.load_images(Task(), {}, options)
    assert found["images"].shape == (20, 16, 16, 1)
    assert len(found["labels"]) == 20
    assert found["data"]["classes"] == list("0123456789")
    with pytest.raises(BadData):
        compare.load_images(Task(), {}, {**options, "data": "nonsense"})


@pytest.mark.parametrize(
    ("name", "spec"),
    [("MNIST handwritten digits", "mnist"), ("Digits of scikit-learn", "digits"), ("CIFAR-10", "cifar10"),
     ("npz:sprites.npz", "npz:sprites.npz"), ("nothing", ""), ("", "")],
)  # fmt: skip
def test_the_data_of_a_model_is_found_by_its_name(name, spec):
    assert compare.data_spec(name) == spec


def test_mean_and_standard_error():
    assert compare.standard_error(np.array([1.0, 3.0])) == (2.0, pytest.approx(1.0))
    assert np.isnan(compare.standard_error(np.array([1.0]))[1])
    with pytest.raises(BadRequest):
        compare.standard_error(np.zeros(0))


def test_a_file_is_copied_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"weights")
    compare.copy_file(Task(), {}, {"source": str(tmp_path / "a"), "target": str(tmp_path / "x" / "b")})
    assert (tmp_path / "x" / "b").read_bytes() == b"weights"
    with pytest.raises(BadRequest, match="read"):
        compare.copy_file(Task(), {}, {"source": str(tmp_path / "no"), "target": str(tmp_path / "c")})
