"""Layers without a memory: what stands between the mechanisms."""

import numpy as np

from attn.ops.arrays import as_rows
from attn.ops.checks import check_indices, check_shapes
from attn.ops.products import combine, project, project_backward
from attn.types import Array, Indices


def linear(x: Array, W: Array, b: Array) -> Array:
    """Map every row of x linearly and add a bias.

    y = x W + b

    Shapes: x (..., d), W (d, p), b (p) -> y (..., p)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: the affine layer; the papers write W x for a column x.
    """
    check_shapes("x (..., d), W (d, p), b (p)", x, W, b)
    return project(x, W) + b


def linear_backward(dy: Array, x: Array, W: Array, b: Array) -> tuple[Array, Array, Array]:
    """Gradient of linear: that of project, and the sum of all rows for the bias.

    dx = dy Wᵀ,  dW = Σ_i x_iᵀ dy_i,  db = Σ_i dy_i

    Shapes: dy (..., p), x (..., d), W (d, p), b (p) -> dx (..., d), dW (d, p), db (p)
    Source: the derivative of linear.
    """
    return *project_backward(dy, x, W), as_rows(dy).sum(axis=0)


def embedding(tokens: Indices, E: Array) -> Array:
    """Look up the vector of every token.

    y_i = E[token_i]

    Shapes: tokens (..., n), E (v, d) -> y (..., n, d)
    Raises: ValueError if E is not of floats, or tokens are not whole numbers from 0 to v − 1.
    Source: Bahdanau et al. 2015, app. A.2.1: their E x_i, with x_i a one-hot column.
    """
    check_shapes("E (v, d)", E)
    check_indices("tokens", tokens, np.shape(tokens), len(E))
    return E[tokens]


def embedding_backward(dy: Array, tokens: Indices, E: Array) -> Array:
    """Gradient of embedding: every vector collects from the places where its token stood.

    dE[u] = Σ_i onehot(token_i)_u dy_i

    Shapes: dy (..., n, d), tokens (..., n), E (v, d) -> dE (v, d)
    Source: the derivative of embedding.
    """
    onehot = tokens.reshape(-1, 1) == np.arange(len(E))
    return combine(onehot.T.astype(E.dtype), as_rows(dy))


@np.errstate(over="ignore")  # ∞ far below zero: there σ is 0
def sigmoid(x: Array) -> Array:
    """Squash into (0, 1): the opening of a gate.

    σ(x) = 1 / (1 + exp(−x))

    Shapes: x (...) -> s (...)
    Source: the logistic function; ½ (1 + tanh(x / 2)), which is equal, loses what is small.
    """
    return np.asarray(1 / (1 + np.exp(-x)))


def sigmoid_backward(ds: Array, s: Array) -> Array:
    """Gradient of sigmoid, from its output s.

    dx = ds s (1 − s)

    Shapes: ds (...), s (...) -> dx (...)
    Source: the derivative of sigmoid.
    """
    return ds * s * (1 - s)


def tanh_backward(dy: Array, y: Array) -> Array:
    """Gradient of np.tanh, from its output y.

    dx = dy (1 − y²)

    Shapes: dy (...), y (...) -> dx (...)
    Source: the derivative of tanh.
    """
    return dy - dy * y * y


def layer_norm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Give every row mean 0 and variance 1, then a learned scale and shift.

    y = γ (x − μ) / √(σ² + ε) + β

    μ and σ² are the mean and the variance of the row; the ε is not in the paper.

    Shapes: x (..., n, d), gamma (d), beta (d) -> y (..., n, d)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: Ba, Kiros, Hinton 2016, eq. 4.
    """
    check_shapes("x (..., d), gamma (d), beta (d)", x, gamma, beta)
    return gamma * _normalize(x, eps)[0] + beta


def layer_norm_backward(
    dy: Array, x: Array, gamma: Array, beta: Array, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradient of layer_norm: what would change mean or variance is projected out.

    dx = (g − mean(g) − x̂ mean(g x̂)) / √(σ² + ε),  g = γ dy,  dγ = Σ_i dy_i x̂_i,  dβ = Σ_i dy_i

    x̂ is the row with mean 0 and variance 1.

    Shapes: dy (..., n, d), x (..., n, d), gamma (d), beta (d)
        -> dx (..., n, d), dgamma (d), dbeta (d)
    Source: the derivative of Ba, Kiros, Hinton 2016, eq. 4.
    """
    x_hat, sd = _normalize(x, eps)
    g = gamma * dy
    dx = (g - _mean(g) - x_hat * _mean(g * x_hat)) / sd
    rows = tuple(range(x.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)


def _normalize(x: Array, eps: float) -> tuple[Array, Array]:
    centered = x - _mean(x)
    sd = np.sqrt(_mean(centered * centered) + eps)
    return centered / sd, sd


def _mean(x: Array) -> Array:
    return np.asarray(x.mean(axis=-1, keepdims=True))
