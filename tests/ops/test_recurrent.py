import math

import numpy as np
import pytest

from attn.ops.lstm import lstm_sequence
from attn.ops.recurrent import (
    gru,
    gru_backward,
    gru_sequence,
    gru_sequence_backward,
    gru_step,
    lstm,
    lstm_backward,
)
from attn.tools.gradcheck import gradcheck

D, N, B, T = 3, 5, 2, 7


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def gru_params(rng):
    shapes = {"W": (D, 3 * N), "b": (3 * N,), "U": (N, 2 * N), "U_h": (N, N)}
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


def lstm_params(rng):
    shapes = {"W": (D, 4 * N), "b": (4 * N,), "U": (N, 4 * N)}
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


def sigma(x):
    return 1 / (1 + math.exp(-x))


def test_gru_is_the_paper_equation_unit_by_unit(rng):
    p, x, h = gru_params(rng), rng.standard_normal(D), rng.standard_normal(N)

    def a(j, U, state, column):
        inside = sum(x[i] * p["W"][i, j] for i in range(D)) + p["b"][j]
        return inside + sum(state[i] * U[i, column] for i in range(N))

    r = [sigma(a(j, p["U"], h, j)) for j in range(N)]
    z = [sigma(a(N + j, p["U"], h, N + j)) for j in range(N)]
    reset = [r[i] * h[i] for i in range(N)]
    new = [math.tanh(a(2 * N + j, p["U_h"], reset, j)) for j in range(N)]
    expected = [z[j] * h[j] + (1 - z[j]) * new[j] for j in range(N)]
    np.testing.assert_allclose(gru(x, h, p), expected, rtol=1e-12)


def test_an_open_update_gate_keeps_the_old_state(rng):
    p, x, h = gru_params(rng), rng.standard_normal((B, D)), rng.standard_normal((B, N))
    keep = {**p, "b": p["b"] + np.repeat([0.0, 1e3, 0.0], N)}
    np.testing.assert_array_equal(gru(x, h, keep), h)


@pytest.mark.parametrize("lead", [(B,), ()])
def test_gradcheck_gru(rng, lead):
    p, x, h = gru_params(rng), rng.standard_normal((*lead, D)), rng.standard_normal((*lead, N))

    def f(x, h, *weights):
        return gru(x, h, dict(zip(p, weights, strict=True)))

    def f_backward(g, x, h, *weights):
        dx, dh, dp = gru_backward(g, x, h, dict(zip(p, weights, strict=True)))
        return dx, dh, *(dp[key] for key in p)

    assert gradcheck(f, f_backward, (x, h, *p.values()), rng) < 1e-7


def test_a_sequence_is_step_after_step(rng):
    p = gru_params(rng)
    x, h_t = rng.standard_normal((T, B, D)), rng.standard_normal((B, N))
    h, _ = gru_sequence(x @ p["W"] + p["b"], h_t, p["U"], p["U_h"])
    for t in range(T):
        h_t = gru(x[t], h_t, p)
        np.testing.assert_allclose(h[t], h_t, rtol=1e-12)


@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize("length", [1, T])
def test_gradcheck_gru_sequence(rng, lead, length):
    args = (
        rng.standard_normal((length, *lead, B, 3 * N)),
        rng.standard_normal((*lead, B, N)),
        rng.standard_normal((*lead, N, 2 * N)),
        rng.standard_normal((*lead, N, N)),
    )

    def f_backward(g, a, h_0, U, U_h):
        return gru_sequence_backward(g, gru_sequence(a, h_0, U, U_h)[1], U, U_h)

    assert gradcheck(lambda *x: gru_sequence(*x)[0], f_backward, args, rng) < 1e-7


def test_grus_side_by_side_do_not_mix(rng):
    a, h_0 = rng.standard_normal((T, 2, B, 3 * N)), rng.standard_normal((2, B, N))
    U, U_h = rng.standard_normal((2, N, 2 * N)), rng.standard_normal((2, N, N))
    both, _ = gru_sequence(a, h_0, U, U_h)
    for k in range(2):
        alone, _ = gru_sequence(a[:, k], h_0[k], U[k], U_h[k])
        np.testing.assert_allclose(both[:, k], alone, rtol=1e-12)


def test_an_infinite_keep_gate_steps_over_padding_exactly(rng):
    a, h = rng.standard_normal((B, 3 * N)), rng.standard_normal((B, N))
    U, U_h = rng.standard_normal((N, 2 * N)), rng.standard_normal((N, N))
    a[:, N : 2 * N] = np.inf
    np.testing.assert_array_equal(gru_step(a, h, U, U_h)[0], h)
    dh = rng.standard_normal((1, B, N))
    _, trace = gru_sequence(a[np.newaxis], h, U, U_h)
    da, dh_0, dU, dU_h = gru_sequence_backward(dh, trace, U, U_h)
    np.testing.assert_array_equal(dh_0, dh[0])
    assert not any(d.any() for d in (da, dU, dU_h))


def test_lstm_is_the_equation_unit_by_unit(rng):
    p, x = lstm_params(rng), rng.standard_normal(D)
    h, c = rng.standard_normal((2, N))

    def a(j):
        return (
            sum(x[i] * p["W"][i, j] for i in range(D))
            + sum(h[i] * p["U"][i, j] for i in range(N))
            + p["b"][j]
        )

    h_t, c_t = lstm(x, h, c, p)
    for j in range(N):
        i, f, o = (sigma(a(gate * N + j)) for gate in range(3))
        cell = f * c[j] + i * math.tanh(a(3 * N + j))
        assert c_t[j] == pytest.approx(cell)
        assert h_t[j] == pytest.approx(o * math.tanh(cell))


def test_gradcheck_lstm(rng):
    p, x = lstm_params(rng), rng.standard_normal((B, D))
    h, c = rng.standard_normal((2, B, N))

    def f(x, h, c, *weights):
        return lstm(x, h, c, dict(zip(p, weights, strict=True)))

    def f_backward(g, x, h, c, *weights):
        *dstate, dp = lstm_backward(g, x, h, c, dict(zip(p, weights, strict=True)))
        return *dstate, *(dp[key] for key in p)

    assert gradcheck(f, f_backward, (x, h, c, *p.values()), rng) < 1e-7


def test_a_sequence_without_steps_is_refused(rng):
    h, U = np.zeros((B, N)), np.zeros((N, 2 * N))
    with pytest.raises(ValueError, match=r"len\(a\): expected a whole number of at least 1, got 0"):
        gru_sequence(np.zeros((0, B, 3 * N)), h, U, U[:, :N])
    with pytest.raises(ValueError, match=r"len\(a\): expected a whole number of at least 1, got 0"):
        lstm_sequence(np.zeros((0, B, 4 * N)), h, h, np.zeros((N, 4 * N)))


def test_states_that_do_not_fit_are_refused(rng):
    with pytest.raises(ValueError, match=r"W: expected \(d, 3n\) with 3n = 12, got \(3, 15\)"):
        gru(np.ones((B, D)), np.ones((B, N - 1)), gru_params(rng))
    with pytest.raises(ValueError, match=r"W: expected \(d, 4n\) with d = 2, got \(3, 20\)"):
        lstm(np.ones((B, 2)), np.ones((B, N)), np.ones((B, N)), lstm_params(rng))
    with pytest.raises(ValueError, match=r"W: expected \(d, 3n\) with 3n = 15, got \(3, 11\)"):
        gru(np.ones((B, D)), np.ones((B, N)), gru_params(rng) | {"W": np.ones((D, 2 * N + 1))})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_keep_the_dtype_and_write_no_input(rng, dtype):
    p = {key: value.astype(dtype) for key, value in gru_params(rng).items()}
    q = {key: value.astype(dtype) for key, value in lstm_params(rng).items()}
    x, h, c = np.ones((B, D), dtype), np.ones((B, N), dtype), np.ones((B, N), dtype)
    for array in (x, h, c, *p.values(), *q.values()):
        array.flags.writeable = False
    dx, dh, dp = gru_backward(h, x, h, p)
    outputs = [gru(x, h, p), dx, dh, *dp.values(), *lstm(x, h, c, q)]
    *dstate, dq = lstm_backward((h, c), x, h, c, q)
    assert {y.dtype for y in [*outputs, *dstate, *dq.values()]} == {np.dtype(dtype)}
