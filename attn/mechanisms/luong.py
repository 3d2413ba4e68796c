"""Luong's global attention: the decoder's current state asks, by one of four scores."""

import numpy as np

from attn.ops.checks import check_shapes
from attn.ops.products import combine, combine_backward
from attn.ops.scores import (
    bilinear,
    bilinear_backward,
    concat,
    concat_backward,
    dot,
    dot_backward,
    location,
    location_backward,
)
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Mask


def dot_attention(q: Array, k: Array, v: Array, mask: Mask | None = None) -> tuple[Array, Array]:
    """Look up by the plain dot product: no parameters, so query and key share their features.

    alpha_i = softmax_j(q_iᵀ k_j),  c_i = Σ_j alpha_ij v_j

    Their h_t is our q_i; their h̄_s is both our k_j and our v_j.

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Luong et al. 2015, sec. 3.1, "dot".
    """
    check_shapes("q (..., n, d), k (..., m, d), v (..., m, p)", q, k, v)
    alpha = softmax(dot(q, k), mask)
    return combine(alpha, v), alpha


def dot_attention_backward(
    dc: Array, q: Array, k: Array, v: Array, alpha: Array
) -> tuple[Array, Array, Array]:
    """Gradient of dot_attention's context, from the weights it gave.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha),  dq = de k,  dk = deᵀ q

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), alpha (..., n, m)
        -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    return *dot_backward(softmax_backward(dalpha, alpha), q, k), dv


def general_attention(
    q: Array, k: Array, v: Array, W_a: Array, mask: Mask | None = None
) -> tuple[Array, Array]:
    """Look up by a learned product of query and key.

    alpha_i = softmax_j(q_iᵀ W_a k_j),  c_i = Σ_j alpha_ij v_j

    Shapes: q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, b), mask (..., n, m) | None
        -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Luong et al. 2015, sec. 3.1, "general".
    """
    check_shapes("q (..., n, d), k (..., m, b), v (..., m, p)", q, k, v)
    alpha = softmax(bilinear(q, k, W_a), mask)
    return combine(alpha, v), alpha


def general_attention_backward(
    dc: Array, q: Array, k: Array, v: Array, W_a: Array, alpha: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of general_attention's context, from the weights it gave.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha), then the gradient of bilinear

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, b),
        alpha (..., n, m) -> dq (..., n, d), dk (..., m, b), dv (..., m, p), dW_a (d, b)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    dq, dk, dW_a = bilinear_backward(softmax_backward(dalpha, alpha), q, k, W_a)
    return dq, dk, dv, dW_a


def concat_attention(
    q: Array, k: Array, v: Array, W_a: Array, v_a: Array, mask: Mask | None = None
) -> tuple[Array, Array]:
    """Look up by a small network over query and key, put end to end.

    alpha_i = softmax_j(v_aᵀ tanh(W_a [q_i; k_j])),  c_i = Σ_j alpha_ij v_j

    Shapes: q (..., n, d), k (..., m, b), v (..., m, p), W_a (d + b, a), v_a (a),
        mask (..., n, m) | None -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Luong et al. 2015, sec. 3.1, "concat".
    """
    check_shapes("q (..., n, d), k (..., m, b), v (..., m, p)", q, k, v)
    alpha = softmax(concat(q, k, W_a, v_a), mask)
    return combine(alpha, v), alpha


def concat_attention_backward(
    dc: Array, q: Array, k: Array, v: Array, W_a: Array, v_a: Array, alpha: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradient of concat_attention's context, from the weights it gave.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha), then the gradient of concat

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, b), v (..., m, p), W_a (d + b, a), v_a (a),
        alpha (..., n, m) -> dq (..., n, d), dk (..., m, b), dv (..., m, p), dW_a (d + b, a),
        dv_a (a)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    dq, dk, dW_a, dv_a = concat_backward(softmax_backward(dalpha, alpha), q, k, W_a, v_a)
    return dq, dk, dv, dW_a, dv_a


def location_attention(
    q: Array, k: Array, v: Array, W_a: Array, mask: Mask | None = None
) -> tuple[Array, Array]:
    """Look at places, whatever stands there: the keys are asked for nothing but their number.

    alpha_i = softmax_j((W_a q_i)_j),  j ≤ m;  c_i = Σ_j alpha_ij v_j

    W_a has a column for each of t places. A source may be shorter, and leaves the last ones unused.

    Shapes: q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, t), mask (..., n, m) | None
        -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys or more
        than places, or the mask is not boolean.
    Source: Luong et al. 2015, sec. 3.1, "location", which is why they fix the longest source.
    """
    check_shapes("q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, t)", q, k, v, W_a)
    places, m = W_a.shape[1], k.shape[-2]
    if m > places:
        raise ValueError(f"k: expected at most {places} keys, the places of W_a, got {m}")
    alpha = softmax(location(q, W_a[:, :m]), mask)
    return combine(alpha, v), alpha


def location_attention_backward(
    dc: Array, q: Array, k: Array, v: Array, W_a: Array, alpha: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of location_attention's context, from the weights it gave; the keys get none.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha),  dk = 0, then the gradient of location

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, t),
        alpha (..., n, m) -> dq (..., n, d), dk (..., m, b), dv (..., m, p), dW_a (d, t)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    m, dW_a = k.shape[-2], np.zeros_like(W_a)
    dq, dW_a[:, :m] = location_backward(softmax_backward(dalpha, alpha), q, W_a[:, :m])
    return dq, np.zeros_like(k), dv, dW_a
