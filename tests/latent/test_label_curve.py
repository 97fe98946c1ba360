"""Accuracy over the number of labels: means, spreads, what is said, and the files."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from PIL import Image

from backends.errors import BadRequest
from explorer.latent.label_curve import WIDE, accuracy_floor, lines_of, save, sentence
from explorer.latent.task import Task

ROWS = np.array([
    (0, 10, 0, 0.5), (0, 10, 1, 0.7), (0, 100, 0, 0.8), (1, 10, 0, 0.65), (1, 100, 0, 0.9),
    (2, 10, 0, 0.3), (2, 100, 0, 0.7),
])  # fmt: skip


def test_draws_become_means_and_deviations():
    linear, tuned, scratch = lines_of(ROWS)
    assert linear.title == "Linear reading"
    np.testing.assert_allclose(linear.means, [0.6, 0.8])
    np.testing.assert_allclose(linear.deviations, [np.std([0.5, 0.7], ddof=1), math.nan])
    assert tuned.counts.tolist() == [10, 100]
    assert accuracy_floor([linear, tuned, scratch]) <= 0.3
    assert lines_of(np.zeros((0, 4))) == []


def test_the_gain_is_said_in_labels():
    assert sentence(lines_of(ROWS)) == (
        "With 10 labels: 65.0% fine-tuned, 30.0% from scratch; from scratch that takes 100."
    )
    few = ROWS[ROWS[:, 1] == 10]
    assert sentence(lines_of(few)).endswith("from scratch none of these is enough.")
    assert sentence(lines_of(ROWS[ROWS[:, 0] < 2])) == ""
    worse = np.array([(0, 10, 0, 0.2), (2, 10, 0, 0.4)])
    assert sentence(lines_of(worse)) == "With 10 labels: 20.0% linear reading, 40.0% from scratch."


def test_the_picture_and_the_table(tmp_path):
    for name in ("curve.png", "curve.csv"):
        save(Task(), {"rows": ROWS}, {"file": str(tmp_path / name), "title": "made up"})
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.width == WIDE
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert [(row["way"], int(row["labels"]), float(row["accuracy"])) for row in rows][:2] == [
        ("linear", 10, 0.5), ("linear", 10, 0.7),
    ]  # fmt: skip
    with pytest.raises(BadRequest):
        save(Task(), {"rows": ROWS}, {"file": str(tmp_path / "curve.pdf"), "title": ""})
