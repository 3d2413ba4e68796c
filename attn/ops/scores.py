"""How well does a query fit a key? One function for each answer that the papers gave."""

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from attn.ops.arrays import as_batch, as_rows
from attn.ops.checks import check_shapes
from attn.ops.products import combine, project, project_backward
from attn.types import Array, Mask

EPS = 1e-6  # under the root: keeps the slope finite at length 0
NEAR = 2**16  # numbers: what a core keeps near it, a quarter of a megabyte of float32


def dot(q: Array, k: Array) -> Array:
    """Score a key by how far it points the query's way.

    e_ij = q_iᵀ k_j

    Shapes: q (..., n, d), k (..., m, d) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Luong et al. 2015, sec. 3.1, "dot".
    """
    check_shapes("q (..., n, d), k (..., m, d)", q, k)
    return q @ k.mT


def dot_backward(de: Array, q: Array, k: Array) -> tuple[Array, Array]:
    """Gradient of dot: each side gets the other, weighted by the gradient of the score.

    dq_i = Σ_j de_ij k_j,  dk_j = Σ_i de_ij q_i

    Shapes: de (..., n, m), q (..., n, d), k (..., m, d) -> dq (..., n, d), dk (..., m, d)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    return combine(de, k), combine(de.mT, q)


def scaled_dot(q: Array, k: Array) -> Array:
    """Score by the dot product, scaled so that its variance does not grow with the features.

    e_ij = q_iᵀ k_j / √d

    Shapes: q (..., n, d), k (..., m, d) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys or no
        features.
    Source: Vaswani et al. 2017, eq. 1.
    """
    e = dot(q, k)
    if not q.shape[-1]:
        raise ValueError(f"q: expected at least one feature, got {q.shape}")
    return e / math.sqrt(q.shape[-1])


def scaled_dot_backward(de: Array, q: Array, k: Array) -> tuple[Array, Array]:
    """Gradient of scaled_dot: that of dot, scaled alike.

    dq_i = Σ_j de_ij k_j / √d,  dk_j = Σ_i de_ij q_i / √d

    Shapes: de (..., n, m), q (..., n, d), k (..., m, d) -> dq (..., n, d), dk (..., m, d)
    Source: the derivative of Vaswani et al. 2017, eq. 1.
    """
    return dot_backward(de / math.sqrt(q.shape[-1]), q, k)


def bilinear(q: Array, k: Array, W_a: Array) -> Array:
    """Score by a learned product, so that query and key need not share their features.

    e_ij = q_iᵀ W_a k_j

    Shapes: q (..., n, d), k (..., m, b), W_a (d, b) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Luong et al. 2015, sec. 3.1, "general".
    """
    check_shapes("q (..., n, d), k (..., m, b), W_a (d, b)", q, k, W_a)
    return dot(project(q, W_a), k)


def bilinear_backward(de: Array, q: Array, k: Array, W_a: Array) -> tuple[Array, Array, Array]:
    """Gradient of bilinear: through the dot product, then through the projection.

    dq_i = Σ_j de_ij W_a k_j,  dk_j = Σ_i de_ij W_aᵀ q_i,  dW_a = Σ_ij de_ij q_i k_jᵀ

    Shapes: de (..., n, m), q (..., n, d), k (..., m, b), W_a (d, b)
        -> dq (..., n, d), dk (..., m, b), dW_a (d, b)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    dqW, dk = dot_backward(de, project(q, W_a), k)
    dq, dW_a = project_backward(dqW, q, W_a)
    return dq, dk, dW_a


def additive(q: Array, k: Array, W_a: Array, U_a: Array, v_a: Array) -> Array:
    """Score by a small network that sees the query and the key together.

    e_ij = v_aᵀ tanh(W_a q_i + U_a k_j)

    Their s_{i−1} is our q_i, their h_j our k_j; with vectors as rows, W_a and U_a are transposed.

    Shapes: q (..., n, d), k (..., m, b), W_a (d, a), U_a (b, a), v_a (a) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Bahdanau et al. 2015, app. A.1.2.
    """
    check_shapes("q (..., n, d), W_a (d, a), k (..., m, b), U_a (b, a)", q, W_a, k, U_a)
    return additive_precomputed(q, project(k, U_a), W_a, v_a)


def additive_backward(
    de: Array, q: Array, k: Array, W_a: Array, U_a: Array, v_a: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradient of additive: through the network, then through the projection of the keys.

    dk_j = U_aᵀ dUk_j,  dU_a = Σ_j dUk_j k_jᵀ, the rest as in additive_precomputed

    Shapes: de (..., n, m), q (..., n, d), k (..., m, b), W_a (d, a), U_a (b, a), v_a (a)
        -> dq (..., n, d), dk (..., m, b), dW_a (d, a), dU_a (b, a), dv_a (a)
    Source: the derivative of Bahdanau et al. 2015, app. A.1.2.
    """
    dq, dUk, dW_a, dv_a = additive_precomputed_backward(de, q, project(k, U_a), W_a, v_a)
    dk, dU_a = project_backward(dUk, k, U_a)
    return dq, dk, dW_a, dU_a, dv_a


def additive_precomputed(q: Array, Uk: Array, W_a: Array, v_a: Array) -> Array:
    """Score additively with U_a k_j at hand: a decoder projects the keys once, not at each step.

    e_ij = v_aᵀ tanh(W_a q_i + Uk_j)

    Shapes: q (..., n, d), Uk (..., m, a), W_a (d, a), v_a (a) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Bahdanau et al. 2015, app. A.1.2.
    """
    check_shapes("q (..., n, d), Uk (..., m, a), W_a (d, a), v_a (a)", q, Uk, W_a, v_a)
    x, y = _batch_inside(project(q, W_a)), _batch_inside(Uk)
    e = np.empty((len(x), *y.shape[:2]), np.result_type(x, y, v_a))
    hidden = _hidden(x, y)
    for i, j, room in _slabs(x, y):
        t = hidden(i, j, room)
        e[i, j] = (as_rows(t) @ v_a).reshape(t.shape[:-1])
    return np.ascontiguousarray(e.transpose(2, 0, 1)).reshape(*q.shape[:-1], Uk.shape[-2])


def additive_precomputed_backward(
    de: Array, q: Array, Uk: Array, W_a: Array, v_a: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of additive_precomputed; the hidden layer t is computed again, not kept.

    dx_ij = de_ij v_a (1 − t_ij²),  dq_i = Σ_j W_aᵀ dx_ij,  dUk_j = Σ_i dx_ij,
    dW_a = Σ_ij dx_ij q_iᵀ,  dv_a = Σ_ij de_ij t_ij

    Shapes: de (..., n, m), q (..., n, d), Uk (..., m, a), W_a (d, a), v_a (a)
        -> dq (..., n, d), dUk (..., m, a), dW_a (d, a), dv_a (a)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: the derivative of Bahdanau et al. 2015, app. A.1.2.
    """
    check_shapes("de (..., n, m), q (..., n, d), Uk (..., m, a)", de, q, Uk)
    x, y = _batch_inside(project(q, W_a)), _batch_inside(Uk)
    d = np.ascontiguousarray(as_batch(de).transpose(1, 2, 0))
    dx, dy, dv_a = np.zeros(x.shape, x.dtype), np.zeros(y.shape, y.dtype), np.zeros_like(v_a)
    hidden = _hidden(x, y, read=d != 0)
    for i, j, room in _slabs(x, y):
        t = hidden(i, j, room)
        dv_a += d[i, j].reshape(-1) @ as_rows(t)
        dt = np.square(t, out=t)
        np.subtract(1, dt, out=dt)
        dt *= d[i, j, :, None]
        dx[i] += dt.sum(axis=1)
        dy[j] += dt.sum(axis=0)
    dWq, dUk = (
        np.multiply(v_a, back.swapaxes(0, 1), order="C").reshape(*given.shape[:-1], v_a.size)
        for back, given in ((dx, q), (dy, Uk))
    )
    dq, dW_a = project_backward(dWq, q, W_a)
    return dq, dUk, dW_a, dv_a


def concat(q: Array, k: Array, W_a: Array, v_a: Array) -> Array:
    """Score by a small network that sees query and key as one vector: additive, written otherwise.

    e_ij = v_aᵀ tanh(W_a [q_i; k_j]),  with vectors as rows, W_a is transposed

    Shapes: q (..., n, d), k (..., m, b), W_a (d + b, a), v_a (a) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Luong et al. 2015, sec. 3.1, "concat".
    """
    check_shapes("q (..., n, d), k (..., m, b), W_a (d + b, a), v_a (a)", q, k, W_a, v_a)
    W_q, W_k = np.split(W_a, [q.shape[-1]])
    return additive(q, k, W_q, W_k, v_a)


def concat_backward(
    de: Array, q: Array, k: Array, W_a: Array, v_a: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of concat: that of additive, the two halves of W_a put together again.

    dW_a = [dW_q; dW_k]

    Shapes: de (..., n, m), q (..., n, d), k (..., m, b), W_a (d + b, a), v_a (a)
        -> dq (..., n, d), dk (..., m, b), dW_a (d + b, a), dv_a (a)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    W_q, W_k = np.split(W_a, [q.shape[-1]])
    dq, dk, dW_q, dW_k, dv_a = additive_backward(de, q, k, W_q, W_k, v_a)
    return dq, dk, np.concatenate([dW_q, dW_k]), dv_a


def location(q: Array, W_a: Array) -> Array:
    """Score the places alone: the query says where to look, whatever stands there.

    e_i = W_a q_i,  with vectors as rows, W_a is transposed

    Shapes: q (..., n, d), W_a (d, m) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no places.
    Source: Luong et al. 2015, sec. 3.1, "location".
    """
    check_shapes("q (..., n, d), W_a (d, m)", q, W_a)
    return project(q, W_a)


def location_backward(de: Array, q: Array, W_a: Array) -> tuple[Array, Array]:
    """Gradient of location.

    dq_i = W_aᵀ de_i,  dW_a = Σ_i de_i q_iᵀ

    Shapes: de (..., n, m), q (..., n, d), W_a (d, m) -> dq (..., n, d), dW_a (d, m)
    Source: the derivative of Luong et al. 2015, sec. 3.1.
    """
    return project_backward(de, q, W_a)


def cosine(q: Array, k: Array) -> Array:
    """Score by the angle alone, whatever the lengths; a vector of length 0 scores 0.

    e_ij = q_iᵀ k_j / (|q_i| |k_j|),  with |x|² = xᵀx + ε

    Shapes: q (..., n, d), k (..., m, d) -> e (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, or there are no keys.
    Source: Graves et al. 2014, eq. 6; the ε is ours.
    """
    check_shapes("q (..., n, d), k (..., m, d)", q, k)
    return dot(unit(q), unit(k))


def cosine_backward(de: Array, q: Array, k: Array) -> tuple[Array, Array]:
    """Gradient of cosine: through the dot product of the directions, then through the directions.

    du_i = Σ_j de_ij u(k_j),  dq_i = (du_i − u(q_i) u(q_i)ᵀ du_i) / |q_i|,  dk_j alike

    Shapes: de (..., n, m), q (..., n, d), k (..., m, d) -> dq (..., n, d), dk (..., m, d)
    Source: the derivative of Graves et al. 2014, eq. 6.
    """
    du, dw = dot_backward(de, unit(q), unit(k))
    return unit_backward(du, q), unit_backward(dw, k)


def unit(x: Array) -> Array:
    """Keep a vector's direction and give it length 1; what is very short stays short.

    u = x / √(xᵀx + ε)

    Shapes: x (..., d) -> u (..., d)
    Raises: ValueError if x is not of floats.
    Source: the ε inside the root, 1e-6, keeps the slope finite at length 0.
    """
    check_shapes("x (..., d)", x)
    return x / _length(x)


def unit_backward(du: Array, x: Array) -> Array:
    """Gradient of unit: what points along the vector is taken away.

    dx = (du − u (uᵀ du)) / √(xᵀx + ε)

    Shapes: du (..., d), x (..., d) -> dx (..., d)
    Source: the derivative of unit.
    """
    u = unit(x)
    return (du - u * (u * du).sum(axis=-1, keepdims=True)) / _length(x)


def _length(x: Array) -> Array:
    return np.sqrt((x * x).sum(axis=-1, keepdims=True) + EPS)


@np.errstate(over="ignore")  # of loud vectors
def _hidden(x: Array, y: Array, read: Mask | None = None) -> Callable[[slice, slice, Array], Array]:
    """The hidden layer of queries i with keys j, (i, j, b, a), in a room that the next overwrites.

    t = tanh(x + y) = 1 − 2u / (u + w),  u = e^{−2x},  w = e^{2y}

    It is right to a few units in the last place of 1. So exponentials of each query and of each key
    will do, while they are far from overflow; loud pairs take tanh, or 0 if nobody reads them.
    """
    dtype = np.result_type(x, y)
    u, w = (np.multiply(c, z, order="C", dtype=dtype) for c, z in ((-2, x), (2, y)))
    limit = np.log(np.finfo(dtype).max) / 2
    loud_u, loud_w = (_loud(z, limit) for z in (u, w))
    np.exp(u, out=u)
    np.exp(w, out=w)
    minus_2u = -2 * u

    @np.errstate(over="ignore", invalid="ignore")
    def hidden(i: slice, j: slice, room: Array) -> Array:
        t = np.add(u[i, None], w[j], out=room)
        np.divide(minus_2u[i, None], t, out=t)  # in place: memory costs as much as arithmetic
        t += 1
        if (loud := loud_u[i, None] | loud_w[j]).any():
            t[loud] = 0
            at_i, at_j, b = np.nonzero(loud if read is None else loud & read[i, j])
            t[at_i, at_j, b] = np.tanh(x[i][at_i, b] + y[j][at_j, b])
        return t

    return hidden


def _loud(z: Array, limit: float) -> Mask:
    # Vectors with a number that is too large, or NaN; most of the time there are none.
    if z.size and -limit < z.min() and z.max() < limit:
        return np.zeros(z.shape[:-1], bool)
    return np.asarray(~(np.abs(z).max(axis=-1, initial=0) < limit))


def _slabs(x: Array, y: Array) -> Iterator[tuple[slice, slice, Array]]:
    """A few queries and keys at a time, at least one pair of each sequence; if possible, few
    enough for their hidden layer to stay near the core."""
    n, (m, *each) = len(x), y.shape
    pair = max(1, math.prod(each))
    keys = max(1, min(m, NEAR // pair))
    rows = max(1, min(n, NEAR // (keys * pair)))
    room = np.empty((rows, keys, *each), np.result_type(x, y))
    for j, i in product(range(0, m, keys), range(0, n, rows)):
        yield slice(i, i + rows), slice(j, j + keys), room[: n - i, : m - j]


def _batch_inside(x: Array) -> Array:
    # (..., n, a) -> (n, b, a): vectors of all sequences side by side; one is too short a loop.
    return as_batch(x).swapaxes(0, 1)
