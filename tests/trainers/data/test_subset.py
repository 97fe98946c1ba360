"""Some classes of a data set alone, by a wish at the end of its spec."""

from __future__ import annotations

import numpy as np
import pytest

from backends.errors import BadData
from trainers.data import load
from trainers.data.subset import chosen, joined, parted

CLOTHES = ("T-shirt", "Trousers", "Sandal")


def test_a_wish_stands_at_the_end_of_any_spec():
    assert parted("mnist:classes=0-4") == ("mnist", "0-4")
    assert parted("npz:C:\\a.npz#kind:classes=x,y") == ("npz:C:\\a.npz#kind", "x,y")
    assert parted("folder:/pictures") == ("folder:/pictures", None)
    assert joined("mnist", " ") == "mnist"
    assert parted(joined("mnist", "3,8")) == ("mnist", "3,8")


def test_classes_are_named_counted_or_a_range():
    assert chosen(CLOTHES, "sandal, 0") == [0, 2]
    assert chosen(CLOTHES, "1-2") == [1, 2]
    assert chosen(("7", "3"), "3") == [1]  # a name goes before a number
    for wrong in ("3", "2-1", "Coat", "", "0,,1"):
        with pytest.raises(BadData, match="no class"):
            chosen(CLOTHES, wrong)


def test_the_images_of_some_classes_are_those_and_no_others():
    whole, part = load("digits", 16), load("digits:classes=8,3", 16)
    rows = np.isin(whole.labels, (3, 8))
    np.testing.assert_array_equal(part.images, whole.images[rows])
    np.testing.assert_array_equal(part.labels, (whole.labels[rows] == 8).astype(np.int64))
    assert part.classes == ("3", "8")
    assert part.name == "Digits of scikit-learn (3, 8)"
    assert part.checksum() != whole.checksum()


def test_a_limit_counts_the_images_of_these_classes():
    few, again = (load("digits:classes=1", 16, limit=20) for _ in range(2))
    assert len(few) == 20
    assert set(few.labels) == {0}
    np.testing.assert_array_equal(few.images, again.images)


def test_data_without_labels_have_no_classes(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 8, 8), np.uint8))
    with pytest.raises(BadData, match="no labels"):
        load(f"npz:{tmp_path}/a.npz:classes=1", 16)
