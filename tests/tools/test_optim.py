import math
from itertools import pairwise

import numpy as np
import pytest

from attn.tools.optim import adam, clip, rmsprop, sgd, warmup_cosine

THETA = {"a": np.array([1.0, -2.0]), "b": np.array([[3.0]])}
GRADS = [
    {"a": np.array([0.5, 0.1]), "b": np.array([[-2.0]])},
    {"a": np.array([0.2, -0.4]), "b": np.array([[1.0]])},
    {"a": np.array([0.0, 0.3]), "b": np.array([[0.0]])},
]


def run(update, **how):
    params, state = THETA, None
    for grads in GRADS:
        params, state = update(params, grads, state, 0.1, **how)
    return params


def one_by_one(step):
    """The same three steps, number by number: step(theta, g, memory, t) -> theta, memory."""
    result = {k: v.copy() for k, v in THETA.items()}
    for k, theta in result.items():
        for i in np.ndindex(theta.shape):
            memory = (0.0, 0.0)
            for t, grads in enumerate(GRADS, start=1):
                theta[i], memory = step(theta[i], grads[k][i], memory, t)
    return result


def sgd_step(theta, g, memory, t):
    u = 0.9 * memory[0] - 0.1 * g
    return theta + u, (u, 0)


def rmsprop_step(theta, g, memory, t):
    v = 0.9 * memory[0] + 0.1 * g**2
    return theta - 0.1 * g / (math.sqrt(v) + 1e-8), (v, 0)


def adam_step(theta, g, memory, t):
    m, v = 0.9 * memory[0] + 0.1 * g, 0.999 * memory[1] + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return theta - 0.1 * m_hat / (math.sqrt(v_hat) + 1e-8), (m, v)


@pytest.mark.parametrize(
    ("update", "step"), [(sgd, sgd_step), (rmsprop, rmsprop_step), (adam, adam_step)]
)
def test_three_steps_are_the_papers_numbers(update, step):
    expected = one_by_one(step)
    for key, theta in run(update).items():
        np.testing.assert_allclose(theta, expected[key], rtol=1e-9)


@pytest.mark.parametrize("update", [sgd, rmsprop, adam])
def test_optimizers_find_the_bottom_of_a_bowl(update):
    params, state = {"x": np.array([3.0, -2.0])}, None
    for t in range(500):
        rate = 0.1 * 0.99**t
        params, state = update(params, {"x": params["x"] * [1.0, 10.0]}, state, rate)
    np.testing.assert_allclose(params["x"], 0, atol=1e-2)


@pytest.mark.parametrize("update", [sgd, rmsprop, adam])
def test_optimizers_keep_float32_and_write_no_input(update):
    params = {"x": np.ones(3, np.float32)}
    grads = {"x": np.full(3, 0.5, np.float32)}
    state = None
    for _ in range(3):
        for array in (*params.values(), *grads.values()):
            array.flags.writeable = False
        params, state = update(params, grads, state, 0.1)
    assert params["x"].dtype == np.float32


@pytest.mark.parametrize("update", [sgd, rmsprop, adam])
def test_a_gradient_of_zero_moves_nothing(update):
    params, _ = update(THETA, {k: np.zeros_like(v) for k, v in THETA.items()}, None, 0.1)
    for key, theta in THETA.items():
        np.testing.assert_array_equal(params[key], theta)


def test_clipping_shortens_all_gradients_together():
    grads = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    short = clip(grads, 1.0)
    np.testing.assert_allclose(short["a"], [0.6, 0])
    np.testing.assert_allclose(short["b"], [[0.8]])
    for key, grad in clip(grads, 5.5).items():
        np.testing.assert_array_equal(grad, grads[key])
    assert not clip({"a": np.zeros(2)}, 1.0)["a"].any()


def test_clipping_sees_what_is_huge_and_what_is_no_number():
    huge = clip({"a": np.full(4, 1e20, np.float32)}, 1.0)["a"]
    np.testing.assert_allclose(huge, 0.5)
    assert huge.dtype == np.float32
    lost = clip({"a": np.array([np.nan]), "b": np.array([1e6])}, 1.0)
    assert np.isnan(lost["b"]).all()


def test_the_rate_rises_straight_and_falls_as_a_cosine():
    rates = [warmup_cosine(t, 110, peak=2.0, warmup=10, last=0.1) for t in range(110)]
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 10)
    assert rates[10] == 2.0
    assert rates[60] == pytest.approx(2.0 * 0.55)  # half way down
    assert 0.2 < rates[-1] < 0.21
    assert all(a > b for a, b in pairwise(rates[10:]))
