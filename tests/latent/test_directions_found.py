"""SeFa, SVM boundaries, conditioning and followed boundaries, against answers known on paper."""

import numpy as np
import pytest

from backends.api import BadRequest, LatentSpace, Part, Prior
from explorer.latent.directions import basis, boundary, closed_form, following
from explorer.latent.directions.holding import conditioned, within_layers
from explorer.latent.task import Task

PART = Part("z", (4,))
SKEWED = Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, -1.0), factor=((2.0, 0.0), (1.0, 0.5)))


def test_units_and_displacements_undo_each_other():
    values = SKEWED.sample(np.random.default_rng(0), 5000)
    spread = basis.units(SKEWED, values)
    np.testing.assert_allclose(np.cov(spread.T), np.eye(2), atol=0.1)
    np.testing.assert_allclose(spread @ basis.basis(SKEWED) + SKEWED.centre, values, atol=1e-4)
    moved = basis.displacements(SKEWED, np.array([[3.0, 0.0]]))
    np.testing.assert_allclose(basis.units(SKEWED, SKEWED.centre + moved), [[1, 0]], atol=1e-5)


def test_sefa_on_a_known_matrix_is_sorted():
    """Rows of length one along the axes: 3 along the second, 2 along the first, 1 along the last."""
    weight = np.zeros((6, 4))
    weight[:3, 1], weight[3:5, 0], weight[5, 3] = [9, -2, 1], [4, 1], 0.5
    vectors, values = closed_form.sefa(PART, weight)
    np.testing.assert_allclose(values, [3, 2, 1, 0], atol=1e-6)
    np.testing.assert_allclose(vectors[:3], np.eye(4)[[1, 0, 3]], atol=1e-6)
    options = {"space": LatentSpace((PART,)).to_json(), "part": "z"}
    job = closed_form.run(Task(), {"weight": weight}, options)
    np.testing.assert_array_equal(job["directions"], vectors)


def test_components_of_codes_recover_the_widest_axis():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((800, 4)).astype(np.float32) * [1, 4, 2, 0.1]
    vectors, shares = closed_form.of_codes(PART, values.astype(np.float32), 2)
    assert np.abs(vectors).argmax(1).tolist() == [1, 2]
    assert shares[0] == pytest.approx(16 / 21, abs=0.05)
    with pytest.raises(BadRequest, match="too few"):
        closed_form.of_codes(PART, values[:3], 2)


def test_a_boundary_of_separable_codes_is_its_normal():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((1200, 4)).astype(np.float32)
    normal = np.array([0.6, 0.8, 0, 0])
    score = values @ normal
    found = boundary.boundary(PART, values, score > 0, np.abs(score).astype(np.float32))
    assert found.vector @ normal > 0.99
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
    assert found.accuracy > 0.98
    assert 0.85 < found.rest <= 1  # the codes near the boundary
    assert found.offset == pytest.approx(0, abs=0.2)
    assert found.learnt == 2 * round(0.7 * round(0.25 * 1200))


def test_chance_is_half_and_small_groups_are_refused():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((2000, 4)).astype(np.float32)
    assert boundary.boundary(PART, values, rng.random(2000) < 0.5).accuracy == pytest.approx(0.5, abs=0.08)
    with pytest.raises(BadRequest, match="needs 20"):
        boundary.boundary(PART, values, np.arange(2000) < 5)


def test_the_job_conditions_on_what_is_held():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((600, 4)).astype(np.float32)
    arrays = {"values": values, "inside": values[:, 0] + values[:, 1] > 0,
              "held": np.array([[0, 1, 0, 0]], np.float32)}  # fmt: skip
    done = boundary.run(Task(), arrays, {"space": LatentSpace((PART,)).to_json(), "part": "z"})
    assert abs(done["vector"][1]) < 1e-5
    assert done["vector"][0] > 0.95
    assert done["data"]["accuracy"] > 0.9


def test_conditioning_takes_away_the_shared_part():
    """n − Σ (n·m) m, and by least squares where the held ones aren't orthogonal."""
    held = np.array([[0, 1, 0, 0], [0, 1, 1, 0]], np.float32)
    np.testing.assert_allclose(
        conditioned(PART, np.ones(4, np.float32), held), [2**-0.5, 0, 0, 2**-0.5], atol=1e-5
    )
    np.testing.assert_array_equal(conditioned(PART, held[0], held[:0]), held[0])
    with pytest.raises(BadRequest, match="held"):
        conditioned(PART, held[0], held)


def test_a_direction_within_layers():
    part = Part("w", (3, 2))
    vector = np.arange(1, 7, dtype=np.float32)
    np.testing.assert_array_equal(within_layers(part, vector, 1, 2), [0, 0, 3, 4, 5, 6])
    for bad in ((2, 1), (0, 3)):
        with pytest.raises(BadRequest, match="layers"):
            within_layers(part, vector, *bad)
    with pytest.raises(BadRequest, match="layers"):
        within_layers(PART, vector[:4], 0, 0)


def test_gradients_of_decisions_are_their_slopes():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((200, 3))
    made = following.learn(z, np.sign(z[:, :2]))
    at, step = z[0], 1e-5
    by_hand = [
        (made.values((at + step * e)[None]) - made.values((at - step * e)[None]))[0] / (2 * step)
        for e in np.eye(3)
    ]
    np.testing.assert_allclose(made.gradients(at), np.array(by_hand).T, atol=1e-6)


def test_a_followed_boundary_bends_and_holds_the_other():
    """Inside is a ring: from within, every straight way is as good; the other attribute is the first sign."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((1500, 2)).astype(np.float32) * 1.2
    inside = np.linalg.norm(values, axis=1) > 1.3
    others = (values[:, :1] > 0).astype(np.int64)
    part = Part("z", (2,))
    arrays = {"values": values, "inside": inside, "others": others, "start": np.array([0.9, 0.6], np.float32)}
    options = {"space": LatentSpace((part,)).to_json(), "part": "z", "steps": 6}
    found = following.run(Task(), arrays, options)
    assert found["path"].shape == (13, 2)
    assert found["decisions"].shape == (13, 2)
    assert found["data"]["accuracy"] > 0.85
    with pytest.raises(BadRequest, match="too few"):
        following.learn(values[:10].astype(np.float64), np.ones((10, 1)))


def test_the_decision_grows_along_the_path_and_the_held_one_stays():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2000, 5))
    made = following.learn(z, np.stack([np.sign(z[:, 0] + 0.5 * z[:, 1]), np.sign(z[:, 1])], 1))
    start = np.array([0.1, 0.4, 0.3, -0.2, 0.5])
    path = following.follow(made, start, 6, 0.2, round_=False)
    said = made.values(path)
    assert (np.diff(said[:, 0]) > 0).all()
    assert np.ptp(said[:, 1]) < 0.25 * np.ptp(said[:, 0])
    np.testing.assert_array_equal(path[6], start)
    circle = following.follow(made, start, 6, 0.2)
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), np.linalg.norm(start), rtol=1e-6)
