"""The look-up itself, with any score: what a translator, a Turing machine and a memory share."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from attn.ops.checks import check_mask
from attn.ops.products import combine, combine_backward
from attn.ops.scores import dot, dot_backward
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Mask

Score: TypeAlias = Callable[[Array, Array], Array]
ScoreBackward: TypeAlias = Callable[[Array, Array, Array], tuple[Array, Array]]


def look_up(
    q: Array, k: Array, v: Array, mask: Mask | None = None, score: Score = dot
) -> tuple[Array, Array]:
    """Ask with a query, find by the keys, bring back a blend of their values.

    o = Σ_j p_j v_j,  p = softmax(score(q, k))

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> o (..., n, p), p (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Sukhbaatar et al. 2015, eqs. 1 and 2, with the dot product as score.
    """
    p = softmax(score(q, k), mask)
    return combine(p, v), p


def look_up_backward(
    do: Array, q: Array, k: Array, v: Array, p: Array, score_backward: ScoreBackward = dot_backward
) -> tuple[Array, Array, Array]:
    """Gradient of look_up, from the weights it gave: how to ask, be found, and hand over.

    dp = do vᵀ,  de = p (dp − Σ p dp),  then the gradient of the score

    Shapes: do (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), p (..., n, m)
        -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Source: the derivative of Sukhbaatar et al. 2015, eqs. 1 and 2.
    """
    dp, dv = combine_backward(do, p, v)
    dq, dk = score_backward(softmax_backward(dp, p), q, k)
    return dq, dk, dv


def linear_look_up(q: Array, k: Array, v: Array, mask: Mask | None = None) -> tuple[Array, Array]:
    """Look up without the softmax, as at the start of training: the scores are the weights.

    o = Σ_j p_j v_j,  p = q kᵀ

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> o (..., n, p), p (..., n, m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are no keys, or the
        mask is not boolean.
    Source: Sukhbaatar et al. 2015, sec. 4.2, "linear start (LS)".
    """
    p = _kept(dot(q, k), mask)
    return combine(p, v), p


def linear_look_up_backward(
    do: Array, q: Array, k: Array, v: Array, p: Array, mask: Mask | None = None
) -> tuple[Array, Array, Array]:
    """Gradient of linear_look_up. It needs the mask again: here a weight may be 0 and not masked.

    dq = (do vᵀ) k,  dk = (do vᵀ)ᵀ q,  dv = pᵀ do

    Shapes: do (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), p (..., n, m),
        mask (..., n, m) | None -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Source: the derivative of linear_look_up.
    """
    dp, dv = combine_backward(do, p, v)
    dq, dk = dot_backward(_kept(dp, mask), q, k)
    return dq, dk, dv


def _kept(e: Array, mask: Mask | None) -> Array:
    check_mask(mask, e.shape)
    return e if mask is None else np.where(mask, e, 0)
