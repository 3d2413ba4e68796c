"""Score, normalize, combine: attention in three lines, once scaled and once additive."""

from attn.ops.checks import check_shapes
from attn.ops.products import combine, combine_backward
from attn.ops.scores import additive, additive_backward, scaled_dot, scaled_dot_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Mask


def attention(q: Array, k: Array, v: Array, mask: Mask | None = None) -> tuple[Array, Array]:
    """Look up each query among the keys and bring back a blend of their values.

    c = softmax(q kᵀ / √d) v

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Vaswani et al. 2017, eq. 1.
    """
    check_shapes("q (..., n, d), k (..., m, d), v (..., m, p)", q, k, v)
    e = scaled_dot(q, k)
    alpha = softmax(e, mask)
    c = combine(alpha, v)
    return c, alpha


def attention_backward(
    dc: Array, q: Array, k: Array, v: Array, alpha: Array
) -> tuple[Array, Array, Array]:
    """Gradient of attention's context: the three steps in reverse, from the weights it gave.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha),  dq = de k / √d,  dk = deᵀ q / √d,
    dv = alphaᵀ dc

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), alpha (..., n, m)
        -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Source: the derivative of Vaswani et al. 2017, eq. 1.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    de = softmax_backward(dalpha, alpha)
    dq, dk = scaled_dot_backward(de, q, k)
    return dq, dk, dv


def additive_attention(
    q: Array,
    k: Array,
    v: Array,
    W_a: Array,
    U_a: Array,
    v_a: Array,
    mask: Mask | None = None,
) -> tuple[Array, Array]:
    """Look up each query by a learned score; at v_a = 0, where training starts, all weigh the same.

    e_ij = v_aᵀ tanh(W_a q_i + U_a k_j),  alpha_i = softmax(e_i),  c_i = Σ_j alpha_ij v_j

    Their s_{i−1} is our q_i; their h_j is both our k_j and our v_j.

    Shapes: q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, a), U_a (b, a), v_a (a),
        mask (..., n, m) | None -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Bahdanau et al. 2015, eqs. 5 and 6, app. A.1.2.
    """
    check_shapes("q (..., n, d), k (..., m, b), v (..., m, p)", q, k, v)
    e = additive(q, k, W_a, U_a, v_a)
    alpha = softmax(e, mask)
    c = combine(alpha, v)
    return c, alpha


def additive_attention_backward(
    dc: Array,
    q: Array,
    k: Array,
    v: Array,
    W_a: Array,
    U_a: Array,
    v_a: Array,
    alpha: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of additive_attention's context, from the weights it gave.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha), then the gradient of additive

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, a), U_a (b, a),
        v_a (a), alpha (..., n, m) -> dq (..., n, d), dk (..., m, b), dv (..., m, p),
        dW_a (d, a), dU_a (b, a), dv_a (a)
    Source: the derivative of Bahdanau et al. 2015, eqs. 5 and 6, app. A.1.2.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    de = softmax_backward(dalpha, alpha)
    dq, dk, dW_a, dU_a, dv_a = additive_backward(de, q, k, W_a, U_a, v_a)
    return dq, dk, dv, dW_a, dU_a, dv_a
