"""Would another look have done? Weights as different as can be that leave the translation alone.

A trained translator of seq2seq is frozen. What is trained are the scores e of one batch, in place
of those that the alignment model gives: the weights should differ from its own, yet leave the
predicted words as they are. Letters are as in seq2seq.
"""

from typing import NamedTuple

import numpy as np

from attn.models.seq2seq import Batch, before, encode, first_state
from attn.ops.checks import full_mask
from attn.ops.layers import embedding, linear
from attn.ops.recurrent import GRUTrace, gru_sequence, gru_sequence_backward
from attn.ops.softmax import log_softmax, softmax, softmax_backward
from attn.types import Array, Grads, Mask, Params


class Frozen(NamedTuple):
    """A trained translator, what it reads and writes, and how it weighs and predicts."""

    params: Params
    h: Array
    s_0: Array
    x_mask: Mask
    y_mask: Mask
    Ey: Array
    alpha: Array
    log_p: Array
    cost: float


def freeze(params: Params, batch: Batch, alpha: Array, cost: float) -> Frozen:
    """Keep what a translator does with its own weights, given as alpha.

    p_i = p(· | y_1 … y_{i−1}, x; α)

    Shapes: alpha (b, T_y, T_x), cost () -> a frozen translator
    Raises: ValueError if words are not indices of the vocabulary, or a mask does not fit.
    Source: Jain, Wallace 2019, sec. 4.2.2: what the adversary is compared with.
    """
    x, x_mask, y, y_mask = batch
    masks = full_mask(x_mask, x.shape, "x_mask"), full_mask(y_mask, y.shape, "y_mask")
    h, _ = encode(params, x, x_mask)
    Ey = embedding(before(y).T, params["E_y"])
    frozen = Frozen(params, h, first_state(params, h), *masks, Ey, alpha, alpha, float(cost))
    return frozen._replace(log_p=log_softmax(replay(frozen, alpha)[0]))


def replay(frozen: Frozen, alpha: Array) -> tuple[Array, GRUTrace]:
    """Predict the words again, with weights from outside; the states follow the contexts.

    c_i = Σ_j α_ij h_j,  s_i = GRU(E y_{i−1}, c_i, s_{i−1}),  l_i = W_o [s_i; c_i; E y_{i−1}] + b_o

    Shapes: alpha (b, T_y, T_x) -> logits (T_y, b, v), trace
    Source: Bahdanau et al. 2015, sec. 3.1, with another α.
    """
    p, c = frozen.params, (alpha @ frozen.h).swapaxes(0, 1)
    a = linear(frozen.Ey, p["W_y"], p["b_y"]) + c @ p["C_y"]
    s, gru = gru_sequence(a, frozen.s_0, p["U_y"], p["U_yh"])
    return linear(np.concatenate([s, c, frozen.Ey], axis=-1), p["W_o"], p["b_o"]), gru


def replay_backward(dlogits: Array, gru: GRUTrace, frozen: Frozen) -> Array:
    """Gradient of `replay` with respect to the weights.

    dα_ij = (dc_i from the word + C_yᵀ da_i from the state)ᵀ h_j

    Shapes: dlogits (T_y, b, v) -> dalpha (b, T_y, T_x)
    Source: chain rule.
    """
    p, n = frozen.params, frozen.s_0.shape[-1]
    dout = dlogits @ p["W_o"].T
    da, *_ = gru_sequence_backward(dout[..., :n], gru, p["U_y"], p["U_yh"])
    dc = dout[..., n : 3 * n] + da @ p["C_y"].T
    return dc.swapaxes(0, 1) @ frozen.h.mT


def init(rng: np.random.Generator, frozen: Frozen) -> Grads:
    """Start at scores that have nothing to do with the translator's.

    e ~ N(0, 1)

    Source: ours.
    """
    return {"e": rng.standard_normal(frozen.alpha.shape).astype(frozen.alpha.dtype)}


def loss_and_grads(params: Params, frozen: Frozen) -> tuple[float, Grads]:
    """Reward other weights, charge for other predictions; both as means over the target's words.

    L = 1/N Σ_i (λ KL(p_i ‖ p'_i) − JS(α_i, α'_i)),  α' = softmax(e),  λ the cost

    Source: Jain, Wallace 2019, eq. 1, where a bound on the change of the output stands for λ.
    """
    alpha = softmax(params["e"], frozen.x_mask[:, np.newaxis])
    logits, gru = replay(frozen, alpha)
    kept, N = frozen.y_mask, frozen.y_mask.sum()
    log_q, p = log_softmax(logits), np.exp(frozen.log_p)
    change = (p * (frozen.log_p - log_q)).sum(axis=-1).T
    loss = (frozen.cost * change - js(frozen.alpha, alpha)).sum(where=kept) / N
    share = (kept / N).astype(alpha.dtype)
    dlogits = frozen.cost * (np.exp(log_q) - p) * share.T[..., np.newaxis]
    dalpha = replay_backward(dlogits, gru, frozen) + js_backward(-share, frozen.alpha, alpha)
    return float(loss), {"e": softmax_backward(dalpha, alpha)}


def js(p: Array, q: Array) -> Array:
    """Tell how far apart two distributions are: 0 if they are equal, ln 2 if they share nothing.

    JS = ½ Σ_j p_j ln(p_j / m_j) + ½ Σ_j q_j ln(q_j / m_j),  m = ½ (p + q)

    Shapes: p (b, T_y, T_x), q (b, T_y, T_x) -> (b, T_y)
    Source: Lin 1991, eq. 4.1 with equal shares.
    """
    return (p * _log_share(p, q) + q * _log_share(q, p)).sum(axis=-1) / 2


def js_backward(djs: Array, p: Array, q: Array) -> Array:
    """Gradient of `js` with respect to q.

    dq_j = ½ dJS ln(q_j / m_j)

    Shapes: djs (b, T_y), p (b, T_y, T_x), q (b, T_y, T_x) -> dq (b, T_y, T_x)
    Source: the derivative of Lin 1991, eq. 4.1.
    """
    return djs[..., np.newaxis] * _log_share(q, p) / 2


def _log_share(p: Array, q: Array) -> Array:
    # ln(p / m) with m = (p + q) / 2, which may round to 0; what p lacks adds nothing to its sum.
    return np.log(2 * np.where(p > 0, p / np.where(p > 0, p + q, 1), 0.5))
