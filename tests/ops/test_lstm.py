import numpy as np
import pytest

from attn.ops.lstm import (
    lstm_sequence,
    lstm_sequence_backward,
    lstm_step,
    lstm_step_backward,
)
from attn.ops.recurrent import lstm, lstm_backward
from attn.tools.gradcheck import gradcheck

D, N, B, T = 3, 5, 2, 7


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng):
    shapes = {"W": (D, 4 * N), "b": (4 * N,), "U": (N, 4 * N)}
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}


def test_a_step_and_its_gradient_are_those_of_lstm(rng):
    p, x = parameters(rng), rng.standard_normal((B, D))
    h, c, *dout = rng.standard_normal((4, B, N))
    h_t, c_t, trace = lstm_step(x @ p["W"] + p["b"], h, c, p["U"])
    np.testing.assert_allclose((h_t, c_t), lstm(x, h, c, p), rtol=1e-12)
    da, dh, dc = lstm_step_backward(tuple(dout), trace, p["U"])
    dx, *dstate, dp = lstm_backward(tuple(dout), x, h, c, p)
    np.testing.assert_allclose((dh, dc), dstate, rtol=1e-12)
    np.testing.assert_allclose(da @ p["W"].T, dx, rtol=1e-12)
    np.testing.assert_allclose(da.sum(axis=0), dp["b"], rtol=1e-12)


def test_a_sequence_is_step_after_step(rng):
    p, x = parameters(rng), rng.standard_normal((T, B, D))
    h_t, c_t = rng.standard_normal((2, B, N))
    h, _ = lstm_sequence(x @ p["W"] + p["b"], h_t, c_t, p["U"])
    for t in range(T):
        h_t, c_t = lstm(x[t], h_t, c_t, p)
        np.testing.assert_allclose(h[t], h_t, rtol=1e-12)


@pytest.mark.parametrize("length", [1, T])
@pytest.mark.parametrize("lead", [(B,), (2, B)])
def test_gradcheck_lstm_sequence(rng, length, lead):
    a, U = rng.standard_normal((length, *lead, 4 * N)), rng.standard_normal((N, 4 * N))
    h_0, c_0 = rng.standard_normal((2, *lead, N))

    def f_backward(dh, a, h_0, c_0, U):
        return lstm_sequence_backward(dh, lstm_sequence(a, h_0, c_0, U)[1], U)

    error = gradcheck(lambda *args: lstm_sequence(*args)[0], f_backward, (a, h_0, c_0, U), rng)
    assert error < 1e-7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sequence_keeps_the_dtype_and_writes_no_input(rng, dtype):
    a, U = np.ones((T, B, 4 * N), dtype), np.ones((N, 4 * N), dtype)
    h_0, c_0, dh = np.ones((B, N), dtype), np.ones((B, N), dtype), np.ones((T, B, N), dtype)
    for array in (a, U, h_0, c_0, dh):
        array.flags.writeable = False
    h, trace = lstm_sequence(a, h_0, c_0, U)
    outputs = [h, *trace, *lstm_sequence_backward(dh, trace, U)]
    assert {y.dtype for y in outputs} == {np.dtype(dtype)}
