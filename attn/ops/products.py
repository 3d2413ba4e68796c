"""The two products that everything here is made of: a projection of each row, a sum of rows."""

import numpy as np

from attn.ops.arrays import as_rows
from attn.ops.checks import check_shapes
from attn.types import Array


def project(x: Array, W: Array) -> Array:
    """Map every row to a new set of features.

    y_ip = Σ_d x_id W_dp

    Shapes: x (..., d), W (d, p) -> y (..., p)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: the papers' W x, with vectors as rows: our W is their Wᵀ.
    """
    check_shapes("x (..., d), W (d, p)", x, W)
    return (as_rows(x) @ W).reshape(*x.shape[:-1], W.shape[1])  # one product for all sequences


def project_backward(dy: Array, x: Array, W: Array) -> tuple[Array, Array]:
    """Gradient of project; a row without a gradient adds nothing to dW, not even NaN.

    dx_id = Σ_p dy_ip W_dp,  dW_dp = Σ_i x_id dy_ip

    Shapes: dy (..., p), x (..., d), W (d, p) -> dx (..., d), dW (d, p)
    Raises: ValueError as project.
    Source: the derivative of project.
    """
    return project(dy, W.T), combine(as_rows(dy).T, as_rows(x)).T


def combine(alpha: Array, v: Array) -> Array:
    """Add up the values, each as much as it weighs; a weight of 0 reads nothing, not even NaN.

    c_ip = Σ_j alpha_ij v_jp

    Without values the sum is 0.

    Shapes: alpha (..., n, m), v (..., m, p) -> c (..., n, p)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: Bahdanau et al. 2015, eq. 5.
    """
    check_shapes("alpha (..., n, j), v (..., j, p)", alpha, v)
    if np.isfinite(v).all():
        return alpha @ v
    return _combine_nonfinite(alpha, v)


def combine_backward(dc: Array, alpha: Array, v: Array) -> tuple[Array, Array]:
    """Gradient of combine: each value gets back what it gave.

    dalpha_ij = Σ_p dc_ip v_jp,  dv_jp = Σ_i alpha_ij dc_ip

    Shapes: dc (..., n, p), alpha (..., n, m), v (..., m, p) -> dalpha (..., n, m), dv (..., m, p)
    Source: the derivative of Bahdanau et al. 2015, eq. 5.
    """
    return dc @ v.mT, combine(alpha.mT, dc)


@np.errstate(invalid="ignore")
def _combine_nonfinite(alpha: Array, v: Array) -> Array:
    # First the finite values, with ±1 for ±∞, so that an infinite weight keeps its sign. Then ∞,
    # −∞ and NaN, kind by kind, where a weight reads one: all terms at once would take n times the
    # memory.
    c = alpha @ np.nan_to_num(v, nan=0.0, posinf=1.0, neginf=-1.0)
    plus, minus = (np.asarray(w, alpha.dtype) for w in (alpha > 0, alpha < 0))
    high, low, missing = (np.asarray(x, v.dtype) for x in (v == np.inf, v == -np.inf, v != v))
    c[plus @ high + minus @ low > 0] += np.inf
    c[plus @ low + minus @ high > 0] -= np.inf
    c[(plus + minus) @ missing > 0] = np.nan
    return c
