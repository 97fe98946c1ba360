"""The square of a 2-D latent space."""

from statistics import NormalDist

import numpy as np
import pytest

from backends.api import LatentSpace, Part, Prior
from explorer.latent import manifold

FLAT = LatentSpace((Part("z", (2,)),))
LABELLED = LatentSpace((Part("z", (2,)), Part("label", (3,), Prior.CATEGORICAL)))


def test_only_two_dimensions_make_a_manifold():
    assert manifold.has_manifold(FLAT)
    assert manifold.has_manifold(LABELLED)
    assert not manifold.has_manifold(LatentSpace((Part("z", (3,)),)))
    assert not manifold.has_manifold(LatentSpace((Part("label", (2,), Prior.CATEGORICAL),)))


def test_rows_go_down_and_columns_to_the_right_by_quantiles():
    codes = manifold.grid(FLAT, FLAT.centre(), 4)
    first, last = NormalDist().inv_cdf(1 / 8), NormalDist().inv_cdf(7 / 8)
    assert codes.shape == (16, 2)
    assert codes[0] == pytest.approx([first, last], abs=1e-6)
    assert codes[3] == pytest.approx([last, last], abs=1e-6)
    assert codes[-4] == pytest.approx([first, first], abs=1e-6)


def test_other_parts_are_those_of_the_code():
    code = LABELLED.centre().with_value("label", [0, 0, 1])
    assert (manifold.grid(LABELLED, code, 3)[:, 2:] == [0, 0, 1]).all()


@pytest.mark.parametrize("prior", [Prior.GAUSSIAN, Prior.UNIFORM, Prior.EMPIRICAL, Prior.SPHERE])
def test_a_spot_is_where_its_code_is(prior):
    extra = {"mean": (1.0, -2.0), "factor": ((2.0, 0.0), (0.5, 1.0))} if prior is Prior.EMPIRICAL else {}
    space = LatentSpace((Part("z", (2,), prior, **extra),))
    for spot in ((0.5, 0.5), (0.2, 0.9), (0.999, 0.01)):
        code = manifold.at(space, space.centre(), *spot)
        assert manifold.spot(space, code) == pytest.approx(spot, abs=1e-5)
    assert np.isfinite(space.pack(manifold.at(space, space.centre(), 0.0, 1.0))).all()
