import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.mechanisms import addressing
from attn.mechanisms.addressing import (
    content,
    interpolate,
    read,
    sharpen,
    sharpen_backward,
    shift,
    write,
)
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def simplex(rng, *shape):
    w = rng.random(shape) + 0.5
    return w / w.sum(axis=-1, keepdims=True)


def arguments(name, rng, rows=7):
    """A batch of two, seven rows of five numbers."""
    normal, w, M = rng.standard_normal, simplex(rng, 2, rows), rng.standard_normal((2, rows, 5))
    return {
        "content": (normal((2, 5)), 1 + rng.random(2), M),
        "interpolate": (w, rng.random(2), simplex(rng, 2, rows)),
        "shift": (w, simplex(rng, 2, 3)),
        "sharpen": (w, 1 + rng.random(2)),
        "read": (w, M),
        "write": (w, rng.random((2, 5)), normal((2, 5)), M),
    }[name]


def cosine(u, v):
    return sum(u * v) / math.sqrt(sum(u * u) * sum(v * v))


def test_content_is_the_softmax_of_the_sharpened_cosine(rng):
    k, beta, M = arguments("content", rng)
    w = content(k, beta, M)
    for b in range(2):
        z = [math.exp(beta[b] * cosine(k[b], M[b, i])) for i in range(7)]
        assert w[b] == pytest.approx([x / sum(z) for x in z], rel=1e-5)


def test_interpolate_is_a_blend_of_both(rng):
    w_c, g, w_prev = arguments("interpolate", rng)
    w = interpolate(w_c, g, w_prev)
    for b, i in np.ndindex(2, 7):
        assert w[b, i] == pytest.approx(g[b] * w_c[b, i] + (1 - g[b]) * w_prev[b, i])


def test_ntm_gate_zero_keeps_previous(rng):
    w_c, g, w_prev = arguments("interpolate", rng)
    assert np.array_equal(interpolate(w_c, np.zeros_like(g), w_prev), w_prev)
    assert np.array_equal(interpolate(w_c, np.ones_like(g), w_prev), w_c)


@pytest.mark.parametrize("moves", [1, 3, 5])
def test_shift_is_the_circular_sum_of_the_paper(rng, moves):
    w, s = simplex(rng, 2, 7), simplex(rng, 2, moves)
    shifted, r = shift(w, s), moves // 2
    for b, i in np.ndindex(2, 7):
        total = sum(w[b, (i - by) % 7] * s[b, r + by] for by in range(-r, r + 1))
        assert shifted[b, i] == pytest.approx(total)


def test_ntm_shift_is_circular():
    last = np.array([0.0, 0.0, 0.0, 1.0])
    back, stay, on = np.eye(3)
    assert shift(last, on).tolist() == [1, 0, 0, 0]
    assert shift(last, stay).tolist() == [0, 0, 0, 1]
    assert shift(last[::-1], back).tolist() == [0, 0, 0, 1]


def test_sharpen_is_a_normalized_power(rng):
    w, gamma = arguments("sharpen", rng)
    sharp = sharpen(w, gamma)
    for b in range(2):
        z = [x ** gamma[b] for x in w[b]]
        assert sharp[b] == pytest.approx([x / sum(z) for x in z])


def test_ntm_gamma_one_is_identity(rng):
    w = simplex(rng, 7)
    w[2] = 0
    w = w / w.sum()
    assert sharpen(w, np.array(1.0)) == pytest.approx(w)


@given(st.floats(1, 1e4))
def test_sharpening_survives_any_power(gamma):
    w = np.array([0.0, 1e-300, 0.2, 0.8])
    sharp = sharpen(w, np.array(gamma))
    assert sharp.sum() == pytest.approx(1)
    assert sharp[0] == 0
    assert sharp[3] >= 0.8
    assert all(np.isfinite(g).all() for g in sharpen_backward(np.arange(4.0), w, np.array(gamma)))


@given(st.integers(0, 2**32 - 1))
def test_ntm_weights_stay_simplex_at_each_stage(seed):
    rng = np.random.default_rng(seed)
    k, beta, M = arguments("content", rng)
    w_c = content(k, 50 * beta, M)
    w_g = interpolate(w_c, rng.random(2), simplex(rng, 2, 7))
    w_s = shift(w_g, simplex(rng, 2, 3))
    w = sharpen(w_s, 1 + 50 * rng.random(2))
    for stage in (w_c, w_g, w_s, w):
        assert (stage >= 0).all()
        assert stage.sum(axis=-1) == pytest.approx(1)


def test_read_is_the_weighted_sum_of_rows(rng):
    w, M = arguments("read", rng)
    r = read(w, M)
    for b, p in np.ndindex(2, 5):
        assert r[b, p] == pytest.approx(sum(w[b, i] * M[b, i, p] for i in range(7)))


def test_write_is_erase_then_add(rng):
    w, e, a, M = arguments("write", rng)
    new = write(w, e, a, M)
    for b, i, p in np.ndindex(2, 7, 5):
        erased = M[b, i, p] * (1 - w[b, i] * e[b, p])
        assert new[b, i, p] == pytest.approx(erased + w[b, i] * a[b, p])


def test_ntm_erase_then_add_order():
    w, e, a = np.array([1.0, 0.0]), np.ones(3), np.array([1.0, 2.0, 3.0])
    new = write(w, e, a, np.full((2, 3), 7.0))
    assert new.tolist() == [[1, 2, 3], [7, 7, 7]]


@pytest.mark.parametrize("gamma", [1e-3, 1.0, 50.0])
def test_a_weight_of_zero_stays_zero_whatever_the_power(gamma):
    w_s, gamma = np.array([0.0, 0.5, 0.5]), np.array(gamma)
    assert sharpen(w_s, gamma).tolist() == [0, 0.5, 0.5]
    dw_s, dgamma = sharpen_backward(np.array([1.0, 2.0, 3.0]), w_s, gamma)
    assert dw_s == pytest.approx(gamma * np.array([0, -0.5, 0.5]))
    assert dgamma == 0


def test_small_weights_have_their_gradient_too():
    w_s, dw = np.array([1e-12, 1e-4, 1 - 1e-4 - 1e-12]), np.array([1.0, 2.0, 3.0])
    dw_s, _ = sharpen_backward(dw, w_s, np.array(1.0))  # at gamma = 1: w_s / Σ w_s
    assert dw_s == pytest.approx(dw - sum(w_s * dw))


def test_sharpening_does_not_hide_nan():
    w_s = np.array([[np.nan, 0.5, 0.5], [0.0, 0.5, 0.5]])
    assert np.isnan(sharpen(w_s, np.ones(2))).all(axis=-1).tolist() == [True, False]


def test_nan_in_a_row_that_is_not_read_does_not_reach_what_is_read():
    w, M = np.array([[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]), np.ones((2, 3, 4))
    M[:, 1] = np.nan
    assert np.isnan(read(w, M)).all(axis=-1).tolist() == [False, True]
    e = a = np.ones((2, 4))
    assert np.isnan(write(w, e, a, M)).all(axis=-1).tolist() == [[False, True, False]] * 2
    k, beta = np.ones((2, 4)), np.ones(2)
    M[1] = 1
    assert np.isnan(content(k, beta, M)).all(axis=-1).tolist() == [True, False]


@pytest.mark.parametrize("zero", ["memory", "key"])
def test_ntm_zero_norm_memory_finite(rng, zero):
    k, beta, M = arguments("content", rng)
    k, M = (k, np.zeros_like(M)) if zero == "memory" else (np.zeros_like(k), M)
    assert content(k, beta, M) == pytest.approx(1 / 7)
    grads = addressing.content_backward(rng.standard_normal((2, 7)), k, beta, M)
    assert all(np.isfinite(g).all() for g in grads)


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("name", ["content", "interpolate", "shift", "sharpen", "read", "write"])
def test_gradcheck_addressing(rng, name, rows):
    f, f_backward = getattr(addressing, name), getattr(addressing, f"{name}_backward")
    assert gradcheck(f, f_backward, arguments(name, rng, rows), rng) < 1e-7


def test_gradcheck_content_and_sharpen_with_ties(rng):
    k, beta, M = arguments("content", rng)
    M[:] = M[:, :1]
    assert gradcheck(content, addressing.content_backward, (k, beta, M), rng) < 1e-7
    w, gamma = np.full((2, 7), 1 / 7), np.ones(2)
    assert gradcheck(sharpen, sharpen_backward, (w, gamma), rng) < 1e-7


def test_a_memory_shared_by_no_batch_needs_no_batch(rng):
    k, beta, M = (x[0] for x in arguments("content", rng))
    assert content(k, np.asarray(beta), M).shape == (7,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: content(x(5), x(), x(7, 4)), r"M: .* with d = 5, got \(7, 4\)"),
        (lambda x: content(x(5), x(), x(0, 5)), "M: .* at least one key"),
        (lambda x: content(x(2, 5), x(), x(2, 7, 5)), r"beta: .* \.\.\. = \(2,\), got \(\)"),
        (lambda x: content(x(5), 1.0, x(7, 5)), "beta: expected an array of floats, got float"),
        (lambda x: interpolate(x(7), x(), x(6)), r"w_prev: .* with m = 7, got \(6,\)"),
        (lambda x: shift(x(7), x(2)), "s: expected the moves −r … r, odd in number, got 2"),
        (lambda x: sharpen(x(7).astype(int), x()), "w_s: expected an array of floats, got int64"),
        (lambda x: read(x(7), x(6, 5)), r"M: .* with m = 7, got \(6, 5\)"),
        (lambda x: write(x(7), x(4), x(5), x(7, 5)), r"a: .* with d = 4, got \(5,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(lambda *shape: np.ones(shape))
