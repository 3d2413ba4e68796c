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
    return grouped_query_backward(dy, x_q, x_kv, W_q, W_k, W_v, W_o, alpha)  # groups of one head


def grouped_query(
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    groups: int,
    mask: Mask | None = None,
) -> tuple[Array, Array]:
    """Attend in many heads that share their keys and values: one pair for each group of r heads.

    y = [c_1; …; c_h] W_o,  c_i = attention(x_q W_q^i, x_kv W_k^j, x_kv W_v^j),  j = ⌈i / r⌉

    W_q is r times as wide as W_k; there are h = groups r heads. A cache of keys and values is r
    times smaller than that of multi_head, which is r = 1.

    Shapes: x_q (..., n, a), x_kv (..., m, b), W_q (a, groups*r*d), W_k (b, groups*d),
        W_v (b, groups*p), W_o (groups*r*p, o), groups (), mask (..., n, m) | None
        -> y (..., n, o), alpha (..., groups*r, n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, groups do
        not divide the columns of W_k and W_v, or the mask is not boolean.
    Source: Ainslie et al. 2023, sec. 2.2.
    """
    r = _check_groups(x_q, x_kv, W_q, W_k, W_v, W_o, groups, mask)
    q = _stack(_split(project(x_q, W_q), groups * r), r)
    k = _split(project(x_kv, W_k), groups)
    v = _split(project(x_kv, W_v), groups)
    c, alpha = attention(q, k, v, _for_all_groups(mask, r))
    y = project(_merge(_unstack(c, r)), W_o)
    return y, _unstack(alpha, r)


def grouped_query_backward(
    dy: Array,
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    alpha: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of grouped_query's y, from the weights it gave; what is shared adds up.

    dk_j = Σ_i dk_i,  dv_j = Σ_i dv_i,  over the r heads i of group j, the rest as in multi_head

    Shapes: dy (..., n, o), x_q (..., n, a), x_kv (..., m, b), W_q (a, groups*r*d),
        W_k (b, groups*d), W_v (b, groups*p), W_o (groups*r*p, o), alpha (..., groups*r, n, m)
        -> dx_q (..., n, a), dx_kv (..., m, b), dW_q (a, groups*r*d), dW_k (b, groups*d),
        dW_v (b, groups*p), dW_o (groups*r*p, o)
    Source: the derivative of Ainslie et al. 2023, sec. 2.2.
    """
    heads, r = alpha.shape[-3], W_q.shape[1] // W_k.shape[1]
    q = _stack(_split(project(x_q, W_q), heads), r)
    k = _split(project(x_kv, W_k), heads // r)
    v = _split(project(x_kv, W_v), heads // r)
    alpha = _stack(alpha, r)
    dc, dW_o = project_backward(dy, _merge(_unstack(combine(alpha, v), r)), W_o)
    dq, dk, dv = attention_backward(_stack(_split(dc, heads), r), q, k, v, alpha)
    dx_q, dW_q = project_backward(_merge(_unstack(dq, r)), x_q, W_q)
    dx_k, dW_k = project_backward(_merge(dk), x_kv, W_k)
    dx_v, dW_v = project_backward(_merge(dv), x_kv, W_v)
    return dx_q, dx_k + dx_v, dW_q, dW_k, dW_v, dW_o


def multi_query(
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    mask: Mask | None = None,
) -> tuple[Array, Array]:
    """Attend in many heads that all read the same keys and values: one group.

    y = [c_1; …; c_h] W_o,  c_i = attention(x_q W_q^i, x_kv W_k, x_kv W_v)

    Shapes: x_q (..., n, a), x_kv (..., m, b), W_q (a, h*d), W_k (b, d), W_v (b, p), W_o (h*p, o),
        mask (..., n, m) | None -> y (..., n, o), alpha (..., h, n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Shazeer 2019, sec. 3.
    """
    return grouped_query(x_q, x_kv, W_q, W_k, W_v, W_o, 1, mask)


def multi_query_backward(
    dy: Array,
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    alpha: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of multi_query's y, from the weights it gave: all heads add to one dk and one dv.

    dk = Σ_i dk_i,  dv = Σ_i dv_i,  over all heads i

    Shapes: dy (..., n, o), x_q (..., n, a), x_kv (..., m, b), W_q (a, h*d), W_k (b, d),
        W_v (b, p), W_o (h*p, o), alpha (..., h, n, m)
        -> dx_q (..., n, a), dx_kv (..., m, b), dW_q (a, h*d), dW_k (b, d), dW_v (b, p),
        dW_o (h*p, o)
    Source: the derivative of Shazeer 2019, sec. 3.
    """
    return grouped_query_backward(dy, x_q, x_kv, W_q, W_k, W_v, W_o, alpha)


def _split(x: Array, heads: int) -> Array:
    # (..., n, heads*d) -> (..., heads, n, d): each head has its own columns.
    return np.swapaxes(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -2, -3)


def _merge(x: Array) -> Array:
    # (..., heads, n, d) -> (..., n, heads*d)
    x = np.swapaxes(x, -2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def _stack(x: Array, r: int) -> Array:
    # (..., g*r, n, d) -> (..., g, r*n, d): the heads of a group as more queries of the same keys.
    *lead, heads, n, d = x.shape
    return x.reshape(*lead, heads // r, r * n, d)


def _unstack(x: Array, r: int) -> Array:
    # (..., g, r*n, d) -> (..., g*r, n, d)
    *lead, groups, rows, d = x.shape
    return x.reshape(*lead, groups * r, rows // r, d)


def _for_all_heads(mask: Mask | None) -> Mask | None:
    return None if mask is None else np.expand_dims(np.atleast_2d(mask), -3)


def _for_all_groups(mask: Mask | None, r: int) -> Mask | None:
    # Once for each of the heads that are stacked, unless it is the same for all queries.
    mask = _for_all_heads(mask)
    return mask if mask is None or mask.shape[-2] == 1 else np.tile(mask, (r, 1))


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


def _check_groups(
    x_q: Array,
    x_kv: Array,
    W_q: Array,
    W_k: Array,
    W_v: Array,
    W_o: Array,
    groups: int,
    mask: Mask | None,
) -> int:
    # How many heads share a key: W_q is that many times as wide as W_k.
    spec = "x_q (..., n, a), x_kv (..., m, b), W_q (a, c), W_k (b, e), W_v (b, p), W_o (f, o)"
    check_shapes(spec, x_q, x_kv, W_q, W_k, W_v, W_o)
    check_mask(mask, (*x_q.shape[:-1], x_kv.shape[-2]))
    check_count("groups", groups, least=1)
    for name, columns in (("W_k", W_k.shape[1]), ("W_v", W_v.shape[1])):
        if columns % groups:
            message = f"groups: expected a divisor of {name}'s {columns} columns, got {groups}"
            raise ValueError(message)
    r, rest = divmod(W_q.shape[1], max(W_k.shape[1], 1))
    if rest or not r:
        raise ValueError(f"W_q: expected a multiple of {W_k.shape[1]} columns, got {W_q.shape}")
    if len(W_o) != r * W_v.shape[1]:
        raise ValueError(f"W_o: expected {r} * {W_v.shape[1]} rows, got {W_o.shape}")
    return r
