import numpy as np
import pytest

from attn.ops.layers import (
    embedding,
    embedding_backward,
    layer_norm,
    layer_norm_backward,
    linear,
    linear_backward,
    sigmoid,
    sigmoid_backward,
    tanh_backward,
)
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_linear_is_a_weighted_sum_and_a_bias(rng):
    x, W, b = rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7)), rng.standard_normal(7)
    y = linear(x, W, b)
    for k, i, j in np.ndindex(2, 3, 7):
        assert y[k, i, j] == pytest.approx(sum(x[k, i, p] * W[p, j] for p in range(5)) + b[j])


def test_gradcheck_linear(rng):
    args = rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7)), rng.standard_normal(7)
    assert gradcheck(linear, linear_backward, args, rng) < 1e-7


def test_linear_refuses_a_width_that_does_not_fit():
    with pytest.raises(ValueError, match=r"W: expected \(d, p\) with d = 3, got \(5, 7\)"):
        linear(np.ones((2, 3)), np.ones((5, 7)), np.ones(7))


def test_embedding_looks_up_rows(rng):
    E = rng.standard_normal((7, 5))
    tokens = np.array([[3, 3, 0], [6, 1, 3]])
    y = embedding(tokens, E)
    assert y.shape == (2, 3, 5)
    assert all((y[i, j] == E[tokens[i, j]]).all() for i, j in np.ndindex(2, 3))


@pytest.mark.parametrize("shape", [(2, 3), (4, 1), (11,), (0,)])
def test_gradcheck_embedding_with_repeated_and_absent_tokens(rng, shape):
    args = rng.integers(0, 5, shape), rng.standard_normal((7, 5))
    assert gradcheck(embedding, embedding_backward, args, rng) < 1e-7


def test_nan_in_a_gradient_reaches_its_own_vector_alone():
    dE = embedding_backward(
        np.array([[1.0], [np.nan], [2.0]]), np.array([3, 1, 3]), np.ones((5, 1))
    )
    assert np.array_equal(dE, [[0], [np.nan], [0], [3], [0]], equal_nan=True)


def test_tokens_outside_the_table_or_not_whole_are_refused():
    E = np.ones((7, 5))
    with pytest.raises(ValueError, match="tokens: expected 0 to 6, got 0 to 7"):
        embedding(np.array([0, 7]), E)
    with pytest.raises(ValueError, match="tokens: expected 0 to 6, got -1 to 2"):
        embedding(np.array([-1, 2]), E)
    with pytest.raises(ValueError, match="tokens: expected an array of integers, got float64"):
        embedding(np.array([0.0]), E)
    with pytest.raises(ValueError, match="E: expected an array of floats, got list"):
        embedding(np.array([0]), [[1.0]])


def test_sigmoid_is_exact_and_does_not_overflow():
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-14)
    left = np.array([-80.0, -18.0, -15.0], np.float32)  # close to 0, but not 0
    np.testing.assert_allclose(sigmoid(left), np.exp(left.astype(float)), rtol=1e-6)
    extreme = np.array([-np.inf, -1e4, 1e4, np.inf], np.float32)
    np.testing.assert_array_equal(sigmoid(extreme), np.array([0, 0, 1, 1], np.float32))


def test_gradcheck_sigmoid_and_tanh(rng):
    x = rng.standard_normal((3, 5))
    assert gradcheck(sigmoid, lambda g, x: sigmoid_backward(g, sigmoid(x)), (x,), rng) < 1e-7
    assert gradcheck(np.tanh, lambda g, x: tanh_backward(g, np.tanh(x)), (x,), rng) < 1e-7


def test_layer_norm_gives_each_row_mean_zero_and_variance_one(rng):
    x = 3 + 5 * rng.standard_normal((2, 3, 11))
    y = layer_norm(x, np.ones(11), np.zeros(11))
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-4)


def test_layer_norm_refuses_a_width_that_does_not_fit():
    with pytest.raises(ValueError, match=r"gamma: expected \(d\) with d = 3, got \(1,\)"):
        layer_norm(np.ones((2, 3)), np.ones(1), np.ones(3))


def test_layer_norm_is_the_equation_row_by_row(rng):
    x, gamma, beta, eps = rng.random((3, 5)), rng.random(5), rng.random(5), 0.5
    y = layer_norm(x, gamma, beta, eps)
    for i, j in np.ndindex(3, 5):
        mean = sum(x[i]) / 5
        variance = sum((x[i] - mean) ** 2) / 5
        expected = gamma[j] * (x[i, j] - mean) / (variance + eps) ** 0.5 + beta[j]
        assert y[i, j] == pytest.approx(expected)


def test_gradcheck_layer_norm(rng):
    args = rng.standard_normal((2, 3, 5)), rng.standard_normal(5), rng.standard_normal(5)
    assert gradcheck(layer_norm, layer_norm_backward, args, rng) < 1e-7
    constant = np.ones((2, 3, 5)), *args[1:]  # variance 0: only eps keeps it finite
    assert np.isfinite(layer_norm_backward(np.ones((2, 3, 5)), *constant)[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_keep_the_dtype_of_their_input(dtype):
    x, W, b = np.ones((2, 3), dtype), np.ones((3, 3), dtype), np.ones(3, dtype)
    tokens = np.array([1, 1])
    outputs = [
        linear(x, W, b),
        *linear_backward(x, x, W, b),
        embedding(tokens, W),
        embedding_backward(x, tokens, W),
        sigmoid(x),
        sigmoid_backward(x, x),
        tanh_backward(x, x),
        layer_norm(x, b, b),
        *layer_norm_backward(x, x, b, b),
    ]
    assert {y.dtype for y in outputs} == {np.dtype(dtype)}
