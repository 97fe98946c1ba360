"""Codes, their text and their lattice: to the bit, and clear when something doesn't fit."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.families.autoencoder import measured
from backends.mixture import Mixture
from backends.space import BadCode, Code, LatentSpace, Part, Prior

SPACE = LatentSpace((Part("z", (8,)), Part("label", (3,), Prior.CATEGORICAL, names=("a", "b", "c"))))


def clumped(name: str) -> Part:
    """Codes in three clumps around corners of a square that is empty in the middle."""
    rng = np.random.default_rng(0)
    corners = np.array([[-4.0, -4.0], [4.0, 4.0], [4.0, 4.0], [-4.0, 4.0]])
    return measured(name, corners[rng.integers(4, size=4000)] + rng.normal(0, 0.3, (4000, 2)))


def every_prior() -> LatentSpace:
    factor = ((2.0, 0.0), (1.0, 0.5))
    return LatentSpace((
        Part("g", (5,)),
        Part("u", (4,), Prior.UNIFORM),
        Part("s", (6,), Prior.SPHERE),
        Part("e", (2,), Prior.EMPIRICAL, mean=(3.0, -1.0), factor=factor),
        clumped("m"),
        Part("c", (3,), Prior.CATEGORICAL),
        Part("a", (1,), Prior.ANGLE),
    ))  # fmt: skip


def test_a_seed_gives_the_same_code_every_time_and_row_zero_of_many():
    first, again = SPACE.sample(7), SPACE.sample(7)
    assert first.to_text() == again.to_text()
    assert first.to_text() != SPACE.sample(8).to_text()
    np.testing.assert_array_equal(SPACE.pack(first), SPACE.sample_many(50, 7)[0])


@given(st.integers(0, 2**31), st.floats(-1, 2, width=32), st.integers(1, 40))
def test_text_brings_back_a_code_to_the_bit(seed, truncation, size):
    space = LatentSpace((Part("z", (size,)), Part("label", (3,), Prior.CATEGORICAL)))
    code = space.sample(seed).with_truncation(truncation)
    back = Code.from_text(code.to_text())
    assert back == code
    assert space.pack(back).tobytes() == space.pack(code).tobytes()
    assert back.truncation == code.truncation


@pytest.mark.parametrize("text", ["", "le1.", "le1.!!!!", "hello", "le1.AAAA", "le9.eJw", "le1." + "A" * 500])
def test_text_that_is_no_code_is_refused_with_a_sentence(text):
    with pytest.raises(BadCode, match="code"):
        Code.from_text(text)


def test_text_with_numbers_that_are_not_finite_is_refused():
    text = Code({"z": np.array([1.0, np.nan], np.float32)}).to_text()
    with pytest.raises(BadCode, match="not finite"):
        Code.from_text(text)


def test_priors_have_the_moments_they_claim():
    space = every_prior()
    drawn = {name: space.sample_many(20_000, 0)[:, at] for name, at in space.slices.items()}
    for name in ("g", "u", "e", "m", "a"):
        np.testing.assert_allclose(drawn[name].mean(0), space[name].centre, atol=0.06)
        np.testing.assert_allclose(drawn[name].std(0), space[name].deviation, rtol=0.05)
    np.testing.assert_allclose(np.linalg.norm(drawn["s"], axis=1), 6**0.5, rtol=1e-5)
    np.testing.assert_array_equal(np.unique(drawn["c"].sum(1)), [1.0])
    np.testing.assert_allclose(np.cov(drawn["e"].T), [[4.0, 2.0], [2.0, 1.25]], atol=0.15)


def test_lattice_is_the_seed_at_whole_numbers_and_keeps_the_norm_between():
    space = LatentSpace((Part("z", (256,)),))
    np.testing.assert_allclose(space.pack(space.lattice(3, 2)), space.pack(space.sample(203)), rtol=1e-6)
    between = np.linalg.norm(space.pack(space.lattice(3.5, 2.5)))
    assert 13 < between < 19  # a normal of 256 dimensions has norm 16
    near, far = space.pack(space.lattice(3.01, 2)), space.pack(space.lattice(3, 2))
    assert np.abs(near - far).max() < 0.1  # it is continuous


def test_truncation_pulls_to_the_centre_and_leaves_labels():
    space = every_prior()
    codes = space.sample_many(4, 1)
    none = space.truncate(codes, 0.0)
    np.testing.assert_allclose(none[:, space.slices["e"]], np.tile([3.0, -1.0], (4, 1)), rtol=1e-6)
    np.testing.assert_array_equal(none[:, space.slices["c"]], codes[:, space.slices["c"]])
    assert space.truncate(codes, 1.0) is codes


def test_pack_names_what_does_not_fit():
    with pytest.raises(BadCode, match="no part 'label'"):
        SPACE.pack(Code({"z": np.zeros(8, np.float32)}))
    with pytest.raises(BadCode, match="has 7 values; this model reads 8"):
        SPACE.pack(SPACE.sample(0).with_value("z", np.zeros(7)))
    with pytest.raises(BadCode, match="share a name"):
        LatentSpace((Part("z", (2,)), Part("z", (3,))))


def test_a_space_survives_json_and_agrees_with_itself():
    space = every_prior()
    back = LatentSpace.from_json(space.to_json())
    assert back == space
    assert back.agrees_with(space)
    assert not back.agrees_with(SPACE)


def test_the_main_part_is_the_largest_that_one_can_steer():
    assert SPACE.main.name == "z"
    assert SPACE.label is not None
    assert SPACE.label.name == "label"


def test_clumped_codes_are_drawn_in_their_clumps_and_not_between_them():
    part = clumped("m")
    drawn = LatentSpace((part,)).sample_many(2000, 0)
    assert (np.abs(np.abs(drawn) - 4) < 1.5).all()  # a single Gaussian puts a third of its draws elsewhere
    single = LatentSpace((replace(part, mixture=None),)).sample_many(2000, 0)
    assert (np.abs(single) < 2.5).any(1).mean() > 0.3
    corner = (drawn > 0) @ [1, 2]
    np.testing.assert_allclose(np.bincount(corner, minlength=4) / 2000, [0.25, 0, 0.25, 0.5], atol=0.03)


def test_few_codes_and_a_dimension_that_never_changes_have_a_prior_too():
    few = measured("z", np.random.default_rng(0).normal(size=(60, 3)))
    assert few.mixture is None
    flat = measured("z", np.random.default_rng(0).normal(size=(600, 3)) * [1, 1, 0])
    assert flat.mixture
    np.testing.assert_allclose(LatentSpace((flat,)).sample_many(100, 0)[:, 2], 0, atol=1e-4)


def test_a_mixture_that_does_not_fit_together_is_no_prior():
    good = clumped("m").to_json()
    part = Part.from_json(json.loads(json.dumps(good)))
    assert part == clumped("m")
    for key, value in (("shares", []), ("shares", [1.0]), ("centres", [[0.0]]), ("factor", [[1.0, 0.0]]),
                       ("factor", [[np.nan, 0.0], [0.0, 1.0]])):  # fmt: skip
        with pytest.raises(ValueError, match="fit together"):
            Mixture.from_json({**good["mixture"], key: value})
