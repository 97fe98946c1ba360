"""Codes, their text and their lattice: to the bit, and clear when something doesn't fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.space import BadCode, Code, LatentSpace, Part, Prior

SPACE = LatentSpace((Part("z", (8,)), Part("label", (3,), Prior.CATEGORICAL, names=("a", "b", "c"))))


def every_prior() -> LatentSpace:
    factor = ((2.0, 0.0), (1.0, 0.5))
    return LatentSpace((
        Part("g", (5,)),
        Part("u", (4,), Prior.UNIFORM),
        Part("s", (6,), Prior.SPHERE),
        Part("e", (2,), Prior.EMPIRICAL, mean=(3.0, -1.0), factor=factor),
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
    for name in ("g", "u", "e", "a"):
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
