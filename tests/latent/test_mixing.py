"""Mixing: every group goes where it is sent, and what comes out is still a code of the space."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.api import BadRequest, Code, LatentSpace, Part, Prior
from explorer.latent import mixing
from explorer.latent.mixing import (
    Group,
    analogy,
    chain,
    coordinates,
    exchanged,
    mix,
    read_chain,
    table,
    transfer_table,
    with_names,
)

LABEL = Part("label", (3,), Prior.CATEGORICAL)
SPACE = LatentSpace((Part("z", (4,)), LABEL))
A = np.array([0, 0, 0, 0, 1, 0, 0], np.float32)
B = np.array([1, 2, 3, 4, 0, 1, 0], np.float32)


def test_parts_are_taken_whole():
    groups = mixing.by_part(SPACE)
    assert [g.name for g in groups] == ["z", "label"]
    mixed = mix(SPACE, np.stack([A, B]), groups, [0, 1], [1, 1])
    np.testing.assert_array_equal(mixed, [0, 0, 0, 0, 0, 1, 0])


def test_half_the_way_and_a_range():
    groups = mixing.by_ranges(SPACE, "0-1, 3")
    assert [g.name for g in groups] == ["z 0-1", "z 3", "the rest", "label"]
    mixed = mix(SPACE, np.stack([A, B]), groups, [1, 1, 0, 0], [0.5, 1, 1, 1])
    np.testing.assert_allclose(mixed[:4], [0.5, 1, 0, 4])


@pytest.mark.parametrize("text", ["", "0-9", "3-1", "a-b", "0-2, 2-3", "-1"])
def test_ranges_that_make_no_sense_are_a_sentence(text):
    with pytest.raises(BadRequest):
        mixing.by_ranges(SPACE, text)


def test_equal_ranges_can_be_read_back():
    assert mixing.equal_ranges(16, 4) == "0-3, 4-7, 8-11, 12-15"
    assert mixing.equal_ranges(2, 4) == "0, 1"
    assert len(mixing.by_ranges(SPACE, mixing.equal_ranges(4, 3))) == 4


def test_too_many_dimensions_to_choose_one_by_one():
    with pytest.raises(BadRequest, match="512"):
        mixing.by_dimension(LatentSpace((Part("w", (512,)),)))


@given(st.integers(0, 1000), st.integers(2, 20))
@settings(max_examples=30)
def test_all_directions_of_one_source_are_that_source(seed, size):
    """Even when the directions are neither orthogonal nor of length one."""
    space, rng = LatentSpace((Part("z", (size,)),)), np.random.default_rng(seed)
    directions = (np.eye(size) + 0.2 * rng.uniform(-1, 1, (size, size)) / size).astype(np.float32)
    groups = mixing.by_direction(space, directions)
    codes = space.sample_many(2, seed)
    mixed = mix(space, codes, groups, [1] * len(groups), [1.0] * len(groups))
    np.testing.assert_allclose(mixed, codes[1], atol=1e-3)


def test_a_direction_moves_only_its_own_coordinate():
    space = LatentSpace((Part("z", (3,)),))
    directions = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 2]], np.float32)
    first, *_ = mixing.by_direction(space, directions)
    codes = np.array([[0, 0, 0], [2, 5, 7]], np.float32)
    np.testing.assert_allclose(mix(space, codes, [first], [1], [1.0]), [2, 2, 0], atol=1e-5)


def test_directions_that_do_not_span_the_part():
    for directions in (np.zeros((4, 4)), np.eye(4)[:2], np.ones((4, 4))):
        with pytest.raises(BadRequest, match="span"):
            mixing.by_direction(SPACE, directions)


def test_spheres_angles_and_classes_stay_what_they_are():
    space = LatentSpace((Part("s", (8,), Prior.SPHERE), Part("t", (1,), Prior.ANGLE), LABEL))
    codes = space.sample_many(2, 3)
    codes[:, 8] = [3.0, -3.0]
    mixed = mix(space, codes, mixing.by_part(space), [1, 1, 1], [0.5, 0.5, 0.5])
    assert np.linalg.norm(mixed[:8]) == pytest.approx(8**0.5, rel=1e-5)
    assert abs(mixed[8]) == pytest.approx(np.pi, abs=1e-3)  # the short way round
    assert mixed[9:].sum() == pytest.approx(1)


def test_the_table_has_the_sources_on_its_diagonal():
    codes = np.stack([A, B])
    groups = mixing.by_part(SPACE)
    table = transfer_table(SPACE, codes, groups)
    assert table.shape == (2, 2, 2, 7)
    np.testing.assert_array_equal(table[0, 0, 0], A)
    np.testing.assert_array_equal(table[1, 1, 1], B)
    np.testing.assert_array_equal(table[0, 1, 0], [1, 2, 3, 4, 1, 0, 0])
    np.testing.assert_array_equal(table[1, 0, 0], [0, 0, 0, 0, 0, 1, 0])


def test_an_analogy_of_equals_changes_nothing_and_keeps_the_length():
    space = LatentSpace((Part("z", (16,)),))
    a, b, c = space.sample_many(3, 0)
    np.testing.assert_array_equal(analogy(space, a, a, c), c)
    made = analogy(space, a, b, c)
    lengths = [np.linalg.norm(v) for v in (a, b, c)]
    assert np.linalg.norm(made) == pytest.approx(np.mean(lengths), rel=1e-4)
    plain = a - b + c
    assert made @ plain == pytest.approx(np.linalg.norm(made) * np.linalg.norm(plain), rel=1e-4)


def test_truncation_is_worked_in():
    code = Code({"z": np.ones(4, np.float32), "label": np.array([0, 1, 0], np.float32)}, 0.5)
    np.testing.assert_allclose(mixing.settled(SPACE, [code])[0], [0.5, 0.5, 0.5, 0.5, 0, 1, 0])
    assert mixing.settled(SPACE, []).shape == (0, 7)


def test_a_group_of_dimensions_masks():
    share = Group("g", "z", (1, 3)).share(np.array([1, 2, 3, 4], np.float32))
    np.testing.assert_array_equal(share, [0, 2, 0, 4])


def chunked(count=4, size=3):
    return LatentSpace(tuple(Part(f"chunk {i + 1}", (size,)) for i in range(count)))


def test_the_papers_table_takes_one_chunk_of_each_giver():
    space = chunked()
    rows, columns = space.sample_many(2, 0), space.sample_many(3, 1)
    found = table(space, rows, columns, [mixing.by_part(space)[1]])
    assert found.shape == (2, 3, 12)
    for r in range(2):
        for c in range(3):
            np.testing.assert_allclose(found[r, c, 3:6], columns[c, 3:6], atol=1e-6)
            np.testing.assert_array_equal(np.delete(found[r, c], [3, 4, 5]), np.delete(rows[r], [3, 4, 5]))


def test_many_exchanges_are_single_mixes():
    space = LatentSpace((Part("s", (8,), Prior.SPHERE), Part("t", (1,), Prior.ANGLE), LABEL))
    receivers, givers = space.sample_many(5, 0), space.sample_many(5, 1)
    for group in mixing.by_part(space):
        both = exchanged(space, receivers, givers, [group])
        one = [
            mix(space, np.stack(pair), [group], [1], [1.0]) for pair in zip(receivers, givers, strict=True)
        ]
        np.testing.assert_allclose(both, one, atol=1e-5)


def test_joined_groups_go_together_and_names_stay_with_idents():
    space = chunked()
    groups = with_names(
        mixing.by_part(space), {"chunk 1": "hair", "chunk 4": "gone"}, [["chunk 1", "chunk 3"]]
    )
    assert [(g.name, g.ident) for g in groups] == [
        ("hair", "chunk 1"), ("chunk 2", "chunk 2"), ("gone", "chunk 4"),
    ]  # fmt: skip
    a, b = space.sample_many(2, 0)
    mixed = mix(space, np.stack([a, b]), groups, [1, 0, 0], [1, 1, 1])
    np.testing.assert_allclose(mixed, np.concatenate([b[:3], a[3:6], b[6:9], a[9:]]), atol=1e-6)
    named = with_names(groups, {}, [["chunk 1", "other model"]])
    assert len(named) == 3


def test_coordinates_stand_side_by_side():
    space = chunked(2, 2)
    groups = with_names(mixing.by_part(space), {"chunk 2": "pose"})
    codes = space.sample_many(7, 0)
    columns, places = coordinates(space, codes, groups[::-1])
    assert places == {"pose": slice(0, 2), "chunk 1": slice(2, 4)}
    np.testing.assert_array_equal(columns, codes[:, [2, 3, 0, 1]])
    turned = np.array([[0, 2], [1, 0]], np.float32)
    by_row = mixing.by_direction(LatentSpace((Part("z", (2,)),)), turned)
    found, _ = coordinates(LatentSpace((Part("z", (2,)),)), codes[:, :2], by_row)
    np.testing.assert_allclose(found @ turned, codes[:, :2], atol=1e-5)


def test_chains_are_read_and_summed():
    assert read_chain("A − B + c - d + e", 5) == ([0, 2, 4], [1, 3])
    for wrong in ("A - B", "A + B", "A − Z + B", "3 - A", ""):
        with pytest.raises(BadRequest):
            read_chain(wrong, 4)
    space = LatentSpace((Part("z", (8,)),))
    a, b, c, d, e = space.sample_many(5, 2)
    np.testing.assert_array_equal(chain(space, np.stack([a, c]), b[None]), analogy(space, a, b, c))
    made = chain(space, np.stack([a, c, e]), np.stack([b, d]))
    plain = a - b + c - d + e
    lengths = [np.linalg.norm(v) for v in (a, b, c, d, e)]
    assert np.linalg.norm(made) == pytest.approx(np.mean(lengths), rel=1e-4)
    assert made @ plain == pytest.approx(np.linalg.norm(made) * np.linalg.norm(plain), rel=1e-4)


def test_half_way_between_two_noises_is_as_loud_as_noise():
    space = LatentSpace((Part("x_T", (1, 32, 32)), Part("z", (1024,))))
    codes = space.sample_many(2, 0)
    groups = mixing.by_part(space)
    half = mix(space, codes, groups, [1, 1], [0.5, 0.5])
    assert half[:1024].std() == pytest.approx(1, abs=0.05)
    assert half[1024:].std() == pytest.approx(0.5**0.5, abs=0.05)  # a code is blended as it is
    np.testing.assert_allclose(mix(space, codes, groups, [1, 1], [1, 1]), codes[1], atol=1e-6)
    np.testing.assert_array_equal(mix(space, codes, groups, [1, 1], [0, 0])[:1024], codes[0, :1024])
