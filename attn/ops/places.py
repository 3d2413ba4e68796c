"""Where in the sequence, told by parameters: a vector for each place, or a slope for each head."""

import numpy as np

from attn.ops.checks import check_count, check_indices, check_shapes
from attn.ops.layers import embedding, embedding_backward
from attn.types import Array, Indices


def learned(x: Array, P: Array, positions: Indices) -> Array:
    """Add to each row the vector that was learned for its position; beyond the table is none.

    y_i = x_i + P_{t_i},  t_i the row's position

    Shapes: x (..., n, d), P (t, d), positions (n) -> y (..., n, d)
    Raises: ValueError if an array is not of floats or its shape does not fit, or positions are not
        one whole number for each row, from 0 to t − 1.
    Source: Gehring et al. 2017, sec. 3.1.
    """
    check_shapes("x (..., n, d), P (t, d)", x, P)
    check_indices("positions", positions, x.shape[-2:-1], len(P))
    return x + embedding(positions, P)


def learned_backward(dy: Array, P: Array, positions: Indices) -> tuple[Array, Array]:
    """Gradient of learned: a position collects from all rows that stood there.

    dx_i = dy_i,  dP_t = Σ_i [t_i = t] dy_i

    Shapes: dy (..., n, d), P (t, d), positions (n) -> dx (..., n, d), dP (t, d)
    Source: the derivative of Gehring et al. 2017, sec. 3.1.
    """
    rows = dy.sum(axis=tuple(range(dy.ndim - 2)))
    return dy, embedding_backward(rows, positions, P)


def alibi_slopes(heads: int) -> Array:
    """Give each head its own slope, from steep to flat: how fast it forgets what is far.

    s_i = 2^{−8 i / H},  i = 1 … H heads,  H a power of two

    Otherwise H is the power of two below, and the heads that are left over stand in between, at
    i = ½, 3/2, …  No input sets the precision: s is float64.

    Shapes: heads () -> s (heads)
    Raises: ValueError if heads is not a whole number.
    Source: Press, Smith, Lewis 2022, sec. 3; the numbers in between are those of the authors' code.
    """
    check_count("heads", heads, least=1)
    H = 2 ** (int(heads).bit_length() - 1)
    i = np.concatenate([np.arange(1, H + 1), np.arange(heads - H) + 0.5])
    return np.asarray(2.0 ** (-8 * i / H))


def alibi(slopes: Array, positions_q: Indices, positions_k: Indices) -> Array:
    """Lower each score in proportion to the distance between query and key.

    bias_hij = −s_h |t_i − t_j|,  t_i the query's position, t_j the key's

    The paper has a causal mask, under which t_i − t_j is not negative.

    Shapes: slopes (h), positions_q (n), positions_k (m) -> bias (h, n, m)
    Raises: ValueError if slopes is not of floats, or an array is not one row of positions, whole
        numbers from 0 on.
    Source: Press, Smith, Lewis 2022, sec. 3.
    """
    check_shapes("slopes (h)", slopes)
    for name, t in (("positions_q", positions_q), ("positions_k", positions_k)):
        check_indices(name, t, (np.size(t),))
    return -slopes[:, None, None] * _distances(positions_q, positions_k, slopes)


def alibi_backward(dbias: Array, positions_q: Indices, positions_k: Indices) -> Array:
    """Gradient of alibi, for slopes that are trained.

    ds_h = −Σ_ij dbias_hij |t_i − t_j|

    Shapes: dbias (h, n, m), positions_q (n), positions_k (m) -> dslopes (h)
    Source: the derivative of Press, Smith, Lewis 2022, sec. 3.
    """
    return -np.einsum("hij,ij->h", dbias, _distances(positions_q, positions_k, dbias))


def _distances(positions_q: Indices, positions_k: Indices, like: Array) -> Array:
    t_i, t_j = (t.astype(np.int64) for t in (positions_q, positions_k))  # no unsigned differences
    return np.abs(t_i[:, None] - t_j).astype(like.dtype)
