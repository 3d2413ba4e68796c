import math

import numpy as np
import pytest

from attn.mechanisms.attention import (
    additive_attention,
    additive_attention_backward,
    attention,
    attention_backward,
)
from attn.ops.masks import causal, padding
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def qkv(rng):
    return (*rng.standard_normal((2, 2, 5, 3)), rng.standard_normal((2, 5, 4)))


def additive_arguments(rng, keys=5):
    normal = rng.standard_normal
    q, k, v = normal((2, 3, 5)), normal((2, keys, 7)), normal((2, keys, 4))
    return q, k, v, normal((5, 11)) / 4, normal((7, 11)) / 4, normal(11) / 4


def by_hand(e, v):
    """The paper's two sums, for one row of scores."""
    total = sum(math.exp(x) for x in e)
    alpha = [math.exp(x) / total for x in e]
    return alpha, [sum(a * x for a, x in zip(alpha, column, strict=True)) for column in v.T]


def test_attention_is_the_sum_in_the_paper(qkv):
    q, k, v = qkv
    c, alpha = attention(q, k, v)
    for b, i in np.ndindex(2, 5):
        e = [sum(q[b, i] * k[b, j]) / math.sqrt(3) for j in range(5)]
        weights, context = by_hand(e, v[b])
        assert alpha[b, i] == pytest.approx(weights)
        assert c[b, i] == pytest.approx(context)


def test_additive_attention_is_the_sum_in_the_paper(rng):
    q, k, v, W_a, U_a, v_a = additive_arguments(rng)
    c, alpha = additive_attention(q, k, v, W_a, U_a, v_a)
    for b, i in np.ndindex(2, 3):
        e = [sum(v_a * np.tanh(W_a.T @ q[b, i] + U_a.T @ k[b, j])) for j in range(5)]
        weights, context = by_hand(e, v[b])
        assert alpha[b, i] == pytest.approx(weights)
        assert c[b, i] == pytest.approx(context)


def test_uniform_when_va_is_zero(rng):
    *args, v_a = additive_arguments(rng)
    alpha = additive_attention(*args, np.zeros_like(v_a))[1]
    assert (alpha == 1 / 5).all()


def test_encoder_state_order_equivariance(rng, qkv):
    q, k, v = qkv
    order = rng.permutation(5)
    c, alpha = attention(q, k, v)
    shuffled_c, shuffled_alpha = attention(q, k[:, order], v[:, order])
    assert shuffled_c == pytest.approx(c)
    assert shuffled_alpha == pytest.approx(alpha[..., order])


def test_a_key_that_fits_far_best_returns_its_value(qkv):
    _, k, v = qkv
    k = k / np.linalg.norm(k, axis=-1, keepdims=True)
    c, _ = attention(1e4 * k, k, v)
    assert c == pytest.approx(v)


def test_future_values_do_not_reach_the_past(rng, qkv):
    q, k, v = qkv
    c, alpha = attention(q, k, v, causal(5))
    assert (alpha[:, ~causal(5)] == 0).all()
    for t in (4, 3, 2, 1):
        k[:, t:], v[:, t:] = rng.standard_normal((2, 1, 1, 1))
        assert np.array_equal(attention(q, k, v, causal(5))[0][:, :t], c[:, :t])


def test_future_token_cannot_leak(qkv):
    q, k, v = qkv
    _, alpha = attention(q, k, v, causal(5))
    for i in range(5):
        dc = np.zeros((2, 5, 4))
        dc[:, i] = 1
        dq, dk, dv = attention_backward(dc, q, k, v, alpha)
        assert (dk[:, i + 1 :] == 0).all()
        assert (dv[:, i + 1 :] == 0).all()
        assert (np.delete(dq, i, axis=1) == 0).all()


def test_pad_rows_change_nothing(rng, qkv):
    q, k, v = qkv
    padded = [np.concatenate([x, rng.standard_normal((2, 2, x.shape[-1]))], axis=1) for x in (k, v)]
    c, alpha = attention(q, *padded, padding(np.array([5, 5]), 7))
    assert c == pytest.approx(attention(q, k, v)[0])
    assert (alpha[..., 5:] == 0).all()


@pytest.mark.parametrize("pad", [0.0, 1e30, np.inf, np.nan])
def test_pad_value_irrelevant(qkv, pad):
    q, k, v = qkv
    mask = padding(np.array([3, 4]), 5)
    c, alpha = attention(q, k, v, mask)
    hidden = ~np.broadcast_to(mask.mT, (2, 5, 1))
    k, v = np.where(hidden, pad, k), np.where(hidden, pad, v)
    with np.errstate(invalid="ignore"):  # inf - inf among scores that nobody may see
        c_pad, alpha_pad = attention(q, k, v, mask)
        grads = attention_backward(np.ones_like(c), q, k, v, alpha_pad)
    assert np.array_equal(alpha_pad, alpha)
    assert c_pad == pytest.approx(c)
    assert all(np.isfinite(g).all() for g in grads)


@pytest.mark.parametrize("pad", [0.0, 1e30, np.nan])
def test_pad_value_irrelevant_to_additive_attention(rng, pad):
    q, k, v, *params = additive_arguments(rng)
    mask = padding(np.array([3, 4]), 5)
    c, alpha = additive_attention(q, k, v, *params, mask)
    hidden = ~np.broadcast_to(mask.mT, (2, 5, 1))
    k, v = np.where(hidden, pad, k), np.where(hidden, pad, v)
    c_pad, alpha_pad = additive_attention(q, k, v, *params, mask)
    grads = additive_attention_backward(np.ones_like(c), q, k, v, *params, alpha_pad)
    assert np.array_equal(alpha_pad, alpha)
    assert c_pad == pytest.approx(c)
    assert all(np.isfinite(g).all() for g in grads)


def test_nan_in_a_query_reaches_its_own_row_alone(qkv):
    q, k, v = qkv
    q[0, 1] = np.nan
    c, _ = attention(q, k, v)
    touched = np.zeros((2, 5), bool)
    touched[0, 1] = True
    assert np.array_equal(np.isnan(c).any(axis=-1), touched)


def test_nan_in_the_future_does_not_reach_the_past(qkv):
    q, k, v = qkv
    k[:, 3, 0] = v[:, 3, 0] = np.nan
    c, alpha = attention(q, k, v, causal(5))
    assert np.isnan(c).any(axis=(0, 2)).tolist() == [False, False, False, True, True]
    dc = np.ones_like(c)
    dc[:, 3:] = 0
    assert np.isfinite(attention_backward(dc, q, k, v, alpha)[0][:, :3]).all()


def test_nan_goes_back_to_what_was_read_alone(rng):
    q, k, v, dc = rng.standard_normal((4, 3, 2))
    q[0] = np.nan  # sees the first key alone
    _, alpha = attention(q, k, v, causal(3))
    for grad in attention_backward(dc, q, k, v, alpha):
        assert np.isnan(grad).all(axis=-1).tolist() == [True, False, False]


def test_an_infinite_query_score_picks_its_key(qkv):
    _, _, v = qkv
    q, k = np.full((2, 5, 1), np.inf), np.full((2, 5, 1), -1.0)
    k[:, 2] = 1
    c, _ = attention(q, k, v)
    assert np.array_equal(c, np.broadcast_to(v[:, 2:3], c.shape))


def test_all_masked_row_is_zero(qkv):
    q, k, v = qkv
    mask = padding(np.array([5, 0]), 5)
    c, alpha = attention(q, k, v, mask)
    grads = attention_backward(np.ones_like(c), q, k, v, alpha)
    assert all((x[1] == 0).all() for x in (c, alpha, *grads))


@pytest.mark.parametrize("case", ["generic", "one key", "ties", "masked", "all masked"])
def test_gradcheck_attention(rng, case):
    keys = 1 if case == "one key" else 5
    q, k, v = (
        rng.standard_normal((2, 3, 7)),
        rng.standard_normal((2, keys, 7)),
        rng.random((2, keys, 4)),
    )
    k = np.ones_like(k) if case == "ties" else k
    mask = {"masked": rng.random((2, 3, 5)) < 0.5, "all masked": np.zeros(5, bool)}.get(case)

    def f_backward(dc, q, k, v):
        return attention_backward(dc, q, k, v, attention(q, k, v, mask)[1])

    assert gradcheck(lambda *args: attention(*args, mask)[0], f_backward, (q, k, v), rng) < 1e-7


@pytest.mark.parametrize("case", ["generic", "one key", "v_a = 0", "masked", "all masked"])
def test_gradcheck_additive_attention(rng, case):
    *args, v_a = additive_arguments(rng, keys=1 if case == "one key" else 5)
    args.append(np.zeros_like(v_a) if case == "v_a = 0" else v_a)
    mask = {"masked": rng.random((2, 3, 5)) < 0.5, "all masked": np.zeros(5, bool)}.get(case)

    def f_backward(dc, *args):
        return additive_attention_backward(dc, *args, additive_attention(*args, mask)[1])

    assert gradcheck(lambda *args: additive_attention(*args, mask)[0], f_backward, args, rng) < 1e-7


def test_inputs_are_not_written(qkv):
    before = [x.copy() for x in qkv]
    _, alpha = attention(*qkv, causal(5))
    attention_backward(np.ones((2, 5, 4)), *qkv, alpha)
    assert all(np.array_equal(x, y) for x, y in zip(qkv, before, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q": np.ones((2, 5, 4))}, r"k: .* with d = 4, got \(2, 5, 3\)"),
        ({"q": np.ones((5, 3))}, r"k: .* with \.\.\. = \(\), got \(2, 5, 3\)"),
        ({"v": np.ones((2, 6, 4))}, r"v: .* with m = 5, got \(2, 6, 4\)"),
        ({"k": np.ones((2, 0, 3)), "v": np.ones((2, 0, 4))}, "k: .* at least one key"),
        ({"v": np.ones((2, 5, 4), int)}, "v: expected an array of floats, got int64"),
        ({"mask": np.ones((5, 5))}, "mask: expected booleans, True = may attend, got float64"),
        ({"mask": np.ones((4, 5), bool)}, r"mask: .* broadcasts to \(2, 5, 5\), got \(4, 5\)"),
    ],
)
def test_bad_input_is_refused_by_name(qkv, change, message):
    arguments = dict(zip("qkv", qkv, strict=True)) | change
    with pytest.raises(ValueError, match=message):
        attention(**arguments)


@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (0, np.ones((3, 5)), r"k: .* with \.\.\. = \(\), got \(2, 5, 7\)"),
        (2, np.ones((2, 6, 4)), r"v: .* with m = 5, got \(2, 6, 4\)"),
        (2, np.ones((2, 5, 4), int), "v: expected an array of floats, got int64"),
        (3, np.ones((4, 11)), r"W_a: .* with d = 5, got \(4, 11\)"),
        (6, np.ones((3, 5)), "mask: expected booleans, True = may attend, got float64"),
        (6, np.ones((2, 3, 4), bool), r"mask: .* broadcasts to \(2, 3, 5\), got \(2, 3, 4\)"),
    ],
)
def test_bad_input_to_additive_attention_is_refused_by_name(rng, position, change, message):
    call = [*additive_arguments(rng), None]
    call[position] = change
    with pytest.raises(ValueError, match=message):
        additive_attention(*call)
