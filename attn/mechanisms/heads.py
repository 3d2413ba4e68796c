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

    Shapes: x_q (..., n, a), x_kv (..., m, b), W_q (a, heads*d), W_k (b, heads*d), W_v (b, heads*p),
        W_o (heads*p, o), heads (), mask (..., n, m) | None
        -> y (..., n, o), alpha (..., heads, n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, heads do
        not divide the columns of W_q and W_v, or the mask is not boolean.
    Source: Vaswani et al. 2017, sec. 3.2.2.
    """
    _check_heads(x_q, x_kv, W_q, W_k, W_v, W_o, heads, mask)
    q = _split(project(x_q, W_q), heads)
    k = _split(project(x_kv, W_k), heads)
    v = _split(project(x_kv, W_v), heads)
    c, alpha = attention(q, k, v, _for_all_heads(mask))
    y = project(_merge(c), W_o)
    return y, alpha


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

    Shapes: dy (..., n, o), x_q (..., n, a), x_kv (..., m, b), W_q (a, heads*d), W_k (b, heads*d),
        W_v (b, heads*p), W_o (heads*p, o), alpha (..., heads, n, m)
        -> dx_q (..., n, a), dx_kv (..., m, b), dW_q (a, heads*d), dW_k (b, heads*d),
        dW_v (b, heads*p), dW_o (heads*p, o)
    Source: the derivative of Vaswani et al. 2017, sec. 3.2.2.
    """
    heads = alpha.shape[-3]
    q = _split(project(x_q, W_q), heads)
    k = _split(project(x_kv, W_k), heads)
    v = _split(project(x_kv, W_v), heads)
    dc, dW_o = project_backward(dy, _merge(combine(alpha, v)), W_o)
    dq, dk, dv = attention_backward(_split(dc, heads), q, k, v, alpha)
    dx_q, dW_q = project_backward(_merge(dq), x_q, W_q)
    dx_k, dW_k = project_backward(_merge(dk), x_kv, W_k)
    dx_v, dW_v = project_backward(_merge(dv), x_kv, W_v)
    return dx_q, dx_k + dx_v, dW_q, dW_k, dW_v, dW_o


def _split(x: Array, heads: int) -> Array:
    # (..., n, heads*d) -> (..., heads, n, d): each head has its own columns.
    return np.swapaxes(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -2, -3)


def _merge(x: Array) -> Array:
    # (..., heads, n, d) -> (..., n, heads*d)
    x = np.swapaxes(x, -2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def _for_all_heads(mask: Mask | None) -> Mask | None:
    return None if mask is None else np.expand_dims(np.atleast_2d(mask), -3)


def _check_heads(
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    heads: int,
    mask: Mask | None,
) -> None:
    spec = "x_q (..., n, a), x_kv (..., m, b), W_q (a, c), W_k (b, c), W_v (b, p), W_o (p, o)"
    check_shapes(spec, x_q, x_kv, W_q, W_k, W_v, W_o)
    check_mask(mask, (*x_q.shape[:-1], x_kv.shape[-2]))
    check_count("heads", heads, least=1)
    for name, columns in (("W_q", W_q.shape[1]), ("W_v", W_v.shape[1])):
        if columns % heads:
            raise ValueError(
                f"heads: expected a divisor of {name}'s {columns} columns, got {heads}"
            )
