"""Pictures for a slow line: to the bit unless a hand moves, and never larger than they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.packing import pack, unpack
from backends.wire import StreamClosed

SLOW = 1e5


def smooth(count, height, width, channels):
    """Pictures that differ from each other, without noise."""
    y, x = np.mgrid[:height, :width]
    rows = [
        np.stack([(x * (c + 1) + y * 2 + 40 * n) % 256 for c in range(channels)], -1) for n in range(count)
    ]
    return np.stack(rows).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.booleans())
def test_without_loss_every_bit_comes_back(count, height, width, channels, noise):
    shape = (count, height, width, channels)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8) if noise else smooth(*shape)
    arrays = {"images": images, "codes": np.ones((3, 2), np.float32)}
    packed, how = pack(arrays, SLOW)
    assert sum(a.nbytes for a in packed.values()) <= sum(a.nbytes for a in arrays.values())
    for name, array in unpack(packed, how).items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize("shape", [(1, 256, 256, 3), (4, 28, 28, 1), (3, 30, 50, 3)])
def test_a_moving_picture_may_be_a_jpeg_and_neighbours_do_not_run_into_each_other(shape):
    images = np.zeros(shape, np.uint8)
    images[::2] = 255
    packed, how = pack({"images": images}, 1e4, lossy=True)
    assert how["images"]["kind"] == "JPEG"
    again = unpack(packed, how)["images"]
    assert np.abs(again.astype(int) - images).max() <= 2
    assert packed["images"].nbytes < images.nbytes


def test_a_fast_or_unknown_line_gets_pictures_as_they_are():
    arrays = {"images": smooth(8, 64, 64, 3)}
    for rate in (0.0, 1e9, 26e6):
        packed, how = pack(arrays, rate, lossy=True)
        assert not how
        assert packed["images"] is arrays["images"]


def test_damaged_pictures_are_noticed():
    packed, how = pack({"images": smooth(4, 64, 64, 3)}, SLOW)
    with pytest.raises(StreamClosed, match="damaged"):
        unpack({"images": packed["images"][:50]}, how)
    with pytest.raises(StreamClosed, match="damaged"):
        unpack(packed, {"images": {**how["images"], "shape": [4, 64, 60, 3]}})
