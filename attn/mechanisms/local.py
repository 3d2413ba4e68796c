"""Luong's local attention: a window over the source, around a place given or predicted.

It is not hard attention. Nothing is drawn; all weights in the window are read, and the gradient is
exact wherever there is one: everywhere but where the edge of a window passes a word.
"""

import numpy as np

from attn.ops.arrays import as_rows
from attn.ops.checks import check_count, check_indices, check_shapes, full_mask
from attn.ops.layers import sigmoid, sigmoid_backward, tanh_backward
from attn.ops.products import combine, combine_backward, project, project_backward
from attn.ops.scores import bilinear, bilinear_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Indices, Mask


def local_m(e: Array, D: int, mask: Mask | None = None, first: int = 0) -> Array:
    """Let output i look at input i and D inputs on either side: as if both languages kept step.

    alpha_ij = exp(e_ij) / Σ_k exp(e_ik),  over |k − p_i| ≤ D,  p_i = i

    The first row is output `first`. A row whose window lies beyond the source is all zeros.

    Shapes: e (..., n, m), D (), mask (..., n, m) | None, first () -> alpha (..., n, m)
    Raises: ValueError if e is not of floats or has no keys, D or first is not a whole number, or
        the mask is not boolean or does not broadcast to e.
    Source: Luong et al. 2015, sec. 3.2, "local-m".
    """
    check_shapes("e (..., n, m)", e)
    check_count("D", D)
    check_count("first", first)
    p = first + np.arange(e.shape[-2])
    return softmax(e, _inside(e, p, D, mask))


def local_m_backward(dalpha: Array, alpha: Array) -> Array:
    """Gradient of local_m: that of softmax, for what is outside the window weighs 0.

    de_ij = alpha_ij (dalpha_ij − Σ_k alpha_ik dalpha_ik)

    Shapes: dalpha (..., n, m), alpha (..., n, m) -> de (..., n, m)
    Source: the derivative of Luong et al. 2015, sec. 3.2.
    """
    return softmax_backward(dalpha, alpha)


def predict(q: Array, W_p: Array, v_p: Array, S: Indices) -> Array:
    """Predict the place to look at, from 0, the first input, to S, just past the last.

    p_i = S_i σ(v_pᵀ tanh(W_p q_i)),  S_i the length of the source

    Shapes: q (..., n, d), W_p (d, a), v_p (a), S (..., n) -> p (..., n)
    Raises: ValueError if an array is not of floats, shapes do not fit, or S is not of whole
        numbers.
    Source: Luong et al. 2015, eq. 9.
    """
    check_shapes("q (..., n, d), W_p (d, a), v_p (a)", q, W_p, v_p)
    check_indices("S", S, q.shape[:-1])
    return S.astype(q.dtype) * sigmoid(np.tanh(project(q, W_p)) @ v_p)


def predict_backward(
    dp: Array, q: Array, W_p: Array, v_p: Array, S: Indices
) -> tuple[Array, Array, Array]:
    """Gradient of predict; the hidden layer t is computed again.

    da_i = dp_i S_i σ_i (1 − σ_i),  dt_i = da_i v_p,  dv_p = Σ_i da_i t_i,  then that of project

    Shapes: dp (..., n), q (..., n, d), W_p (d, a), v_p (a), S (..., n)
        -> dq (..., n, d), dW_p (d, a), dv_p (a)
    Source: the derivative of Luong et al. 2015, eq. 9.
    """
    t = np.tanh(project(q, W_p))
    da = sigmoid_backward(S.astype(q.dtype) * dp, sigmoid(t @ v_p))
    dq, dW_p = project_backward(tanh_backward(da[..., None] * v_p, t), q, W_p)
    return dq, dW_p, da.reshape(-1) @ as_rows(t)


def local_p(e: Array, p: Array, D: int, mask: Mask | None = None) -> Array:
    """Look around a predicted place, less with distance: that is how the place can be learned.

    alpha_ij = softmax_ij exp(−(j − p_i)² / 2σ²),  σ = D / 2,  softmax over |j − p_i| ≤ D

    The Gaussian is what carries a gradient to p_i; the window alone would carry none. It comes
    after the softmax, so a row sums to less than 1.

    Shapes: e (..., n, m), p (..., n), D (), mask (..., n, m) | None -> alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, D is not
        a whole number of at least 1, or the mask is not boolean or does not broadcast to e.
    Source: Luong et al. 2015, eq. 10; their positions s are our j, from 0.
    """
    check_shapes("e (..., n, m), p (..., n)", e, p)
    check_count("D", D, least=1)
    return softmax(e, _inside(e, p, D, mask)) * _gaussian(e, p, D)


def local_p_backward(dalpha: Array, alpha: Array, p: Array, D: int) -> tuple[Array, Array]:
    """Gradient of local_p, from the weights it gave: of the scores and of the place.

    dp_i = Σ_j dalpha_ij alpha_ij (j − p_i) / σ²;  of the scores, softmax's, scaled by the Gaussian

    Shapes: dalpha (..., n, m), alpha (..., n, m), p (..., n), D () -> de (..., n, m), dp (..., n)
    Source: the derivative of Luong et al. 2015, eq. 10.
    """
    dalpha = np.where(alpha == 0, 0, dalpha)
    bell = _gaussian(alpha, p, D)
    near = np.where(alpha == 0, 0, alpha / np.maximum(bell, 0.1))  # in the window at least e⁻²
    de = softmax_backward(dalpha * bell, near)
    return de, (dalpha * alpha * _offsets(alpha, p)).sum(axis=-1) / (int(D) / 2) ** 2


def local_attention(
    q: Array,
    k: Array,
    v: Array,
    W_a: Array,
    W_p: Array,
    v_p: Array,
    D: int,
    mask: Mask | None = None,
) -> tuple[Array, Array]:
    """Predict a place, and look around it by the general score: their best model.

    alpha = local_p(q W_a kᵀ, predict(q)),  c_i = Σ_j alpha_ij v_j

    Their h_t is our q_i, their h̄_s both our k_j and our v_j. S is the number of keys that row i may
    attend to, so that padding behind a source does not move its place.

    Shapes: q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, b), W_p (d, a), v_p (a), D (),
        mask (..., n, m) | None -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, D is not
        a whole number of at least 1, or the mask is not boolean.
    Source: Luong et al. 2015, sec. 3.2, "local-p" with "general".
    """
    check_shapes("q (..., n, d), k (..., m, b), v (..., m, p)", q, k, v)
    e = bilinear(q, k, W_a)
    p = predict(q, W_p, v_p, _lengths(e, mask))
    alpha = local_p(e, p, D, mask)
    return combine(alpha, v), alpha


def local_attention_backward(
    dc: Array,
    q: Array,
    k: Array,
    v: Array,
    W_a: Array,
    W_p: Array,
    v_p: Array,
    D: int,
    alpha: Array,
    mask: Mask | None = None,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of local_attention's context, from the weights it gave and the mask it had,
    from which S is counted.

    dq = dq (through the score) + dq (through the place), the rest as in the three steps

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, b), v (..., m, p), W_a (d, b), W_p (d, a),
        v_p (a), D (), alpha (..., n, m), mask (..., n, m) | None
        -> dq (..., n, d), dk (..., m, b), dv (..., m, p), dW_a (d, b), dW_p (d, a), dv_p (a)
    Source: the derivative of Luong et al. 2015, eq. 7-10.
    """
    S = _lengths(alpha, mask)
    dalpha, dv = combine_backward(dc, alpha, v)
    de, dp = local_p_backward(dalpha, alpha, predict(q, W_p, v_p, S), D)
    dq_score, dk, dW_a = bilinear_backward(de, q, k, W_a)
    dq_place, dW_p, dv_p = predict_backward(dp, q, W_p, v_p, S)
    return dq_score + dq_place, dk, dv, dW_a, dW_p, dv_p


def _lengths(e: Array, mask: Mask | None) -> Indices:
    return full_mask(mask, e.shape).sum(axis=-1)


def _offsets(e: Array, p: Array | Indices) -> Array:
    return (np.arange(e.shape[-1]) - p[..., None]).astype(e.dtype)


def _inside(e: Array, p: Array | Indices, D: int, mask: Mask | None) -> Mask:
    return full_mask(mask, e.shape) & (np.abs(_offsets(e, p)) <= D)


def _gaussian(e: Array, p: Array, D: int) -> Array:
    return np.exp(-((_offsets(e, p) / int(D)) ** 2) * 2)  # 2σ² = D² / 2
