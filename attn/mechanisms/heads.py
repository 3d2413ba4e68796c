"""Several attentions side by side, each free to look for something else."""

import numpy as np

from attn.mechanisms.attention import attention, attention_backward
from attn.ops.checks import check_count, check_mask, check_shapes
from attn.ops.products import combine, project, project_backward
from attn.types import Array, Mask


def multi_head(
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    heads: int,
    mask: Mask | None = None,
) -> tuple[Array, Array]:
    """Attend in several smaller spaces at once, and blend what was found.

    y = [c_1; …; c_h] W_o,  c_i = attention(x_q W_q^i, x_kv W_k^i, x_kv W_v^i)

    Self-attention is x_q = x_kv. The mask is the same for all heads.

    Shapes: x_q (..., n, a), x_kv (..., m, b), W_q (a, h*d), W_k (b, h*d), W_v (b, h*p),
        W_o (h*p, o), heads = h, mask (..., n, m) | None -> y (..., n, o), alpha (..., h, n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, heads do
        not divide the columns of W_q and W_v, or the mask is not boolean.
    Source: Vaswani et al. 2017, sec. 3.2.2.
    """
    check_shapes(
        "x_q (..., n, a), x_kv (..., m, b), W_q (a, hd), W_k (b, hd), W_v (b, hp), W_o (hp, o)",
        *(x_q, x_kv, W_q, W_k, W_v, W_o),
    )
    _check_heads(heads, W_q, W_v)
    check_mask(mask, (*x_q.shape[:-1], x_kv.shape[-2]))
    q, k, v = _projections(x_q, x_kv, W_q, W_k, W_v, heads)
    c, alpha = attention(q, k, v, None if mask is None else _for_all_heads(mask))
    return project(merge_heads(c), W_o), alpha


def multi_head_backward(
    dy: Array,
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    alpha: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of multi_head's y, from the weights it gave; the projections are computed again.

    dc = dy W_oᵀ, then attention's gradient for each head, then that of the projections

    Shapes: dy (..., n, o), x_q (..., n, a), x_kv (..., m, b), W_q (a, h*d), W_k (b, h*d),
        W_v (b, h*p), W_o (h*p, o), alpha (..., h, n, m) -> dx_q (..., n, a), dx_kv (..., m, b),
        dW_q (a, h*d), dW_k (b, h*d), dW_v (b, h*p), dW_o (h*p, o)
    Source: the derivative of Vaswani et al. 2017, sec. 3.2.2.
    """
    heads = alpha.shape[-3]
    q, k, v = _projections(x_q, x_kv, W_q, W_k, W_v, heads)
    dc, dW_o = project_backward(dy, merge_heads(combine(alpha, v)), W_o)
    dq, dk, dv = attention_backward(split_heads(dc, heads), q, k, v, alpha)
    dx_q, dW_q = project_backward(merge_heads(dq), x_q, W_q)
    dx_k, dW_k = project_backward(merge_heads(dk), x_kv, W_k)
    dx_v, dW_v = project_backward(merge_heads(dv), x_kv, W_v)
    return dx_q, dx_k + dx_v, dW_q, dW_k, dW_v, dW_o


def split_heads(x: Array, heads: int) -> Array:
    """Cut the features of every row into one part for each head.

    Shapes: x (..., n, h*d), heads = h -> (..., h, n, d)
    Source: Vaswani et al. 2017, sec. 3.2.2: their W_q^i are the columns of our W_q.
    """
    return np.swapaxes(x.reshape(*x.shape[:-1], heads, -1), -2, -3)


def merge_heads(x: Array) -> Array:
    """Join the heads' features to one row again: split_heads, undone.

    Shapes: x (..., h, n, d) -> (..., n, h*d)
    Source: Vaswani et al. 2017, sec. 3.2.2: Concat.
    """
    x = np.swapaxes(x, -2, -3)
    return x.reshape(*x.shape[:-2], -1)


def _projections(
    x_q: Array, x_kv: Array, W_q: Array, W_k: Array, W_v: Array, heads: int
) -> tuple[Array, Array, Array]:
    q, k, v = project(x_q, W_q), project(x_kv, W_k), project(x_kv, W_v)
    return split_heads(q, heads), split_heads(k, heads), split_heads(v, heads)


def _for_all_heads(mask: Mask) -> Mask:
    return np.expand_dims(np.atleast_2d(mask), -3)


def _check_heads(heads: int, W_q: Array, W_v: Array) -> None:
    check_count("heads", heads, least=1)
    for name, W in (("W_q", W_q), ("W_v", W_v)):
        if W.shape[1] % heads:
            raise ValueError(
                f"heads: expected a divisor of {name}'s {W.shape[1]} columns, got {heads}"
            )
