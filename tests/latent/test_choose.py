"""Two digits for a walk: sure ones, and different ones."""

import numpy as np

from explorer.latent.choose import surest, two_different

LABELS = np.array([3, 3, 8, 1, 8])
CONFIDENCE = np.array([0.9, 0.99, 0.7, 0.2, 0.8], np.float32)


def test_the_surest_row_of_each_class():
    assert surest(LABELS, CONFIDENCE) == {3: 1, 8: 4, 1: 3}


def test_two_of_different_classes():
    assert two_different(LABELS, CONFIDENCE) == (1, 4)


def test_one_class_still_gives_two_rows():
    assert two_different(np.zeros(3, int), np.array([0.1, 0.9, 0.5], np.float32)) == (1, 2)
    assert two_different(np.zeros(1, int), np.ones(1, np.float32)) == (0, 0)
