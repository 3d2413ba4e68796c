import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.mechanisms import addressing
from attn.mechanisms.addressing import (
    address,
    content,
    interpolate,
    read,
    read_heads,
    sharpen,
    sharpen_backward,
    shift,
    write,
    write_heads,
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
        "read_heads": (simplex(rng, 2, 3, rows), M),
        "write_heads": (
            simplex(rng, 2, 3, rows),
            rng.random((2, 3, 5)),
            normal((2, 3, 5)),
            M,
        ),
        "address": (
            normal((2, 3, 5)),
            1 + rng.random((2, 3)),
            rng.random((2, 3)),
            simplex(rng, 2, 3, 3),
            1 + rng.random((2, 3)),
            M,
            simplex(rng, 2, 3, rows),
        ),
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


def address_backward(dw, *args):
    return addressing.address_backward(dw, address(*args)[1], *args)


def each_head(k, beta, g, s, gamma, M, w_prev):
    """The stages one by one, a head at a time."""
    for h in range(k.shape[1]):
        w_g = interpolate(content(k[:, h], beta[:, h], M), g[:, h], w_prev[:, h])
        yield sharpen(shift(w_g, s[:, h]), gamma[:, h])


@pytest.mark.parametrize("zero", [None, "memory", "key"])
def test_address_is_the_four_stages_for_each_head(rng, zero):
    k, *settings, M, w_prev = arguments("address", rng)
    k, M = k * (zero != "key"), M * (zero != "memory")
    w, _ = address(k, *settings, M, w_prev)
    expected = np.stack([*each_head(k, *settings, M, w_prev)], axis=1)
    np.testing.assert_allclose(w, expected, rtol=1e-12)
    grads = address_backward(rng.standard_normal(w.shape), k, *settings, M, w_prev)
    assert all(np.isfinite(g).all() for g in grads)


def test_the_gradient_of_address_is_that_of_the_four_stages(rng):
    args = arguments("address", rng)
    k, beta, g, s, gamma, M, w_prev = args
    dw = rng.standard_normal(w_prev.shape)
    dk, dbeta, dg, ds, dgamma, dM, dw_prev = address_backward(dw, *args)
    dM_expected = np.zeros_like(M)
    for h in range(3):
        w_c = content(k[:, h], beta[:, h], M)
        w_g = interpolate(w_c, g[:, h], w_prev[:, h])
        dw_s, dgamma_h = sharpen_backward(dw[:, h], shift(w_g, s[:, h]), gamma[:, h])
        dw_g, ds_h = addressing.shift_backward(dw_s, w_g, s[:, h])
        dw_c, dg_h, dw_prev_h = addressing.interpolate_backward(dw_g, w_c, g[:, h], w_prev[:, h])
        dk_h, dbeta_h, dM_h = addressing.content_backward(dw_c, k[:, h], beta[:, h], M)
        dM_expected += dM_h
        pairs = [(dk, dk_h), (dbeta, dbeta_h), (dg, dg_h), (ds, ds_h), (dgamma, dgamma_h)]
        for got, expected in [*pairs, (dw_prev, dw_prev_h)]:
            np.testing.assert_allclose(got[:, h], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dM, dM_expected, rtol=1e-9, atol=1e-12)


def test_heads_read_as_if_alone(rng):
    w, M = arguments("read_heads", rng)
    r = read_heads(w, M)
    for h in range(3):
        np.testing.assert_allclose(r[:, h], read(w[:, h], M), rtol=1e-12)


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_write_heads_all_erase_then_all_add(rng, heads):
    w, e, a, M = arguments("write_heads", rng)
    w, e, a = w[:, :heads], e[:, :heads], a[:, :heads]
    new = write_heads(w, e, a, M)
    for b, i, p in np.ndindex(2, 7, 5):
        left = math.prod(1 - w[b, h, i] * e[b, h, p] for h in range(heads))
        added = sum(w[b, h, i] * a[b, h, p] for h in range(heads))
        assert new[b, i, p] == pytest.approx(M[b, i, p] * left + added)


def test_the_order_of_the_write_heads_changes_nothing(rng):
    w, e, a, M = arguments("write_heads", rng)
    turned = write_heads(w[:, ::-1], e[:, ::-1], a[:, ::-1], M)
    np.testing.assert_allclose(turned, write_heads(w, e, a, M), rtol=1e-12)


def test_one_write_head_writes_like_write(rng):
    w, e, a, M = arguments("write", rng)
    one = write_heads(w[:, None], e[:, None], a[:, None], M)
    np.testing.assert_allclose(one, write(w, e, a, M), rtol=1e-12)


def test_heads_that_erase_all_have_their_gradient(rng):
    w, e, a, M = arguments("write_heads", rng)
    w[:] = np.eye(7)[[2, 2, 5]]
    e[:] = 1  # two heads clear row 2: each finds that the other has done it
    _, de, _, dM = addressing.write_heads_backward(np.ones_like(M), w, e, a, M)
    assert de[:, 2] == pytest.approx(-M[:, 5])
    assert not de[:, :2].any()
    assert not dM[:, [2, 5]].any()


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("moves", [1, 3, 9])
def test_a_shift_may_go_round_the_ring_more_than_once(rng, rows, moves):
    w, s = simplex(rng, 2, rows), simplex(rng, 2, moves)
    expected = sum(s[:, by, None] * np.roll(w, by - moves // 2, axis=-1) for by in range(moves))
    np.testing.assert_allclose(shift(w, s), expected, rtol=1e-12)
    assert gradcheck(shift, addressing.shift_backward, (w, s), rng) < 1e-7


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
@pytest.mark.parametrize(
    "name",
    ["content", "interpolate", "shift", "sharpen", "read", "write", "read_heads", "write_heads"],
)
def test_gradcheck_addressing(rng, name, rows):
    f, f_backward = getattr(addressing, name), getattr(addressing, f"{name}_backward")
    assert gradcheck(f, f_backward, arguments(name, rng, rows), rng) < 1e-7


@pytest.mark.parametrize("rows", [1, 7])
def test_gradcheck_address(rng, rows):
    args = arguments("address", rng, rows)
    assert gradcheck(lambda *args: address(*args)[0], address_backward, args, rng) < 1e-7


def test_gradcheck_content_and_sharpen_with_ties(rng):
    k, beta, M = arguments("content", rng)
    M[:] = M[:, :1]
    assert gradcheck(content, addressing.content_backward, (k, beta, M), rng) < 1e-7
    w, gamma = np.full((2, 7), 1 / 7), np.ones(2)
    assert gradcheck(sharpen, sharpen_backward, (w, gamma), rng) < 1e-7


def test_a_memory_shared_by_no_batch_needs_no_batch(rng):
    k, beta, M = (x[0] for x in arguments("content", rng))
    assert content(k, np.asarray(beta), M).shape == (7,)


def _five(x):
    return x(2, 5), x(2), x(2), x(2, 3), x(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: content(x(5), x(), x(7, 4)), r"M: .* with d = 5, got \(7, 4\)"),
        (lambda x: content(x(5), x(), x(0, 5)), "M: .* at least one key"),
        (lambda x: content(x(2, 5), x(), x(2, 7, 5)), r"beta: .* \.\.\. = \(2,\), got \(\)"),
        (lambda x: content(x(5), 1.0, x(7, 5)), "beta: expected an array of floats, got float"),
        (lambda x: interpolate(x(7), x(), x(6)), r"w_prev: .* with m = 7, got \(6,\)"),
        (lambda x: shift(x(7), x(2)), "s: expected an odd number of moves, got 2"),
        (lambda x: sharpen(x(7).astype(int), x()), "w_s: expected an array of floats, got int64"),
        (lambda x: read(x(7), x(6, 5)), r"M: .* with m = 7, got \(6, 5\)"),
        (lambda x: write(x(7), x(4), x(5), x(7, 5)), r"a: .* with d = 4, got \(5,\)"),
        (lambda x: read_heads(x(2, 7), x(6, 5)), r"M: .* with m = 7, got \(6, 5\)"),
        (lambda x: write_heads(x(2, 7), x(3, 5), x(3, 5), x(7, 5)), r"e: .* with h = 2, got \(3"),
        (lambda x: address(*_five(x), x(7, 4), x(2, 7)), r"M: .* with d = 5, got \(7, 4\)"),
        (lambda x: address(*_five(x), x(7, 5), x(2, 6)), r"w_prev: .* with m = 7, got \(2, 6\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(lambda *shape: np.ones(shape))
