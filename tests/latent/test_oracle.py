"""The oracle finds planted factors, says how good it is, and judges mixed pictures."""

import numpy as np
import pytest

from backends.api import BadData
from explorer.latent.oracle import Oracle, fit, fit_job, judge_job, shrunk, verdict
from explorer.latent.task import Task


def planted(count=800, seed=0):
    """Pictures whose left half is one of three greys and whose right half one of two; the third is chance."""
    rng = np.random.default_rng(seed)
    factors = np.stack(
        [rng.integers(3, size=count), rng.integers(2, size=count), rng.integers(2, size=count)], 1
    )
    images = np.zeros((count, 8, 8, 1), np.uint8)
    images[:, :, :4] = (factors[:, 0] * 100)[:, None, None, None]
    images[:, :, 4:] = (factors[:, 1] * 200)[:, None, None, None]
    images += rng.integers(20, size=images.shape).astype(np.uint8)
    return images, factors * 7 + 3  # values need not count from zero


@pytest.fixture(scope="module")
def made():
    images, factors = planted()
    return fit(images, factors, ("left", "right", "luck"), Task())


def test_it_knows_what_is_there_and_admits_what_is_not(made):
    assert made.accuracies[0] > 0.95
    assert made.accuracies[1] > 0.95
    assert made.accuracies[2] < 0.7
    assert made.doubtful() == ["luck"]
    assert "Don't trust it with luck" in made.sentence()
    assert made.chances[1] == pytest.approx(0.5, abs=0.12)


def test_it_judges_new_pictures_and_travels_as_arrays(made):
    images, factors = planted(50, 9)
    again = judge_job(Task(), {**made.arrays, "images": images}, made.to_json())
    assert (again["values"][:, :2] == factors[:, :2]).mean() > 0.97
    assert again["sure"].min() >= 0.33
    np.testing.assert_array_equal(Oracle.of(made.to_json(), made.arrays).judge(images)[0], again["values"])


def test_a_job_gives_back_what_it_learnt_from():
    images, factors = planted(150)
    factors[:, 2] = 1  # one value: no factor
    options = {"names": ["left", "right", "none"]}
    done = fit_job(Task(), {"images": images, "factors": factors}, options)
    assert done["data"]["factors"] == ("left", "right")
    assert done["factors"].shape == (150, 2)
    with pytest.raises(BadData, match="150"):
        fit_job(Task(), {"images": images, "factors": factors[:, 2:]}, {"names": ["none"]})


def test_labels_alone_are_one_factor():
    options = {"spec": "digits", "image_size": 16, "channels": 1, "count": 300}
    done = fit_job(Task(), {}, options)
    assert done["data"]["factors"] == ("class",)
    assert done["data"]["accuracies"][0] > 0.75
    assert len(done["images"]) == 300


def test_large_pictures_are_averaged():
    images = np.zeros((2, 64, 64, 3), np.uint8)
    images[:, ::2] = 255
    assert shrunk(images).shape == (2, 32 * 32 * 3)
    np.testing.assert_allclose(shrunk(images), 0.5)


def test_a_verdict_tells_what_came_and_what_was_disturbed():
    mixed, receiver, giver = np.array([1, 2, 9, 5, 8]), np.array([0, 2, 3, 5, 8]), np.array([1, 4, 3, 6, 8])
    said = verdict(mixed, receiver, giver)
    assert (said.came, said.kept, said.disturbed) == ((0,), (1, 3), (2,))
