"""Where to read and write in a memory: the stages and heads of the Neural Turing Machine."""

import numpy as np

from attn.ops.checks import check_shapes
from attn.ops.products import combine, combine_backward
from attn.ops.scores import cosine, cosine_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array


def content(k: Array, beta: Array, M: Array) -> Array:
    """Look for the rows of the memory that are like the key; beta says how sharply.

    w_c(i) = softmax_i(beta K[k, M(i)]),  K the cosine

    Their "key" k is a query, in the words of attention; the rows of M are keys and values at once.

    Shapes: k (..., d), beta (...), M (..., m, d) -> w_c (..., m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or the memory has no rows.
    Source: Graves et al. 2014, eqs. 5 and 6.
    """
    check_shapes("k (..., d), beta (...), M (..., m, d)", k, beta, M)
    K = cosine(k[..., None, :], M)[..., 0, :]
    return softmax(beta[..., None] * K)


def content_backward(dw_c: Array, k: Array, beta: Array, M: Array) -> tuple[Array, Array, Array]:
    """Gradient of content: through the softmax, then the cosine.

    de = w_c (dw_c − Σ w_c dw_c),  dbeta = Σ_i de(i) K[k, M(i)],  dK = beta de

    Shapes: dw_c (..., m), k (..., d), beta (...), M (..., m, d)
        -> dk (..., d), dbeta (...), dM (..., m, d)
    Source: the derivative of Graves et al. 2014, eqs. 5 and 6.
    """
    K = cosine(k[..., None, :], M)[..., 0, :]
    de = softmax_backward(dw_c, softmax(beta[..., None] * K))
    dk, dM = cosine_backward((beta[..., None] * de)[..., None, :], k[..., None, :], M)
    return dk[..., 0, :], (de * K).sum(axis=-1), dM


def interpolate(w_c: Array, g: Array, w_prev: Array) -> Array:
    """Choose between what the content says and where the head was before.

    w_g = g w_c + (1 − g) w_prev

    Shapes: w_c (..., m), g (...), w_prev (..., m) -> w_g (..., m)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eq. 7.
    """
    check_shapes("w_c (..., m), g (...), w_prev (..., m)", w_c, g, w_prev)
    g = g[..., None]
    return g * w_c + (1 - g) * w_prev


def interpolate_backward(
    dw_g: Array, w_c: Array, g: Array, w_prev: Array
) -> tuple[Array, Array, Array]:
    """Gradient of interpolate.

    dw_c = g dw_g,  dg = Σ_i dw_g(i) (w_c(i) − w_prev(i)),  dw_prev = (1 − g) dw_g

    Shapes: dw_g (..., m), w_c (..., m), g (...), w_prev (..., m)
        -> dw_c (..., m), dg (...), dw_prev (..., m)
    Source: the derivative of Graves et al. 2014, eq. 7.
    """
    dg = (dw_g * (w_c - w_prev)).sum(axis=-1)
    g = g[..., None]
    return g * dw_g, dg, (1 - g) * dw_g


def shift(w_g: Array, s: Array) -> Array:
    """Move the weights along the memory, whose end meets its beginning.

    w_s(i) = Σ_j w_g(j) s(i − j), indices modulo m

    s holds the weights of the moves −r, …, 0, …, r in this order: its middle is "stay".

    Shapes: w_g (..., m), s (..., r) -> w_s (..., m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or s is even in length.
    Source: Graves et al. 2014, eq. 8.
    """
    _check_shift(w_g, s)
    return (_moved(w_g, s.shape[-1]) @ s[..., None])[..., 0]


def shift_backward(dw_s: Array, w_g: Array, s: Array) -> tuple[Array, Array]:
    """Gradient of shift: the weights move back.

    dw_g(j) = Σ_i dw_s(i) s(i − j),  ds(δ) = Σ_i dw_s(i) w_g(i − δ)

    Shapes: dw_s (..., m), w_g (..., m), s (..., r) -> dw_g (..., m), ds (..., r)
    Source: the derivative of Graves et al. 2014, eq. 8.
    """
    ds = (dw_s[..., None, :] @ _moved(w_g, s.shape[-1]))[..., 0, :]
    return shift(dw_s, s[..., ::-1]), ds


def sharpen(w_s: Array, gamma: Array) -> Array:
    """Undo the blur that shifting leaves, by a power of the weights.

    w(i) = w_s(i)^gamma / Σ_j w_s(j)^gamma = softmax_i(gamma log w_s(i))

    Shapes: w_s (..., m), gamma (...) -> w (..., m)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eq. 9; in logarithms no power can underflow the whole sum.
    """
    check_shapes("w_s (..., m), gamma (...)", w_s, gamma)
    log_w = np.log(w_s, where=w_s != 0, out=np.full_like(w_s, -np.inf))  # log 0 = −∞
    return softmax(gamma[..., None] * log_w)


def sharpen_backward(dw: Array, w_s: Array, gamma: Array) -> tuple[Array, Array]:
    """Gradient of sharpen: through the softmax, then the logarithm; a weight of 0 gets none.

    de = w (dw − Σ w dw),  dw_s = gamma de / w_s,  dgamma = Σ_i de(i) log w_s(i)

    At a weight of 0, 0 is the slope for gamma > 1; at gamma = 1 it is a choice.

    Shapes: dw (..., m), w_s (..., m), gamma (...) -> dw_s (..., m), dgamma (...)
    Source: the derivative of Graves et al. 2014, eq. 9.
    """
    de = softmax_backward(dw, sharpen(w_s, gamma))
    w_s = np.where(w_s == 0, 1, w_s)  # de is 0 there
    return gamma[..., None] * de / w_s, (de * np.log(w_s)).sum(axis=-1)


def read(w: Array, M: Array) -> Array:
    """Read a blend of the memory's rows.

    r = Σ_i w(i) M(i)

    Shapes: w (..., m), M (..., m, d) -> r (..., d)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eq. 2.
    """
    check_shapes("w (..., m), M (..., m, d)", w, M)
    return combine(w[..., None, :], M)[..., 0, :]


def read_backward(dr: Array, w: Array, M: Array) -> tuple[Array, Array]:
    """Gradient of read: that of combine, with a single query.

    dw(i) = drᵀ M(i),  dM(i) = w(i) dr

    Shapes: dr (..., d), w (..., m), M (..., m, d) -> dw (..., m), dM (..., m, d)
    Source: the derivative of Graves et al. 2014, eq. 2.
    """
    dw, dM = combine_backward(dr[..., None, :], w[..., None, :], M)
    return dw[..., 0, :], dM


def write(w: Array, e: Array, a: Array, M: Array) -> Array:
    """Erase, then add, each row of the memory by as much as it is attended to.

    M_new(i) = M(i) (1 − w(i) e) + w(i) a

    Shapes: w (..., m), e (..., d), a (..., d), M (..., m, d) -> M_new (..., m, d)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eqs. 3 and 4.
    """
    check_shapes("w (..., m), e (..., d), a (..., d), M (..., m, d)", w, e, a, M)
    erased = M * (1 - _outer(w, e))
    return erased + _outer(w, a)


def write_backward(
    dM_new: Array, w: Array, e: Array, a: Array, M: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of write.

    dw(i) = dM_new(i)ᵀ (a − M(i) e),  de = −Σ_i w(i) M(i) dM_new(i),  da = Σ_i w(i) dM_new(i),
    dM(i) = dM_new(i) (1 − w(i) e)

    Shapes: dM_new (..., m, d), w (..., m), e (..., d), a (..., d), M (..., m, d)
        -> dw (..., m), de (..., d), da (..., d), dM (..., m, d)
    Source: the derivative of Graves et al. 2014, eqs. 3 and 4.
    """
    derased = M * dM_new
    dw = (dM_new * a[..., None, :] - derased * e[..., None, :]).sum(axis=-1)
    return dw, -read(w, derased), read(w, dM_new), dM_new * (1 - _outer(w, e))


def _outer(w: Array, x: Array) -> Array:
    return w[..., :, None] * x[..., None, :]


def _moved(w: Array, moves: int) -> Array:
    r = moves // 2
    return np.stack([np.roll(w, by, axis=-1) for by in range(-r, r + 1)], axis=-1)


def _check_shift(w_g: Array, s: Array) -> None:
    check_shapes("w_g (..., m), s (..., r)", w_g, s)
    if s.shape[-1] % 2 == 0:
        raise ValueError(f"s: expected the moves −r … r, odd in number, got {s.shape[-1]}")
