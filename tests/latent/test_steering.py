"""Positions on directions and moves along them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.space import Code, Part, Prior
from explorer.latent import steering

CORRELATED = Part("z", (2,), Prior.EMPIRICAL, mean=(1.0, -1.0), factor=((2.0, 0.0), (1.0, 0.5)))


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_moving_one_principal_direction_leaves_the_others(wanted, other):
    directions = np.asarray(CORRELATED.factor, np.float32).T  # one standard deviation each
    whitened = steering.whiten(CORRELATED, directions)
    code = Code({"z": CORRELATED.centre + np.float32(other) * directions[1]})
    now = steering.positions(CORRELATED, code.values["z"], whitened)
    moved = steering.move(code, CORRELATED, directions[0], float(now[0]), wanted)
    there = steering.positions(CORRELATED, moved.values["z"], whitened)
    assert there == pytest.approx([wanted, other], abs=1e-3)


def test_a_uniform_part_is_measured_in_its_own_deviations():
    part = Part("z", (3,), Prior.UNIFORM)
    direction = np.array([[part.deviation[0], 0, 0]], np.float32)
    code = steering.move(Code({"z": part.centre}), part, direction[0], 0.0, 2.0)
    assert code.values["z"][0] == pytest.approx(2 * part.deviation[0])
    whitened = steering.whiten(part, direction)
    assert steering.positions(part, code.values["z"], whitened)[0] == pytest.approx(2.0)


def test_a_direction_of_no_length_stands_still():
    part = Part("z", (2,))
    assert steering.positions(part, np.ones(2, np.float32), np.zeros((1, 2), np.float32))[0] == 0
