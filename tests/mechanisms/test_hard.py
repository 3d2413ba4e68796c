import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.mechanisms.attention import attention_backward
from attn.mechanisms.hard import (
    doubly_stochastic,
    doubly_stochastic_backward,
    entropy,
    entropy_backward,
    enumerate_gradient,
    gumbel_softmax,
    gumbel_softmax_backward,
    leave_one_out,
    moving_average,
    peak,
    read,
    read_backward,
    reinforce,
    sample,
    semi_sample,
    straight_through,
)
from attn.ops.masks import padding
from attn.ops.products import combine
from attn.ops.softmax import softmax
from attn.tools.gradcheck import gradcheck

FALSE_ALARM = 1e-6  # how probable it is that a test of means fails although the code is right
N = 200_000


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def alpha(rng):
    """Two rows of five weights."""
    return softmax(rng.standard_normal((2, 5)))


@pytest.fixture
def R(rng):
    """What each position earns: all near 5, so that a baseline matters."""
    return 5 + rng.standard_normal((2, 5))


def hoeffding(width, means):
    """How far from its expectation the mean of N draws may be, each in an interval of that width.

    Hoeffding 1963, Theorem 2: P(|mean − μ| ≥ t) ≤ 2 exp(−2 N t² / width²), for each of the means.
    """
    return width * math.sqrt(math.log(2 * means / FALSE_ALARM) / (2 * N))


def earned(R, s):
    return np.take_along_axis(R, s, axis=-1)


def outcomes(alpha, K):
    """All that K draws can be, a row each, and how probable each is."""
    s = np.array(list(itertools.product(range(len(alpha)), repeat=K)))
    return s, alpha[s].prod(axis=-1)


def mean_and_variance(estimate, R, alpha, K):
    """The exact moments of an estimate, by the sum over all that the K draws can be."""
    s, probability = outcomes(alpha, K)
    g = np.array([estimate(R[drawn], drawn, alpha) for drawn in s])
    mean = probability @ g
    return mean, probability @ ((g - mean) ** 2).sum(axis=-1)


def with_baseline(b):
    return lambda R, s, alpha: reinforce(R, s, alpha, b)


# Drawing and reading


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_are_as_frequent_as_they_weigh(rng, alpha, dtype):
    s = sample(alpha.astype(dtype), rng, draws=N)
    found = np.stack([np.bincount(row, minlength=5) / N for row in s])
    assert np.abs(found - alpha).max() < hoeffding(1, means=10)


def test_draws_of_different_rows_are_independent(rng):
    s = sample(np.full((N, 2, 2), 0.5), rng)
    assert abs((s[:, 0] == s[:, 1]).mean() - 0.5) < hoeffding(1, means=1)


def test_without_draws_there_is_one_a_row(rng, alpha):
    assert sample(alpha, rng).shape == (2,)
    assert sample(alpha, rng, draws=3).shape == (2, 3)
    assert sample(alpha[0], rng).shape == ()


@given(st.lists(st.sampled_from([0.0, 1e-30, 0.1, 0.3]), min_size=1, max_size=9))
def test_what_weighs_nothing_is_never_drawn(weights):
    alpha = np.array(weights, np.float32)  # their sum need not be 1, and is rounded
    s = sample(alpha, np.random.default_rng(0), draws=200)
    assert (s == -1).all() if not alpha.any() else (alpha[s] > 0).all()


def test_the_last_draw_stays_inside():
    ones = SimpleNamespace(random=lambda size: np.full(size, np.nextafter(1, 0)))
    for m in range(1, 200):
        alpha = np.full(m, 1 / m, np.float32)
        assert sample(alpha, ones) == m - 1
        assert sample(np.append(alpha, np.float32(0)), ones) == m - 1


def test_pad_rows_change_nothing(rng, alpha):
    padded = np.concatenate([alpha, np.zeros((2, 3))], axis=-1)
    s = sample(alpha, np.random.default_rng(1), draws=50)
    assert np.array_equal(sample(padded, np.random.default_rng(1), draws=50), s)
    assert np.array_equal(peak(padded), peak(alpha))


def test_read_is_the_value_drawn(rng):
    v, s = rng.standard_normal((2, 5, 3)), np.array([[0, 4, 4, -1], [2, -1, 1, 3]])
    c = read(s, v)
    for b, i in np.ndindex(s.shape):
        assert c[b, i].tolist() == ([0, 0, 0] if s[b, i] < 0 else v[b, s[b, i]].tolist())


def test_what_is_not_read_reaches_nothing(rng):
    v = rng.standard_normal((5, 3))
    v[[0, 3]] = np.nan
    s = np.array([1, -1, 4])
    assert np.isfinite(read(s, v)).all()
    assert np.isfinite(read_backward(np.ones((3, 3)), s, v)).all()


def test_soft_attention_is_the_mean_of_what_is_read(rng, alpha):
    v = rng.random((2, 5, 3))
    c = read(sample(alpha, rng, draws=N), v).mean(axis=1)
    assert np.abs(c - combine(alpha[:, None], v)[:, 0]).max() < hoeffding(1, means=6)


def test_peak_is_the_largest_weight(rng, alpha):
    assert peak(alpha).tolist() == [max(range(5), key=row.__getitem__) for row in alpha.tolist()]


def test_gradcheck_read(rng):
    s, v = np.array([[0, 4, 4, -1], [2, -1, 1, 3]]), rng.standard_normal((2, 5, 3))
    assert gradcheck(read, read_backward, (s, v), rng) < 1e-7


# The exact gradient


def test_enumerated_gradient_is_the_sum_over_all_positions(alpha, R):
    de = enumerate_gradient(R, alpha)
    for b, j in np.ndindex(2, 5):
        terms = [alpha[b, k] * R[b, k] * ((j == k) - alpha[b, j]) for k in range(5)]
        assert de[b, j] == pytest.approx(sum(terms))


@pytest.mark.parametrize("case", ["generic", "one position", "ties", "masked", "all masked"])
def test_gradcheck_enumerated(rng, case):
    e = rng.standard_normal((2, 1 if case == "one position" else 5))
    e = np.zeros_like(e) if case == "ties" else e
    R = rng.standard_normal(e.shape)
    mask = {"masked": rng.random((2, 5)) < 0.5, "all masked": np.zeros(5, bool)}.get(case)

    def J(e):
        return (softmax(e, mask) * R).sum(axis=-1)

    def J_backward(dJ, e):
        return dJ[:, None] * enumerate_gradient(R, softmax(e, mask))

    assert gradcheck(J, J_backward, (e,), rng) < 1e-7


def both_objectives(reward, slope, alpha, v):
    """Objective and gradient for the scores: of the reward of the blend, of the mean reward."""
    c, earned = alpha @ v, np.array([reward(v_j) for v_j in v])
    q, k = np.ones((1, 1)), np.log(alpha)[:, None]  # a query and keys that score as alpha does
    _, dk, _ = attention_backward(slope(c)[None], q, k, v, alpha[None])
    return (reward(c), dk[:, 0]), (alpha @ earned, enumerate_gradient(earned, alpha))


def test_soft_equals_hard_for_linear_reward(rng, alpha):
    v, a = rng.standard_normal((5, 3)), rng.standard_normal(3)
    soft, hard = both_objectives(lambda c: a @ c + 2, lambda c: a, alpha[0], v)
    assert soft[0] == pytest.approx(hard[0])
    assert soft[1] == pytest.approx(hard[1])


def test_soft_differs_from_hard_for_a_quadratic_reward(rng, alpha):
    v, a = rng.standard_normal((5, 3)), rng.standard_normal(3)
    soft, hard = both_objectives(
        lambda c: 1 - (c - a) @ (c - a), lambda c: -2 * (c - a), alpha[0], v
    )
    assert soft[0] > hard[0] + 0.1  # concave: Jensen
    assert np.linalg.norm(soft[1] - hard[1]) > 0.1 * np.linalg.norm(hard[1])


# Estimates from draws


@pytest.mark.parametrize("b", [0.0, 4.5, "one a draw"])
def test_reinforce_is_the_sum_in_the_paper(rng, alpha, b):
    s, R = rng.integers(5, size=(2, 3)), rng.standard_normal((2, 3))
    b = rng.standard_normal((2, 3)) if b == "one a draw" else b
    de = reinforce(R, s, alpha, b)
    for row, j in np.ndindex(2, 5):
        terms = [
            (R[row, k] - np.broadcast_to(b, (2, 3))[row, k]) * ((s[row, k] == j) - alpha[row, j])
            for k in range(3)
        ]
        assert de[row, j] == pytest.approx(sum(terms) / 3)


def test_leave_one_out_is_the_sum_in_the_paper(rng, alpha):
    s, R = rng.integers(5, size=(2, 4)), rng.standard_normal((2, 4))
    de = leave_one_out(R, s, alpha)
    for row, j in np.ndindex(2, 5):
        others = [np.mean([R[row, k] for k in range(4) if k != l]) for l in range(4)]
        terms = [(R[row, l] - others[l]) * ((s[row, l] == j) - alpha[row, j]) for l in range(4)]
        assert de[row, j] == pytest.approx(sum(terms) / 4)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_reinforce_unbiased_by_enumeration(alpha, R, K):
    mean, _ = mean_and_variance(reinforce, R[0], alpha[0], K)
    assert mean == pytest.approx(enumerate_gradient(R, alpha)[0], abs=1e-12)


@pytest.mark.parametrize("b", [-3.0, 5.0, 100.0])
def test_baseline_keeps_mean(alpha, R, b):
    mean, _ = mean_and_variance(with_baseline(b), R[0], alpha[0], K=2)
    assert mean == pytest.approx(enumerate_gradient(R, alpha)[0], abs=1e-12)


@pytest.mark.parametrize("K", [2, 3])
def test_leave_one_out_unbiased_by_enumeration(alpha, R, K):
    mean, _ = mean_and_variance(leave_one_out, R[0], alpha[0], K)
    assert mean == pytest.approx(enumerate_gradient(R, alpha)[0], abs=1e-12)


def test_a_baseline_that_knows_its_own_draw_is_biased(alpha, R):
    mean, _ = mean_and_variance(lambda R, s, alpha: reinforce(R, s, alpha, R), R[0], alpha[0], K=2)
    assert (mean == 0).all()


@pytest.mark.parametrize("estimate", [reinforce, with_baseline(5.0), leave_one_out])
def test_the_mean_over_draws_is_the_exact_gradient(rng, alpha, R, estimate):
    """The whole way, sample included; the range of an estimate is known from all its outcomes."""
    K, exact = 3, enumerate_gradient(R, alpha)
    for row in range(2):
        s, _ = outcomes(alpha[row], K)
        possible = np.array([estimate(R[row, one], one, alpha[row]) for one in s])
        s = sample(np.broadcast_to(alpha[row], (N, 5)), rng, draws=K)
        g = estimate(R[row, s], s, np.broadcast_to(alpha[row], (N, 5)))
        allowed = hoeffding(np.ptp(possible, axis=0), means=2 * 5)
        assert (np.abs(g.mean(axis=0) - exact[row]) < allowed).all()


def test_leave_one_out_scatters_less_than_no_baseline(alpha, R):
    """Not less than the best of baselines, which nobody knows beforehand."""
    for row in range(2):
        J = alpha[row] @ R[row]
        none, known, others = (
            mean_and_variance(estimate, R[row], alpha[row], K=3)[1]
            for estimate in (reinforce, with_baseline(J), leave_one_out)
        )
        assert known < others < none / 5


def test_moving_average_forgets_by_a_tenth(rng):
    b, rewards = 0.0, rng.standard_normal(20)
    for R in rewards:
        b = moving_average(b, R[None])
    assert b == pytest.approx(sum(0.1 * 0.9 ** (19 - k) * rewards[k] for k in range(20)))


# Estimates that use the slope of the reward


def test_straight_through_is_the_soft_gradient_at_the_draw(rng, alpha):
    v, dc = rng.standard_normal((3, 5, 4)), rng.standard_normal((3, 2, 4))
    rows = np.broadcast_to(alpha, (3, 2, 5))
    de = straight_through(dc, v, rows)
    for b, i, j in np.ndindex(de.shape):
        dalpha = [sum(dc[b, i] * v[b, k]) for k in range(5)]
        mean = sum(rows[b, i, k] * dalpha[k] for k in range(5))
        assert de[b, i, j] == pytest.approx(rows[b, i, j] * (dalpha[j] - mean))


def test_straight_through_is_exact_for_a_linear_reward_and_biased_for_a_quadratic(rng, alpha):
    v, a = rng.standard_normal((5, 3)), rng.standard_normal(3)
    alpha = alpha[0]
    linear, quadratic = (
        np.array([straight_through(dc(v_j)[None], v, alpha[None])[0] for v_j in v])
        for dc in (lambda c: a, lambda c: -2 * (c - a))
    )
    assert alpha @ linear == pytest.approx(enumerate_gradient(v @ a, alpha))
    exact = enumerate_gradient(-((v - a) ** 2).sum(axis=-1), alpha)
    assert np.linalg.norm(alpha @ quadratic - exact) > 0.1 * np.linalg.norm(exact)


def test_gumbel_softmax_is_the_formula_of_the_paper(rng):
    e, tau = rng.standard_normal((2, 5)), 0.7
    y = gumbel_softmax(e, np.random.default_rng(1), tau)
    g = np.random.default_rng(1).gumbel(size=(2, 5))
    for b in range(2):
        z = [math.exp((e[b, j] + g[b, j]) / tau) for j in range(5)]
        assert y[b] == pytest.approx([x / sum(z) for x in z])


def test_gumbel_softmax_has_its_peak_at_an_exact_draw(rng, alpha):
    e = np.broadcast_to(np.log(alpha[0]), (N, 5))
    s = peak(gumbel_softmax(e, rng, tau=0.5))
    found = np.bincount(s, minlength=5) / N
    assert np.abs(found - alpha[0]).max() < hoeffding(1, means=5)


def test_gumbel_softmax_is_one_hot_in_the_cold(rng, alpha):
    y = gumbel_softmax(np.log(alpha), rng, tau=1e-4)
    assert y == pytest.approx((np.arange(5) == peak(y)[:, None]).astype(float))


def test_a_temperature_of_numpy_does_not_widen_float32(rng):
    e, tau = rng.standard_normal((2, 5)).astype(np.float32), np.float64(0.5)
    y = gumbel_softmax(e, rng, tau)
    assert y.dtype == gumbel_softmax_backward(y, y, tau).dtype == np.float32


def test_gumbel_bias_shrinks_with_tau():
    """Two positions differ by logistic noise alone: the expectation is an integral, not a mean."""
    e, v = np.array([0.5, -0.3]), np.array([[-1.0], [2.0]])
    u = (np.arange(N) + 0.5) / N
    noise = SimpleNamespace(gumbel=lambda size: np.stack([np.log(u / (1 - u)), 0 * u], axis=-1))
    exact = enumerate_gradient(-(v[:, 0] ** 2), softmax(e))
    bias = []
    for tau in (2.0, 1.0, 0.5, 0.25, 0.125):
        y = gumbel_softmax(np.broadcast_to(e, (N, 2)), noise, tau)
        dc = -2 * (y @ v)
        mean = gumbel_softmax_backward(dc @ v.T, y, tau).mean(axis=0)
        bias.append(np.linalg.norm(mean - exact))
    assert bias == sorted(bias, reverse=True)
    assert bias[-1] < bias[0] / 4


@pytest.mark.parametrize("case", ["generic", "one position", "ties", "masked", "all masked"])
def test_gradcheck_gumbel_softmax(rng, case):
    e = rng.standard_normal((2, 1 if case == "one position" else 5))
    e = np.zeros_like(e) if case == "ties" else e
    mask = {"masked": rng.random((2, 5)) < 0.5, "all masked": np.zeros(5, bool)}.get(case)

    def f(e):
        return gumbel_softmax(e, np.random.default_rng(1), 0.7, mask)

    def f_backward(dy, e):
        return gumbel_softmax_backward(dy, f(e), 0.7)

    assert gradcheck(f, f_backward, (e,), rng) < 1e-7


# What steadies training


def test_entropy_is_the_sum_in_the_paper(rng):
    e = rng.standard_normal((2, 5))
    for b, H in enumerate(entropy(e)):
        z = [math.exp(x) for x in e[b]]
        assert pytest.approx(-sum(x / sum(z) * math.log(x / sum(z)) for x in z)) == H


def test_entropy_counts_the_positions_left_open():
    mask = np.arange(5) < np.array([[0], [1], [2], [5]])
    H = entropy(np.zeros((4, 5)), mask)
    assert pytest.approx([0, 0, math.log(2), math.log(5)]) == H


@pytest.mark.parametrize("case", ["generic", "ties", "sharp", "masked", "all masked"])
def test_gradcheck_entropy(rng, case):
    e = {"ties": 0, "sharp": 300}.get(case, 1) * rng.standard_normal((2, 5))
    mask = {"masked": rng.random((2, 5)) < 0.5, "all masked": np.zeros(5, bool)}.get(case)

    def f_backward(dH, e):
        return entropy_backward(dH, softmax(e, mask))

    assert gradcheck(lambda e: entropy(e, mask), f_backward, (e,), rng) < 1e-7


def test_half_of_the_rows_are_read_by_expectation(rng, alpha):
    rows = np.broadcast_to(alpha[0], (N, 5))
    drawn = sample(rows, rng, draws=2)
    w, s = semi_sample(drawn, rows, rng)
    blended = (s == -1).any(axis=-1)
    assert np.array_equal(blended, (s == -1).all(axis=-1))
    assert abs(blended.mean() - 0.5) < hoeffding(1, means=1)
    assert (w[blended] == alpha[0]).all()
    assert np.array_equal(w[~blended], np.eye(5)[drawn[~blended]])
    assert np.array_equal(s[~blended], drawn[~blended])


@pytest.mark.parametrize(("p", "rows"), [(0.0, 0), (1.0, 2)])
def test_semi_sampling_can_be_turned_off_and_on(rng, alpha, p, rows):
    drawn = sample(alpha, rng, draws=3)
    _, s = semi_sample(drawn, alpha, rng, p)
    assert ((s == -1).all(axis=-1)).sum() == rows


def test_a_row_that_was_blended_teaches_the_draws_nothing(alpha, R):
    s = np.array([[2, 0], [-1, -1]])
    de = reinforce(R[:, :2], s, alpha)
    assert (de[0] != 0).all()
    assert (de[1] == 0).all()


def test_doubly_stochastic_is_the_sum_in_the_paper(rng):
    alpha = softmax(rng.standard_normal((2, 3, 5)))
    for b, P in enumerate(doubly_stochastic(alpha)):
        terms = [(1 - sum(alpha[b, i, j] for i in range(3))) ** 2 for j in range(5)]
        assert pytest.approx(sum(terms)) == P


def test_equal_attention_for_all_inputs_costs_nothing(rng):
    assert doubly_stochastic(np.eye(5)[rng.permutation(5)]) == 0
    assert doubly_stochastic(np.zeros((0, 5))) == 0, "nobody looks: nobody misses anything"
    assert doubly_stochastic(np.full((5, 5), 0.2)) == pytest.approx(0)


def test_padding_need_not_be_attended_to(rng):
    e = rng.standard_normal((2, 3, 5))
    mask = padding(np.array([3, 5]), 5)
    P = doubly_stochastic(softmax(e, mask), mask)
    assert P[0] == pytest.approx(doubly_stochastic(softmax(e[0, :, :3])))
    assert P[1] == pytest.approx(doubly_stochastic(softmax(e[1])))


@pytest.mark.parametrize("case", ["generic", "masked", "all masked"])
def test_gradcheck_doubly_stochastic(rng, case):
    alpha = softmax(rng.standard_normal((2, 3, 5)))
    mask = {"masked": rng.random((2, 3, 5)) < 0.3, "all masked": np.zeros(5, bool)}.get(case)
    args = (alpha, mask)
    assert gradcheck(doubly_stochastic, doubly_stochastic_backward, args, rng) < 1e-7


# What may not happen


def test_all_masked_row_is_zero(rng, R):
    mask = np.array([[True], [False]])
    e, v = rng.standard_normal((2, 5)), rng.standard_normal((2, 5, 3))
    alpha = softmax(e, mask)
    s = sample(alpha, rng, draws=4)
    y = gumbel_softmax(e, rng, 0.5, mask)
    assert (s[1] == -1).all()
    assert peak(alpha)[1] == peak(y)[1] == -1
    c = read(s, v)
    w, _ = semi_sample(s, alpha, rng)
    earned = np.where(s < 0, np.nan, 1.0)
    for x in (
        c,
        w,
        enumerate_gradient(R, alpha),
        reinforce(earned, s, alpha),
        leave_one_out(earned, s, alpha),
        straight_through(np.ones_like(c), v, np.repeat(alpha[:, None], 4, axis=1)),
        gumbel_softmax_backward(np.ones_like(y), y, 0.5),
        entropy(e, mask),
        entropy_backward(np.ones(2), alpha),
    ):
        assert (x[1] == 0).all()


def test_a_masked_reward_is_irrelevant(rng):
    mask = padding(np.array([3, 4]), 5)[:, 0]
    alpha, R = softmax(rng.standard_normal((2, 5)), mask), rng.standard_normal((2, 5))
    de = enumerate_gradient(np.where(mask, R, np.nan), alpha)
    assert np.array_equal(de, enumerate_gradient(R, alpha))
    assert (de[~mask] == 0).all()
    s = sample(alpha, rng, draws=6)
    assert (leave_one_out(earned(R, s), s, alpha)[~mask] == 0).all()


@pytest.mark.parametrize("estimate", [reinforce, leave_one_out])
def test_nan_in_a_reward_reaches_its_own_row_alone(rng, alpha, estimate):
    R = rng.standard_normal((2, 3))
    R[0, 1] = np.nan
    de = estimate(R, sample(alpha, rng, draws=3), alpha)
    assert np.isnan(de).any(axis=-1).tolist() == [True, False]


def test_inputs_are_not_written(rng, alpha, R):
    s, v = sample(alpha, rng, draws=5), rng.standard_normal((2, 5, 3))
    inputs = alpha, R, s, v
    before = [x.copy() for x in inputs]
    read_backward(read(s, v), s, v)
    reinforce(R, s, alpha, R)
    leave_one_out(R, s, alpha)
    semi_sample(s, alpha, rng)
    entropy_backward(np.ones(2), alpha)
    gumbel_softmax_backward(R, gumbel_softmax(R, rng, 0.5), 0.5)
    assert all(np.array_equal(x, y) for x, y in zip(inputs, before, strict=True))


def test_a_draw_stays_within_weights_so_small_that_products_are_rounded_up(rng):
    smallest = np.finfo(float).smallest_subnormal
    assert (sample(np.array([0, smallest, 0]), rng, 100) == 1).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_each_of_many_positions_is_drawn_whatever_the_precision(rng, dtype):
    alpha = softmax(np.zeros(4096, dtype))
    counts = np.bincount(sample(alpha, rng, 100 * 4096), minlength=4096)
    assert counts.min() > 50  # of a hundred; a Poisson variable is below it once in 10⁷
    assert counts.max() < 160


ALPHA, DRAWN, EARNED = np.full((2, 5), 0.2), np.zeros((2, 3), int), np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: sample(ALPHA - 1, r), "alpha: expected weights of at least 0, got -0.8"),
        (lambda r: sample(ALPHA * np.nan, r), "alpha: expected weights of at least 0, got nan"),
        (lambda r: sample(ALPHA * np.inf, r), "alpha: expected finite weights, got inf"),
        (lambda r: sample(np.ones((2, 5), int), r), "alpha: .* array of floats, got int64"),
        (lambda r: sample(np.ones((2, 0)), r), "alpha: .* at least one key"),
        (lambda r: sample(ALPHA, r, draws=0), "draws: .* at least 1, got 0"),
        (lambda r: peak(ALPHA - 1), "alpha: expected weights of at least 0, got -0.8"),
        (
            lambda r: read(DRAWN, np.ones((3, 5, 4))),
            r"s: expected the shape \(3, 3\), got \(2, 3\)",
        ),
        (lambda r: read(DRAWN + 5, np.ones((2, 5, 4))), "s: expected 0 to 4, got 5 to 5"),
        (lambda r: read(DRAWN - 2, np.ones((2, 5, 4))), "s: expected 0 to 4, got -2 to -2"),
        (lambda r: read(EARNED, np.ones((2, 5, 4))), "s: .* array of integers, got float64"),
        (lambda r: enumerate_gradient(EARNED, ALPHA), r"alpha: .* with m = 3, got \(2, 5\)"),
        (lambda r: reinforce(EARNED[:1], DRAWN, ALPHA), r"alpha: .* = \(1,\), got \(2, 5\)"),
        (lambda r: reinforce(EARNED, DRAWN[:, :2], ALPHA), r"s: .* \(2, 3\), got \(2, 2\)"),
        (lambda r: reinforce(EARNED, DRAWN, ALPHA, EARNED[0]), r"b: expected .*, got \(3,\)"),
        (lambda r: reinforce(EARNED[:, :0], DRAWN[:, :0], ALPHA), "R: .* at least 1 draws"),
        (lambda r: leave_one_out(EARNED[:, :1], DRAWN[:, :1], ALPHA), "R: .* at least 2 draws"),
        (lambda r: moving_average(0.0, DRAWN), "R: .* array of floats, got int64"),
        (lambda r: straight_through(EARNED, ALPHA, EARNED), r"v: .* with p = 3, got \(2, 5\)"),
        (lambda r: gumbel_softmax(ALPHA, r, 0.0), "tau: expected a positive number, got 0.0"),
        (lambda r: gumbel_softmax(ALPHA, r, 1.0, ALPHA), "mask: expected booleans"),
        (lambda r: semi_sample(DRAWN, ALPHA, r, 1.5), "p: expected a probability, 0 to 1, got 1.5"),
        (lambda r: semi_sample(DRAWN[:1], ALPHA, r), r"s: .* \(2, 3\), got \(1, 3\)"),
        (lambda r: doubly_stochastic(ALPHA, np.ones((3, 5), bool)), "mask: .* broadcasts to"),
        (lambda r: entropy(ALPHA, np.ones(5)), "mask: expected booleans"),
    ],
)
def test_bad_input_is_refused_by_name(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng)
