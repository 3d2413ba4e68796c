"""Where to read and write in a memory: the stages and heads of the Neural Turing Machine."""

import math
from typing import NamedTuple

import numpy as np

from attn.ops.checks import check_shapes
from attn.ops.products import combine, combine_backward
from attn.ops.scores import EPS, cosine, cosine_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array


class Stages(NamedTuple):
    """What the way back through address needs: the weights after each stage, and the cosines."""

    k_length: Array
    M_length: Array
    K: Array
    w_c: Array
    w_g: Array
    w_s: Array
    w: Array


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

    s holds the weights of r moves, from −(r − 1)/2 to (r − 1)/2: its middle is "stay".

    Shapes: w_g (..., m), s (..., r) -> w_s (..., m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or s is even in length.
    Source: Graves et al. 2014, eq. 8.
    """
    _check_shift(w_g, s)
    moved = _moved(w_g, s.shape[-1])
    return np.asarray(sum(s[..., move, None] * w for move, w in enumerate(moved)))


def shift_backward(dw_s: Array, w_g: Array, s: Array) -> tuple[Array, Array]:
    """Gradient of shift: the weights move back.

    dw_g(j) = Σ_i dw_s(i) s(i − j),  ds(δ) = Σ_i dw_s(i) w_g(i − δ)

    Shapes: dw_s (..., m), w_g (..., m), s (..., r) -> dw_g (..., m), ds (..., r)
    Source: the derivative of Graves et al. 2014, eq. 8.
    """
    ds = [np.vecdot(dw_s, w) for w in _moved(w_g, s.shape[-1])]
    return shift(dw_s, s[..., ::-1]), np.stack(ds, axis=-1)


def sharpen(w_s: Array, gamma: Array) -> Array:
    """Undo the blur that shifting leaves, by a power of the weights.

    w(i) = w_s(i)^gamma / Σ_j w_s(j)^gamma = softmax_i(gamma log w_s(i))

    Shapes: w_s (..., m), gamma (...) -> w (..., m)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eq. 9; in logarithms no power can underflow the whole sum.
    """
    check_shapes("w_s (..., m), gamma (...)", w_s, gamma)
    with np.errstate(divide="ignore"):  # log 0 = −∞, which weighs 0
        return softmax(gamma[..., None] * np.log(w_s))


def sharpen_backward(dw: Array, w_s: Array, gamma: Array) -> tuple[Array, Array]:
    """Gradient of sharpen: through the softmax, then the logarithm; a weight of 0 gets none.

    de = w (dw − Σ w dw),  dw_s = gamma de / w_s,  dgamma = Σ_i de(i) log w_s(i)

    At a weight of 0, 0 is the slope for gamma > 1; at gamma = 1 it is a choice.

    Shapes: dw (..., m), w_s (..., m), gamma (...) -> dw_s (..., m), dgamma (...)
    Source: the derivative of Graves et al. 2014, eq. 9.
    """
    return _sharpen_backward(dw, w_s, gamma, sharpen(w_s, gamma))


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
    """Erase each row of the memory, then add to it, by as much as it is attended to.

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


def address(
    k: Array, beta: Array, g: Array, s: Array, gamma: Array, M: Array, w_prev: Array
) -> tuple[Array, Stages]:
    """Take the four stages with all heads at once: they look at the same memory.

    w_c = softmax(beta K[k, M]),  w_g = interpolate(w_c, g, w_prev),  w_s = shift(w_g, s),
    w = sharpen(w_s, gamma)

    Shapes: k (..., h, d), beta (..., h), g (..., h), s (..., h, r), gamma (..., h), M (..., m, d),
        w_prev (..., h, m) -> w (..., h, m), trace
    Raises: ValueError if an array is not of floats, shapes do not fit, or s is even in length.
    Source: Graves et al. 2014, Fig. 2 and eqs. 5-9.
    """
    check_shapes("k (..., h, d), beta (..., h), M (..., m, d)", k, beta, M)
    k_length, M_length = _lengths(k), _lengths(M)
    K = k @ M.mT / (k_length[..., None] * M_length[..., None, :])
    w_c = softmax(beta[..., None] * K)
    w_g = interpolate(w_c, g, w_prev)
    w_s = shift(w_g, s)
    w = sharpen(w_s, gamma)
    return w, Stages(k_length, M_length, K, w_c, w_g, w_s, w)


def address_backward(
    dw: Array,
    trace: Stages,
    k: Array,
    beta: Array,
    g: Array,
    s: Array,
    gamma: Array,
    M: Array,
    w_prev: Array,
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Gradient of address: the stages in reverse, from the weights that each gave.

    Shapes: dw (..., h, m), k (..., h, d), beta (..., h), g (..., h), s (..., h, r),
        gamma (..., h), M (..., m, d), w_prev (..., h, m)
        -> dk (..., h, d), dbeta (..., h), dg (..., h), ds (..., h, r), dgamma (..., h),
        dM (..., m, d), dw_prev (..., h, m)
    Source: the derivative of Graves et al. 2014, eqs. 5-9.
    """
    dw_s, dgamma = _sharpen_backward(dw, trace.w_s, gamma, trace.w)
    dw_g, ds = shift_backward(dw_s, trace.w_g, s)
    dw_c, dg, dw_prev = interpolate_backward(dw_g, trace.w_c, g, w_prev)
    de = softmax_backward(dw_c, trace.w_c)
    dk, dM = _cosines_backward(beta[..., None] * de, trace, k, M)
    return dk, np.vecdot(de, trace.K), dg, ds, dgamma, dM, dw_prev


def read_heads(w: Array, M: Array) -> Array:
    """Read with several heads at once.

    r_h = Σ_i w_h(i) M(i)

    Shapes: w (..., h, m), M (..., m, d) -> r (..., h, d)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, eq. 2.
    """
    check_shapes("w (..., h, m), M (..., m, d)", w, M)
    return combine(w, M)


def read_heads_backward(dr: Array, w: Array, M: Array) -> tuple[Array, Array]:
    """Gradient of read_heads.

    dw_h(i) = dr_hᵀ M(i),  dM(i) = Σ_h w_h(i) dr_h

    Shapes: dr (..., h, d), w (..., h, m), M (..., m, d) -> dw (..., h, m), dM (..., m, d)
    Source: the derivative of Graves et al. 2014, eq. 2.
    """
    return dr @ M.mT, _spread(w, dr)


def write_heads(w: Array, e: Array, a: Array, M: Array) -> Array:
    """Write with several heads at once: all erase, then all add; their order changes nothing.

    M_new(i) = M(i) Π_h (1 − w_h(i) e_h) + Σ_h w_h(i) a_h

    Shapes: w (..., h, m), e (..., h, d), a (..., h, d), M (..., m, d) -> M_new (..., m, d)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Graves et al. 2014, sec. 3.2.
    """
    check_shapes("w (..., h, m), e (..., h, d), a (..., h, d), M (..., m, d)", w, e, a, M)
    return math.prod(_kept(w, e), start=M) + _spread(w, a)


def write_heads_backward(
    dM_new: Array, w: Array, e: Array, a: Array, M: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of write_heads: each erase sees the memory as the others leave it.

    R_h(i) = dM_new(i) M(i) Π_{l≠h} (1 − w_l(i) e_l)
    dw_h(i) = dM_new(i)ᵀ a_h − R_h(i)ᵀ e_h,  de_h = −Σ_i w_h(i) R_h(i)
    da_h = Σ_i w_h(i) dM_new(i),  dM(i) = dM_new(i) Π_h (1 − w_h(i) e_h)

    Shapes: dM_new (..., m, d), w (..., h, m), e (..., h, d), a (..., h, d), M (..., m, d)
        -> dw (..., h, m), de (..., h, d), da (..., h, d), dM (..., m, d)
    Source: the derivative of Graves et al. 2014, sec. 3.2.
    """
    dw, de, kept = a @ dM_new.mT, np.empty_like(e), _kept(w, e)
    for h in range(len(kept)):
        R = math.prod(kept[:h] + kept[h + 1 :], start=dM_new * M)
        one = slice(h, h + 1)
        dw[..., one, :] -= e[..., one, :] @ R.mT
        de[..., one, :] = -w[..., one, :] @ R
    return dw, de, w @ dM_new, math.prod(kept, start=dM_new)


def _kept(w: Array, e: Array) -> list[Array]:
    # What each head leaves of the memory, 1 − w_h(i) e_h.
    heads = (slice(h, h + 1) for h in range(w.shape[-2]))
    return [1 - _spread(w[..., h, :], e[..., h, :]) for h in heads]


def _spread(w: Array, x: Array) -> Array:
    # Σ_h w_h(i) x_h. One head gets an empty second one: NumPy is slow where the inner length is 1.
    if w.shape[-2] == 1:
        w, x = np.concatenate([w, w], axis=-2), np.concatenate([x, np.zeros_like(x)], axis=-2)
    return w.mT @ x


def _lengths(x: Array) -> Array:
    return np.sqrt(np.einsum("...d,...d->...", x, x) + EPS)


def _cosines_backward(dK: Array, trace: Stages, k: Array, M: Array) -> tuple[Array, Array]:
    k_length, M_length, K = trace[:3]
    ddot, along = dK / (k_length[..., None] * M_length[..., None, :]), dK * K
    dk = ddot @ M - k * (along.sum(axis=-1) / k_length**2)[..., None]
    dM = ddot.mT @ k - M * (along.sum(axis=-2) / M_length**2)[..., None]
    return dk, dM


def _sharpen_backward(dw: Array, w_s: Array, gamma: Array, w: Array) -> tuple[Array, Array]:
    de = softmax_backward(dw, w)
    w_s = np.where(w_s == 0, 1, w_s)  # de is 0 there
    return gamma[..., None] * de / w_s, np.vecdot(de, np.log(w_s))


def _outer(w: Array, x: Array) -> Array:
    return w[..., :, None] * x[..., None, :]


def _moved(w: Array, moves: int) -> list[Array]:
    # Row i of the m rows after a move by δ is row i − δ before it, on the ring.
    m, r = w.shape[-1], moves // 2
    ring = np.take(w, np.arange(-r, m + r), axis=-1, mode="wrap")
    return [ring[..., r - by : r - by + m] for by in range(-r, r + 1)]


def _check_shift(w_g: Array, s: Array) -> None:
    check_shapes("w_g (..., m), s (..., r)", w_g, s)
    if s.shape[-1] % 2 == 0:
        raise ValueError(f"s: expected an odd number of moves, got {s.shape[-1]}")
