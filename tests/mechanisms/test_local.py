import math

import numpy as np
import pytest

from attn.mechanisms.local import (
    local_attention,
    local_attention_backward,
    local_m,
    local_m_backward,
    local_p,
    local_p_backward,
    predict,
    predict_backward,
)
from attn.ops.masks import padding, window
from attn.tools.gradcheck import gradcheck

D = 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def e(rng):
    return rng.standard_normal((2, 4, 7))


def places(rng, shape=(2, 4), m=7):
    """No place is so near to a window's edge that a step of gradcheck passes it."""
    return rng.integers(0, m, shape) + rng.uniform(0.1, 0.9, shape)


def arguments(rng):
    """Batch 2, 3 queries of 5 features, 9 keys of 4, values of 6."""
    normal = rng.standard_normal
    W_a, W_p, v_p = normal((5, 4)) / 2, normal((5, 11)) / 2, normal(11) / 2
    return normal((2, 3, 5)), normal((2, 9, 4)), normal((2, 9, 6)), W_a, W_p, v_p


def softmax_near(e, near):
    total = sum(math.exp(x) for x, seen in zip(e, near, strict=True) if seen)
    return [math.exp(x) / total if seen else 0 for x, seen in zip(e, near, strict=True)]


def test_local_m_is_the_sum_in_the_paper(e):
    alpha = local_m(e, D)
    for b, i in np.ndindex(2, 4):
        assert alpha[b, i] == pytest.approx(
            softmax_near(e[b, i], [abs(j - i) <= D for j in range(7)])
        )


def test_local_m_over_a_square_is_the_band_of_masks(rng):
    e = rng.standard_normal((5, 5))
    assert np.array_equal(local_m(e, 1) > 0, window(5, 1))


def test_local_m_row_by_row_is_local_m_at_once(e):
    mask = padding(np.array([7, 3]), 7)
    for i in range(4):
        row = local_m(e[:, i : i + 1], D, mask, first=i)
        assert np.array_equal(row, local_m(e, D, mask)[:, i : i + 1])


def test_local_m_behind_the_end_of_the_source_sees_nothing(e):
    alpha = local_m(e, 1, padding(np.array([7, 2]), 7), first=2)
    assert alpha[0].any(axis=-1).all()
    assert alpha[1].any(axis=-1).tolist() == [True, False, False, False]


def test_place_is_the_formula_of_the_paper(rng):
    q, _, _, _, W_p, v_p = arguments(rng)
    S = np.array([[9, 9, 9], [4, 4, 4]])
    p = predict(q, W_p, v_p, S)
    for b, i in np.ndindex(2, 3):
        t = [math.tanh(sum(W_p[:, a] * q[b, i])) for a in range(11)]
        assert p[b, i] == pytest.approx(S[b, i] / (1 + math.exp(-sum(v_p * t))))


def test_local_p_is_the_sum_in_the_paper(rng, e):
    p = places(rng)
    alpha = local_p(e, p, D)
    for b, i in np.ndindex(2, 4):
        align = softmax_near(e[b, i], [abs(j - p[b, i]) <= D for j in range(7)])
        bell = [math.exp(-((j - p[b, i]) ** 2) / (2 * (D / 2) ** 2)) for j in range(7)]
        assert alpha[b, i] == pytest.approx([a * g for a, g in zip(align, bell, strict=True)])


def test_local_p_sends_a_gradient_to_the_place(rng, e):
    p = places(rng)
    alpha = local_p(e, p, D)
    _, dp = local_p_backward(rng.standard_normal(alpha.shape), alpha, p, D)
    assert (np.abs(dp) > 1e-3).all()  # a hard window would send none
    assert (local_p(e, p + 1e-3, D) != alpha).any(axis=-1).all()


def test_local_p_weighs_the_middle_of_equal_scores_most():
    p = np.array([[3.0]])
    (alpha,) = local_p(np.zeros((1, 1, 7)), p, D)[0]
    assert alpha.argmax() == 3
    assert alpha[3] == 1 / 5
    assert alpha[1] == pytest.approx(math.exp(-2) / 5)
    assert alpha[[0, 6]].tolist() == [0, 0]


def test_local_p_jumps_only_where_the_edge_of_a_window_passes_a_word(e):
    def step(p):
        before, after = (local_p(e[:, :1], np.full((2, 1), p + s), D) for s in (-1e-9, 1e-9))
        return np.abs(after - before).max()

    assert step(3.0) > 1e-3
    assert step(3.5) < 1e-6


@pytest.mark.parametrize("case", ["generic", "one key", "ties", "masked", "all masked", "far"])
def test_gradcheck_local_p(rng, case):
    m = 1 if case == "one key" else 7
    e = np.ones((2, 4, m)) if case == "ties" else rng.standard_normal((2, 4, m))
    p = places(rng, m=m) + (99 if case == "far" else 0)
    mask = {"masked": rng.random((2, 4, 7)) < 0.5, "all masked": np.zeros(7, bool)}.get(case)

    def backward(dalpha, e, p):
        return local_p_backward(dalpha, local_p(e, p, D, mask), p, D)

    assert gradcheck(lambda e, p: local_p(e, p, D, mask), backward, (e, p), rng) < 1e-7


@pytest.mark.parametrize("masked", [False, True])
def test_gradcheck_local_m(rng, e, masked):
    mask = padding(np.array([7, 2]), 7) if masked else None

    def backward(dalpha, e):
        return local_m_backward(dalpha, local_m(e, D, mask))

    assert gradcheck(lambda e: local_m(e, D, mask), backward, (e,), rng) < 1e-7


def test_gradcheck_predict(rng):
    q, _, _, _, W_p, v_p = arguments(rng)
    S = np.array([[9, 0, 1], [4, 5, 6]])
    assert gradcheck(predict, predict_backward, (q, W_p, v_p, S), rng) < 1e-7


@pytest.mark.parametrize("case", ["generic", "padded", "all masked", "v_p = 0"])
def test_gradcheck_local_attention(rng, case):
    *args, v_p = arguments(rng)
    v_p = 0 * v_p if case == "v_p = 0" else v_p
    lengths = {"padded": np.array([9, 5]), "all masked": np.array([0, 0])}.get(case)
    mask = None if lengths is None else padding(lengths, 9)

    def f(*args):
        return local_attention(*args, 3, mask)[0]

    def backward(dc, *args):
        return local_attention_backward(dc, *args, 3, local_attention(*args, 3, mask)[1], mask)

    assert gradcheck(f, backward, (*args, v_p), rng) < 1e-7


def test_local_attention_is_its_three_steps(rng):
    q, k, v, W_a, W_p, v_p = arguments(rng)
    c, alpha = local_attention(q, k, v, W_a, W_p, v_p, D)
    p = predict(q, W_p, v_p, np.full((2, 3), 9))
    assert alpha == pytest.approx(local_p(np.einsum("bnd,de,bme->bnm", q, W_a, k), p, D))
    assert c == pytest.approx(np.einsum("bnm,bmp->bnp", alpha, v))


@pytest.mark.parametrize("pad", [0.0, 1e30, np.nan])
def test_pad_rows_change_nothing(rng, pad):
    q, k, v, *params = arguments(rng)
    c, alpha = local_attention(q, k, v, *params, D)
    k_pad, v_pad = (np.concatenate([x, np.full_like(x[:, :2], pad)], axis=1) for x in (k, v))
    mask = padding(np.array([9, 9]), 11)
    c_pad, alpha_pad = local_attention(q, k_pad, v_pad, *params, D, mask)
    assert alpha_pad[..., :9] == pytest.approx(alpha)
    assert not alpha_pad[..., 9:].any()
    assert c_pad == pytest.approx(c)
    dc = np.ones_like(c)
    grads = local_attention_backward(dc, q, k_pad, v_pad, *params, D, alpha_pad, mask)
    alone = local_attention_backward(dc, q, k, v, *params, D, alpha)
    for got, due in zip(grads, alone, strict=True):
        assert (got[:, :9] if got.ndim == 3 else got) == pytest.approx(due)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weight_too_small_for_its_type_has_a_finite_gradient(dtype):
    e = np.array([[[0.0, -1e4, 1.0]]], dtype)
    p = np.array([[1.25]], dtype)
    alpha = local_p(e, p, D)
    de, dp = local_p_backward(np.ones_like(alpha), alpha, p, D)
    assert np.isfinite(de).all()
    assert np.isfinite(dp).all()
    assert de.dtype == dp.dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: local_m(e, -1), "D: expected a whole number of at least 0, got -1"),
        (lambda e: local_m(e, 1, first=-1), "first: expected a whole number of at least 0, got -1"),
        (lambda e: local_p(e, np.ones((2, 3)), 1), r"p: .* with n = 4, got \(2, 3\)"),
        (lambda e: local_p(e, np.ones((2, 4)), 0), "D: expected a whole number of at least 1"),
        (lambda e: local_p(e, np.ones((2, 4), int), 1), "p: expected an array of floats"),
        (lambda e: local_p(e, np.ones((2, 4)), 1, np.ones(7)), "mask: expected booleans"),
        (
            lambda e: predict(e, np.ones((7, 2)), np.ones(2), np.ones((2, 4))),
            "S: expected an array of integers, got float64",
        ),
        (
            lambda e: predict(e, np.ones((7, 2)), np.ones(2), np.array([7, 7])),
            r"S: expected the shape \(2, 4\), got \(2,\)",
        ),
    ],
)
def test_bad_input_is_refused_by_name(e, call, message):
    with pytest.raises(ValueError, match=message):
        call(e)
