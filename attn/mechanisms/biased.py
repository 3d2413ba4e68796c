"""Attention whose scores know more than the keys tell: where they stand, say."""

from attn.ops.checks import check_broadcast, check_floats, check_shapes
from attn.ops.products import combine, combine_backward
from attn.ops.scores import scaled_dot, scaled_dot_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Mask


def biased_attention(
    q: Array, k: Array, v: Array, bias: Array, mask: Mask | None = None
) -> tuple[Array, Array]:
    """Look up each query among the keys, after something was added to the scores.

    c = softmax(q kᵀ / √d + bias) v

    The bias broadcasts to the scores: one for all heads, or all batches, may have fewer axes. It
    forbids nothing, however low; that is what the mask is for.

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), bias (..., n, m), mask (..., n, m) | None
        -> c (..., n, p), alpha (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Press, Smith, Lewis 2022, sec. 3; the bias is added to the scaled score.
    """
    check_shapes("q (..., n, d), k (..., m, d), v (..., m, p)", q, k, v)
    e = scaled_dot(q, k)
    check_floats("bias", bias)
    check_broadcast("bias", bias, e.shape)
    e += bias  # in place: the scores keep their precision
    alpha = softmax(e, mask)
    c = combine(alpha, v)
    return c, alpha


def biased_attention_backward(
    dc: Array, q: Array, k: Array, v: Array, bias: Array, alpha: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of biased_attention's context; that of the scores is the bias's too.

    dalpha = dc vᵀ,  de = alpha (dalpha − Σ alpha dalpha),  dq = de k / √d,  dk = deᵀ q / √d,
    dbias = de, summed over the axes along which the bias was broadcast

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), bias (..., n, m),
        alpha (..., n, m) -> dq (..., n, d), dk (..., m, d), dv (..., m, p), dbias (..., n, m)
    Source: the derivative of Press, Smith, Lewis 2022, sec. 3.
    """
    dalpha, dv = combine_backward(dc, alpha, v)
    de = softmax_backward(dalpha, alpha)
    dq, dk = scaled_dot_backward(de, q, k)
    return dq, dk, dv, _summed_to(de, bias.shape)


def _summed_to(x: Array, shape: tuple[int, ...]) -> Array:
    # The transpose of broadcasting: axes that were added go, axes that were stretched shrink to 1.
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return x.sum(axis=stretched, keepdims=True)
