"""Scores against closed forms and scikit-learn, and without the known faults of published code."""

from __future__ import annotations

import numpy as np
import pytest

from backends.errors import BadData
from backends.votes import Groups
from explorer.latent.scores import FAST, Sample, scores
from explorer.latent.scores.chunks import average_precisions
from explorer.latent.scores.factor_vae import from_votes
from explorer.latent.scores.gaussian import total_correlation, wasserstein_correlation
from explorer.latent.scores.infomec import share_of_best
from explorer.latent.scores.information import neighbour_information
from explorer.latent.scores.irs import robustness
from explorer.latent.scores.mig import density_information
from explorer.latent.scores.modularity import area_under_curve
from explorer.latent.scores.sap import separate
from explorer.latent.scores.transfer import best_chunks, transfer
from explorer.latent.scores.udr import informative_nats, lasso, relative_strength, spearman, udr
from explorer.latent.task import Task
from tests.latent.scores.reference import grid_cases, identity, ten_factors


def run(name: str, sample: Sample, seed: int = 0):  # type: ignore[no-untyped-def]
    return scores()[name].run(sample, FAST, np.random.default_rng(seed), Task())


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# UDR


def mixed_up(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Codes, and the same in another order of dimensions with some signs turned."""
    z = np.random.default_rng(seed).uniform(size=(1000, 10))
    order = np.random.default_rng(1).permutation(10)
    return z, z[:, order] * np.where(np.arange(10) < 5, 1, -1)


@pytest.mark.parametrize("how", ["spearman", "lasso"])
def test_udr_sees_through_order_and_sign(how: str) -> None:
    found, pairs = udr(mixed_up(), how=how)
    assert found.shape == (2,)
    assert ((found >= 0.8) & (found <= 1)).all()
    assert np.isnan(np.diag(pairs)).all()


def test_udr_with_one_valid_dimension_needs_the_filter() -> None:
    z = normal(1000, 10)
    other = np.hstack([z[:, :1], normal(1000, 9, seed=1)])
    kl = np.eye(10)[0]
    assert (udr([z, other])[0] <= 0.2).all()
    assert (udr([z, other], [kl, kl])[0] >= 0.8).all()


def test_dimensions_that_say_nothing_are_known_by_their_variance() -> None:
    nats = informative_nats(np.stack([np.tile([0.9, -0.9], 50), np.tile([0.01, -0.01], 50)], axis=1))
    assert nats[0] == pytest.approx(-0.5 * np.log(1 - 0.81))
    assert nats[1] < 0.01


def test_relative_strength() -> None:
    assert relative_strength(np.eye(3)) == 1
    assert 0.6 <= relative_strength(np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])) <= 0.7
    assert 0.3 <= relative_strength(np.ones((3, 3))) <= 0.4
    assert relative_strength(np.zeros((3, 3))) == 0
    assert relative_strength(np.zeros((0, 3))) == 0


def test_relations_of_copied_dimensions() -> None:
    one = np.random.RandomState(0).random_sample((1000, 3)) * 10
    other = one.copy()
    other[:, 1] = other[:, 0]
    expected = np.array([[1.0, 1, 0], [0, 0, 0], [0, 0, 1]])
    for relate, near in ((spearman, 0.1), (lasso, 0.2)):
        np.testing.assert_allclose(relate(one, one), np.eye(3), atol=near)
        np.testing.assert_allclose(relate(one, other), expected, atol=near)


def test_udr_says_what_it_needs() -> None:
    with pytest.raises(BadData, match="several seeds"):
        udr([normal(10, 2)])
    with pytest.raises(BadData, match="different numbers"):
        udr([normal(10, 2), normal(11, 2)])


# Dependence of a Gaussian


def test_total_correlation_of_known_covariances() -> None:
    correlated = np.array([[1, 0.9], [0.9, 1]])
    assert total_correlation(np.eye(5)) == pytest.approx(0, abs=1e-12)
    assert total_correlation(correlated) == pytest.approx(-0.5 * np.log(0.19))
    assert total_correlation(np.ones((2, 2))) == np.inf


def test_wasserstein_correlation_of_known_covariances() -> None:
    from scipy.linalg import sqrtm

    correlated = np.array([[1, 0.9], [0.9, 1]])
    assert wasserstein_correlation(np.eye(5)) == pytest.approx(0, abs=1e-9)
    expected = np.trace(2 * correlated - 2 * np.real(sqrtm(correlated)))  # the diagonal is the identity
    assert wasserstein_correlation(correlated) == pytest.approx(expected)
    scaled = np.array([[4, 0.5], [0.5, 1]])
    expected = np.trace(2 * scaled - 2 * np.real(sqrtm(scaled @ np.diag(np.diag(scaled)))))
    assert wasserstein_correlation(scaled) == pytest.approx(expected)


def test_dependence_leaves_constants_out() -> None:
    z = np.hstack([normal(400, 3), np.ones((400, 2))])
    values = run("dependence", Sample.of(z)).values
    assert values["total_correlation"] < 0.05
    copied = run("dependence", Sample.of(np.hstack([z, z])))
    assert copied.values["total_correlation"] == np.inf
    assert "copy" in copied.note
    assert run("dependence", Sample.of(z[:, :1])).values["total_correlation"] == 0


# Information


def test_neighbours_agree_with_scikit_learn() -> None:
    from sklearn.feature_selection import mutual_info_classif

    labels = np.random.default_rng(0).integers(4, size=(500, 2))
    z = np.stack([labels[:, 0] + 0.3 * normal(500), normal(500, seed=1)], axis=1)
    found = neighbour_information(z, labels, np.random.default_rng(0))
    for k in range(2):
        expected = mutual_info_classif(z, labels[:, k], random_state=0)
        np.testing.assert_allclose(found[:, k], expected, atol=1e-6)


def test_rare_classes_don_t_break_the_neighbours() -> None:
    labels = np.zeros((60, 1), int)
    labels[0], labels[1:3] = 1, 2
    found = neighbour_information(normal(60, 2), labels, np.random.default_rng(0))
    assert np.isfinite(found).all()


def test_information_of_densities_of_two_far_peaks_is_their_entropy() -> None:
    labels = np.random.default_rng(0).integers(2, size=(600, 1))
    means = np.hstack([10.0 * labels, np.zeros((600, 1))])
    found = density_information(means, np.zeros((600, 2)), labels, np.random.default_rng(0), Task())
    np.testing.assert_allclose(found[:, 0], [np.log(2), 0], atol=0.01)


def test_information_of_densities_of_two_near_peaks_is_the_integral() -> None:
    labels = np.arange(2000)[:, None] % 2
    x = np.linspace(-9, 9, 4001)
    peaks = [np.exp(-((x - c) ** 2) / 2) / np.sqrt(2 * np.pi) for c in (-1, 1)]
    both = sum(peaks) / 2
    expected = sum(0.5 * np.trapezoid(p * np.log(p / both), x) for p in peaks)
    means = np.where(labels == 1, 1.0, -1.0)
    found = density_information(means, np.zeros((2000, 1)), labels, np.random.default_rng(0), Task())
    assert found[0, 0] == pytest.approx(expected, abs=0.03)


def test_densities_are_taken_of_samples_not_of_means() -> None:
    """An encoder whose noise drowns its means knows nothing, however well the means are sorted."""
    labels = np.random.default_rng(0).integers(2, size=(500, 1))
    means = 1.0 * labels
    quiet = Sample.of(means, labels, log_variances=np.full((500, 1), -8.0))
    loud = Sample.of(means, labels, log_variances=np.full((500, 1), 8.0))
    assert run("mig_sampled", quiet).values["mig_sampled"] > 0.9
    assert run("mig_sampled", loud).values["mig_sampled"] < 0.1
    assert run("mig", loud).values["mig"] > 0.9


def test_densities_keep_dimensions_apart() -> None:
    """A known fault reshapes where it must transpose, so that dimensions are scrambled and MIG vanishes."""
    labels = np.random.default_rng(0).integers(3, size=(400, 3))
    sample = Sample.of(labels * 5.0, labels, log_variances=np.full((400, 3), -4.0))
    result = run("mig_sampled", sample)
    assert result.values["mig_sampled"] > 0.9
    np.testing.assert_allclose(result.matrix, np.eye(3), atol=0.05)


# Parts of scores


def test_separation_is_that_of_scikit_learn() -> None:
    from sklearn.svm import LinearSVC

    for classes in (2, 5):
        labels = np.random.default_rng(0).integers(classes, size=300)
        z = labels + 0.7 * normal(300)
        made = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8).fit(z[:, None], labels)
        slopes, offsets = separate(z, labels, np.arange(classes))
        np.testing.assert_allclose(slopes[-len(made.coef_) :], made.coef_[:, 0], atol=1e-4)
        np.testing.assert_allclose(offsets[-len(made.coef_) :], made.intercept_, atol=1e-4)


def test_area_under_the_curve_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    positive = np.random.default_rng(0).random(200) < 0.3
    sure = np.round(positive + normal(200), 1)  # with ties
    weights = np.stack([np.ones(200), np.random.default_rng(1).integers(4, size=200)])
    expected = [roc_auc_score(positive, sure, sample_weight=w) for w in weights]
    np.testing.assert_allclose(area_under_curve(sure, positive, weights), expected)
    assert area_under_curve(np.zeros(200), positive, weights[:1])[0] == 0.5


def test_groups_draw_rows_that_share_a_value() -> None:
    values = np.array([0, 1, 1, 2, 2, 2, 0, 3])  # 3 occurs once and is never drawn
    groups, rng = Groups(values), np.random.default_rng(0)
    rows = groups.alike(200, 5, rng)
    assert (values[rows] == values[rows[:, :1]]).all()
    assert set(values[rows].ravel()) == {0, 1, 2}
    one, other = groups.pairs((100, 3), rng)
    assert (values[one] == values[other]).all()
    assert (one != other).all()


def test_shares_of_the_best() -> None:
    assert share_of_best(np.eye(4)) == 1
    assert share_of_best(np.ones((3, 4))) == pytest.approx(0)
    assert share_of_best(np.vstack([np.eye(4), np.zeros(4)])) == 1
    assert share_of_best(np.zeros((3, 4))) == 0
    assert share_of_best(np.ones((3, 1))) == 1


def test_infomec_of_exact_and_copied_codes() -> None:
    exact = run("infomec", identity(800)).values
    assert exact["infom"] > 0.95
    assert exact["infoc"] > 0.95
    assert exact["infoe"] > 0.95
    y = ten_factors(800)[:, :3]
    twice = run("infomec", Sample.of(np.hstack([y, y]), y)).values
    assert twice["infom"] > 0.9
    assert twice["infoc"] == pytest.approx((0.5 - 1 / 6) / (1 - 1 / 6), abs=0.05)
    narrow = run("infomec", Sample.of(np.hstack([y, y / 100]), y)).values  # inactive copies don't count
    assert narrow["infoc"] > 0.9


# Chunks and swaps


def test_average_precision_of_perfect_and_useless_chunks() -> None:
    labels = np.repeat(np.arange(5), 40)[:, None]
    perfect = average_precisions(labels * 1.0, labels, 50, Task())
    np.testing.assert_allclose(perfect, 1)
    useless = average_precisions(normal(200, 3), labels, 200, Task())
    assert useless.mean() == pytest.approx(0.2, abs=0.04)


def test_average_precision_of_a_hand_made_ranking() -> None:
    labels = np.array([0, 1, 0, 1, 0])[:, None]
    found = average_precisions(np.arange(5.0)[:, None], labels, 1, Task())
    assert found[0, 0] == pytest.approx((1 / 2 + 2 / 4) / 2)  # right at ranks 2 and 4


def test_chunks_hold_what_they_hold() -> None:
    labels = np.random.default_rng(0).integers(3, size=(600, 2))
    z = np.hstack([labels[:, :1] + 0.1 * normal(600, 1), normal(600, 2, seed=1)])
    sample = Sample.of(z, labels, chunks={"class": slice(0, 1), "style": slice(1, 3)})
    leaks = run("probe", sample).matrix
    assert leaks[0, 0] > 0.95
    np.testing.assert_allclose(leaks[1], 1 / 3, atol=0.12)
    found = run("retrieval", sample).matrix
    assert found[0, 0] > 0.95
    assert found[1, 0] < 0.45


def test_transfer_and_preservation() -> None:
    givers, receivers = np.array([[0, 1], [1, 1], [2, 0]]), np.array([[1, 0], [1, 2], [0, 0]])
    first = np.stack([givers[:, 0], receivers[:, 1]], axis=1)  # a chunk that carries the first factor only
    carried, kept = transfer(np.stack([first, receivers]), givers, receivers)
    np.testing.assert_allclose(carried, [[1, 0], [0, 0]])
    np.testing.assert_allclose(kept, [[0, 1], [1, 1]])
    assert best_chunks(carried, kept)[0] == (0, 1, 1)
    everything, _ = transfer(first[None], givers, receivers, only_differing=False)
    np.testing.assert_allclose(everything, [[1, 1 / 3]])
    nothing, _ = transfer(givers[None], givers, givers)
    assert np.isnan(nothing).all()
    assert best_chunks(nothing, nothing)[0][0] == -1
    with pytest.raises(BadData, match="shapes"):
        transfer(first, givers, receivers)


# Known faults of published code


def test_a_constant_dimension_has_no_vote_and_divides_nothing() -> None:
    sample = identity(500)
    codes = np.hstack([sample.codes, np.ones((500, 2))])
    with np.errstate(all="raise"):
        found = from_votes(Sample.of(codes, sample.factors), 500, 500, 5, np.random.default_rng(0), Task())
    assert found.values["factor_vae"] > 0.95
    assert not found.matrix[10:].any()


def test_active_dimensions_are_counted_not_summed() -> None:
    sample = identity(300)
    codes = np.hstack([sample.codes, np.zeros((300, 3))])
    assert robustness(Sample.of(codes, sample.factors))[2] == 10


def test_informativeness_is_accuracy_not_error() -> None:
    assert run("dci", identity(400)).values["informativeness"] > 0.9


def test_categories_can_be_left_out_of_mig() -> None:
    """Chen's MIG leaves shape out; ours takes the columns it is given."""
    sample = grid_cases(2000)["exact"]
    fewer = Sample.of(sample.codes, sample.factors[:, 1:])
    assert run("mig", fewer).matrix.shape == (5, 4)
    assert run("mig", fewer).values["mig"] != run("mig", sample).values["mig"]
