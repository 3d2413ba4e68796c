import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from attn.ops.softmax import (
    cross_entropy,
    cross_entropy_backward,
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)
from attn.tools.gradcheck import gradcheck

INF, NAN = np.inf, np.nan
SCORES = arrays(float, array_shapes(max_dims=3, max_side=5), elements=st.floats(-1e3, 1e3))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def weights_by_hand(e, allowed):
    total = sum(math.exp(x) for x, seen in zip(e, allowed, strict=True) if seen)
    return [math.exp(x) / total if seen else 0.0 for x, seen in zip(e, allowed, strict=True)]


def test_weights_are_the_sum_in_the_paper(rng):
    e, mask = rng.standard_normal((2, 3, 5)), rng.random((2, 3, 5)) < 0.6
    mask[..., 0] = True
    plain, masked = softmax(e), softmax(e, mask)
    for row in np.ndindex(2, 3):
        assert plain[row] == pytest.approx(weights_by_hand(e[row], [True] * 5))
        assert masked[row] == pytest.approx(weights_by_hand(e[row], mask[row]))


@given(SCORES)
def test_rows_sum_to_one(e):
    assert softmax(e).sum(axis=-1) == pytest.approx(1)


@given(SCORES)
def test_weights_non_negative(e):
    assert (softmax(e) >= 0).all()


@given(SCORES, st.floats(-1e3, 1e3))
def test_score_shift_invariance(e, by):
    assert softmax(e + by) == pytest.approx(softmax(e), abs=1e-9)


@given(SCORES)
def test_the_order_of_the_keys_is_the_order_of_the_weights(e):
    assert softmax(e[..., ::-1]) == pytest.approx(softmax(e)[..., ::-1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_large_scores_finite(dtype):
    alpha = softmax(np.array([[1e30, 0, -1e30], [1e4, 1e4, 0]], dtype))
    assert alpha.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]
    largest = np.finfo(dtype).max
    assert softmax(np.array([largest, -largest, largest])).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize(
    ("e", "alpha"),
    [
        ([0, INF, 1], [0, 1, 0]),
        ([INF, 0, INF], [0.5, 0, 0.5]),
        ([-INF, 0, 0], [0, 0.5, 0.5]),
        ([-INF, -INF, INF], [0, 0, 1]),
        ([-INF, -INF], [0.5, 0.5]),
    ],
)
def test_infinite_scores_follow_the_limit(e, alpha):
    assert softmax(np.array(e, float)).tolist() == alpha
    with np.errstate(divide="ignore"):
        assert log_softmax(np.array(e, float)) == pytest.approx(np.log(alpha))


def test_among_masked_keys_infinite_scores_follow_the_limit_too():
    e = np.array([[-INF, -INF, 5], [INF, 1, INF], [1, 2, INF]])
    mask = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0]], bool)
    assert softmax(e, mask).tolist() == [[0.5, 0.5, 0], [1, 0, 0], [1, 0, 0]]


def test_nan_reaches_its_own_row_and_no_other():
    e = np.array([[0, NAN, 0], [0, 0, 0], [0, NAN, 0]])
    mask = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1]], bool)
    assert np.isnan(softmax(e)).all(axis=-1).tolist() == [True, False, True]
    assert np.array_equal(
        softmax(e, mask), [[NAN, NAN, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]], equal_nan=True
    )


def test_mask_true_means_allowed():
    assert softmax(np.zeros(3), np.array([True, False, False])).tolist() == [1, 0, 0]


def test_all_masked_row_is_zero(rng):
    e, mask = rng.standard_normal((2, 3)), np.array([[False] * 3, [True] * 3])
    alpha = softmax(e, mask)
    assert alpha[0].tolist() == [0, 0, 0]
    assert alpha[1].sum() == pytest.approx(1)
    assert (softmax_backward(np.ones((2, 3)), alpha)[0] == 0).all()


def test_a_mask_broadcasts_over_batch_and_queries(rng):
    e, mask = rng.standard_normal((2, 3, 5)), rng.random(5) < 0.5
    assert np.array_equal(softmax(e, mask), softmax(e, np.broadcast_to(mask, e.shape)))


def test_inputs_are_not_written(rng):
    e, mask = rng.standard_normal((3, 5)), rng.random((3, 5)) < 0.5
    before = e.copy(), mask.copy()
    softmax(e, mask)
    log_softmax(e)
    assert np.array_equal(e, before[0])
    assert np.array_equal(mask, before[1])


def test_float_mask_rejected():
    with pytest.raises(ValueError, match="mask: expected booleans, True = may attend, got float64"):
        softmax(np.zeros((2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize("shape", [(2,), (3, 3), (1, 2, 3)])
def test_a_mask_that_does_not_broadcast_is_refused(shape):
    with pytest.raises(ValueError, match=r"mask: expected a shape that broadcasts to \(2, 3\)"):
        softmax(np.zeros((2, 3)), np.ones(shape, bool))


def test_integer_logits_are_refused():
    with pytest.raises(ValueError, match="logits: expected an array of floats, got int64"):
        cross_entropy(np.ones((2, 3), int), np.zeros(2, int))


def test_an_empty_key_axis_is_refused():
    with pytest.raises(ValueError, match=r"e: .*at least one key, got \(2, 0\)"):
        softmax(np.zeros((2, 0)))


def test_integer_scores_are_refused():
    with pytest.raises(ValueError, match="e: expected an array of floats, got int64"):
        softmax(np.array([1, 2]))


def test_no_query_is_no_error():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("case", ["generic", "one key", "ties", "masked", "all masked"])
def test_gradcheck_softmax(rng, case):
    e = rng.standard_normal((2, 3, 1 if case == "one key" else 5))
    e = np.zeros_like(e) if case == "ties" else e
    mask = {"masked": rng.random(e.shape) < 0.5, "all masked": np.zeros(e.shape, bool)}.get(case)
    error = gradcheck(
        softmax, lambda g, e, mask: softmax_backward(g, softmax(e, mask)), (e, mask), rng
    )
    assert error < 1e-7


@pytest.mark.parametrize("keys", [1, 5])
def test_gradcheck_log_softmax(rng, keys):
    e = rng.standard_normal((2, 3, keys))
    error = gradcheck(log_softmax, lambda g, e: log_softmax_backward(g, log_softmax(e)), (e,), rng)
    assert error < 1e-7


def test_log_softmax_is_exact_where_the_weight_underflows():
    assert log_softmax(np.array([0.0, -2000.0])).tolist() == [0, -2000]


def test_cross_entropy_is_the_mean_surprise_of_the_kept_targets(rng):
    logits, targets = rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3))
    mask = np.array([[True, True, False], [True, False, False]])
    surprise = {
        i: -math.log(weights_by_hand(logits[i], [True] * 5)[targets[i]]) for i in np.ndindex(2, 3)
    }
    assert cross_entropy(logits, targets) == pytest.approx(sum(surprise.values()) / 6)
    kept = [surprise[i] for i in surprise if mask[i]]
    assert cross_entropy(logits, targets, mask) == pytest.approx(sum(kept) / 3)


def test_what_stands_at_a_masked_target_is_irrelevant(rng):
    logits, mask = rng.standard_normal((3, 5)), np.array([True, False, True])
    a, b = np.array([1, 2, 3]), np.array([1, -100, 3])
    assert cross_entropy(logits, a, mask) == cross_entropy(logits, b, mask)
    noisy = np.where(mask[:, None], logits, NAN)
    assert cross_entropy(noisy, b, mask) == cross_entropy(logits, a, mask)
    assert (cross_entropy_backward(1.0, noisy, b, mask)[1] == 0).all()


def test_no_target_no_loss(rng):
    logits, targets, mask = rng.standard_normal((3, 5)), np.zeros(3, int), np.zeros(3, bool)
    assert cross_entropy(logits, targets, mask) == 0
    assert (cross_entropy_backward(1.0, logits, targets, mask) == 0).all()


@pytest.mark.parametrize(
    "mask", [None, np.array([[1, 0, 1], [0, 0, 1]], bool), np.zeros((2, 3), bool)]
)
def test_gradcheck_cross_entropy(rng, mask):
    args = rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3)), mask
    assert gradcheck(cross_entropy, cross_entropy_backward, args, rng) < 1e-7


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.array([0, 5]), "targets: expected 0 to 4, got 0 to 5"),
        (np.array([-1, 0]), "targets: expected 0 to 4, got -1 to 0"),
        (np.array([0.0, 1.0]), "targets: expected an array of integers, got float64"),
        (np.array([0]), r"targets: expected the shape \(2,\), got \(1,\)"),
        ([0, 1], "targets: expected an array of integers, got list"),
    ],
)
def test_targets_that_are_no_classes_are_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(np.zeros((2, 5)), targets)
