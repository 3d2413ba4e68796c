"""Hard attention: draw one position in place of a blend of all, and learn from what it brought.

A draw jumps: no gradient passes through it. The reward it earns has an expectation, which is smooth
in the scores. Here are its exact gradient and the ways to estimate it.
"""

import numpy as np

from attn.ops.checks import check_count, check_floats, check_indices, check_shapes, full_mask
from attn.ops.products import combine
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Indices, Mask


def sample(alpha: Array, rng: np.random.Generator, draws: int | None = None) -> Indices:
    """Draw positions, each as often as it weighs; where nothing may be attended to, draw −1.

    s ~ Categorical(alpha)

    Without `draws`, one per row, no last axis. No gradient: the estimators below stand in for it.

    Shapes: alpha (..., m), draws () | None -> s (..., draws)
    Raises: ValueError if alpha is not of floats, has no positions, one that weighs less than 0 or
        infinitely much, or draws is not a whole number of at least 1.
    Source: Xu et al. 2015, sec. 4.1: their one-hot s_t is 1 at our s.
    """
    _check_weights(alpha)
    check_count("draws", 1 if draws is None else draws, least=1)
    edges = np.cumsum(alpha, axis=-1, dtype=np.float64)[..., None, :]  # half precision stalls
    u = edges[..., -1:] * rng.random((*alpha.shape[:-1], draws or 1, 1))
    last = (edges < edges[..., -1:]).sum(axis=-1)  # in case u rounds up to a tiny sum
    s = np.where(edges[..., -1] > 0, np.minimum((edges <= u).sum(axis=-1), last), -1)
    return s[..., 0] if draws is None else s


def read(s: Indices, v: Array) -> Array:
    """Read the positions drawn and no others; −1 reads nothing: zeros.

    c_i = v_{s_i}

    Shapes: s (..., n), v (..., m, p) -> c (..., n, p)
    Raises: ValueError if v is not of floats, or s are not whole numbers from −1 to m − 1.
    Source: Xu et al. 2015, sec. 4.1.
    """
    check_shapes("v (..., m, p)", v)
    _check_draws(s, (*v.shape[:-2], *np.shape(s)[-1:]), v.shape[-2])
    c = np.take_along_axis(v, np.maximum(s, 0)[..., None], axis=-2)
    return np.where(s[..., None] < 0, 0, c)


def read_backward(dc: Array, s: Indices, v: Array) -> Array:
    """Gradient of read for what was read; the draw itself gets none.

    dv_j = Σ_i [s_i = j] dc_i

    Shapes: dc (..., n, p), s (..., n), v (..., m, p) -> dv (..., m, p)
    Source: the derivative of read.
    """
    return combine(_one_hot(s, v.shape[-2], v).mT, dc)


def peak(alpha: Array) -> Indices:
    """Take the position that weighs most, −1 where none does: no draw, but a shortcut at test time.

    s = argmax_j alpha_j

    Of gumbel_softmax it is an exact draw. No gradient: it is constant, until it jumps.

    Shapes: alpha (..., m) -> s (...)
    Raises: ValueError if alpha is not of floats, has no positions or one that weighs less than 0.
    Source: Maddison et al. 2016: the Gumbel-max trick.
    """
    _check_weights(alpha)
    return np.where(alpha.any(axis=-1), alpha.argmax(axis=-1), -1)


def enumerate_gradient(R: Array, alpha: Array) -> Array:
    """Give the exact gradient of the expected reward, from the reward of every position.

    J = Σ_k alpha_k R_k,  de_j = alpha_j (R_j − J)

    Shapes: R (..., m), alpha (..., m) -> de (..., m)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: the sum that Xu et al. 2015, sec. 4.1, sample from.
    """
    check_shapes("R (..., m), alpha (..., m)", R, alpha)
    return softmax_backward(R, alpha)


def reinforce(R: Array, s: Indices, alpha: Array, b: Array | float = 0.0) -> Array:
    """Estimate the gradient of the expected reward from the rewards of the draws alone.

    de_j = 1/K Σ_k (R_k − b_k) ([s_k = j] − alpha_j),  the bracket is ∂ log alpha_{s_k} / ∂e_j

    Right on average for any baseline b, one number or one per draw, that does not depend on its
    own draw. Losses in place of rewards give the gradient of the expected loss.

    Shapes: R (..., K), s (..., K), alpha (..., m), b (..., K) -> de (..., m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there is no draw, or s are
        not whole numbers from −1 to m − 1.
    Source: Williams 1992, sec. 4; Xu et al. 2015, sec. 4.1.
    """
    _check_rewards(R, s, alpha, b)
    advantage = np.where(s < 0, 0, R - np.asarray(b, R.dtype))  # what was not drawn teaches nothing
    dlog = _one_hot(s, alpha.shape[-1], alpha) - alpha[..., None, :]
    return (advantage[..., None, :] @ dlog)[..., 0, :] / R.shape[-1]


def moving_average(b: float, R: Array, keep: float = 0.9) -> float:
    """Update the baseline: mostly what it was, and a little of the latest rewards.

    b_k = 0.9 b_{k−1} + 0.1 R_k

    No gradient: it is what rewards are compared with.

    Shapes: b (), R (..., K), keep () -> b ()
    Raises: ValueError if R is not of floats.
    Source: Xu et al. 2015, sec. 4.1; we take the mean over a batch.
    """
    check_floats("R", R)
    return keep * b + (1 - keep) * float(R.mean())


def leave_one_out(R: Array, s: Indices, alpha: Array) -> Array:
    """Estimate as reinforce does; the baseline of a draw is the mean reward of the others.

    b_k = 1/(K − 1) Σ_{l ≠ k} R_l

    Shapes: R (..., K), s (..., K), alpha (..., m) -> de (..., m)
    Raises: ValueError if an array is not of floats, shapes do not fit, there are fewer than two
        draws, or s are not whole numbers from −1 to m − 1.
    Source: Kool et al. 2019.
    """
    _check_rewards(R, s, alpha, least=2)
    others = R.sum(axis=-1, keepdims=True) - R
    return reinforce(R, s, alpha, others / (R.shape[-1] - 1))


def straight_through(dc: Array, v: Array, alpha: Array) -> Array:
    """Pass on the gradient of what was drawn as if it had been blended: biased, but quiet.

    dalpha_ij = dc_iᵀ v_j,  de = alpha (dalpha − Σ alpha dalpha)

    Forward, c is one row of v; backward, it is treated as Σ_j alpha_j v_j.

    Shapes: dc (..., n, p), v (..., m, p), alpha (..., n, m) -> de (..., n, m)
    Raises: ValueError if an array is not of floats or shapes do not fit.
    Source: Bengio et al. 2013: the straight-through estimator.
    """
    check_shapes("dc (..., n, p), v (..., m, p), alpha (..., n, m)", dc, v, alpha)
    return softmax_backward(dc @ v.mT, alpha)


def gumbel_softmax(
    e: Array, rng: np.random.Generator, tau: float, mask: Mask | None = None
) -> Array:
    """Draw weights that are nearly one-hot, the more so the lower the temperature, yet smooth in e.

    y = softmax((e + g) / tau),  g_j = −log(−log u_j),  u_j uniform in (0, 1)

    peak(y) is an exact draw. Reading there, and sending back through y the gradient of what was
    read, is straight-through Gumbel-softmax.

    Shapes: e (..., m), tau (), mask (..., m) | None -> y (..., m)
    Raises: ValueError if e is not of floats or has no keys, tau is not positive, or the mask is not
        boolean or does not broadcast to e.
    Source: Jang et al. 2016, eq. 2; Maddison et al. 2016.
    """
    check_shapes("e (..., m)", e)
    if not tau > 0:
        raise ValueError(f"tau: expected a positive number, got {tau}")
    return softmax((e + rng.gumbel(size=e.shape).astype(e.dtype)) / float(tau), mask)


def gumbel_softmax_backward(dy: Array, y: Array, tau: float) -> Array:
    """Gradient of gumbel_softmax, from the weights it gave, at the noise it drew.

    de_j = y_j (dy_j − Σ_k y_k dy_k) / tau

    Shapes: dy (..., m), y (..., m), tau () -> de (..., m)
    Source: the derivative of Jang et al. 2016, eq. 2.
    """
    return softmax_backward(dy, y) / float(tau)


def entropy(e: Array, mask: Mask | None = None) -> Array:
    """Say how undecided the weights are: 0 if one has it all. A bonus for it keeps the draws open.

    H = −Σ_j alpha_j log alpha_j,  alpha = softmax(e)

    Shapes: e (..., m), mask (..., m) | None -> H (...)
    Raises: ValueError if e is not of floats or has no keys, or the mask is not boolean or does not
        broadcast to e.
    Source: Xu et al. 2015, sec. 4.1: their H[s̃], added with the weight λ_e.
    """
    check_shapes("e (..., m)", e)
    alpha = softmax(e, mask)
    return -(alpha * _log(alpha)).sum(axis=-1)


def entropy_backward(dH: Array, alpha: Array) -> Array:
    """Gradient of entropy for the scores, from the weights: the likely become less so.

    de_j = −dH alpha_j (log alpha_j + H)

    Shapes: dH (...), alpha (..., m) -> de (..., m)
    Source: the derivative of Xu et al. 2015, sec. 4.1.
    """
    return softmax_backward(-dH[..., None] * _log(alpha), alpha)


def semi_sample(
    s: Indices, alpha: Array, rng: np.random.Generator, p: float = 0.5
) -> tuple[Array, Indices]:
    """Replace the draws of a row, with probability p, by their expectation: a calmer way to train.

    w_k = onehot(s_k), or alpha where a coin, one a row, says so; there s becomes −1

    Read with combine(w, v); reinforce counts the draws that are left. No gradient passes through w.

    Shapes: s (..., K), alpha (..., m), p () -> w (..., K, m), s (..., K)
    Raises: ValueError if alpha is not of floats, s are not whole numbers from −1 to m − 1, or p is
        not between 0 and 1.
    Source: Xu et al. 2015, sec. 4.1, with p = 0.5.
    """
    check_shapes("alpha (..., m)", alpha)
    _check_draws(s, (*alpha.shape[:-1], *np.shape(s)[-1:]), alpha.shape[-1])
    if not 0 <= p <= 1:
        raise ValueError(f"p: expected a probability, 0 to 1, got {p}")
    blended = rng.random((*s.shape[:-1], 1)) < p
    one_hot = _one_hot(s, alpha.shape[-1], alpha)
    return np.where(blended[..., None], alpha[..., None, :], one_hot), np.where(blended, -1, s)


def doubly_stochastic(alpha: Array, mask: Mask | None = None) -> Array:
    """Say how far the outputs together are from paying each input the same attention, 1 in all.

    P = Σ_j (1 − Σ_i alpha_ij)²,  over the inputs j that some output may attend to

    Shapes: alpha (..., n, m), mask (..., n, m) | None -> P (...)
    Raises: ValueError if alpha is not of floats, or the mask is not boolean or does not broadcast.
    Source: Xu et al. 2015, sec. 4.2.1: added to the loss with the weight λ.
    """
    check_shapes("alpha (..., n, m)", alpha)
    missing = _missing(alpha, mask)
    return (missing * missing).sum(axis=-1)


def doubly_stochastic_backward(dP: Array, alpha: Array, mask: Mask | None = None) -> Array:
    """Gradient of doubly_stochastic: the same for all outputs.

    dalpha_ij = −2 dP (1 − Σ_l alpha_lj)

    Shapes: dP (...), alpha (..., n, m), mask (..., n, m) | None -> dalpha (..., n, m)
    Source: the derivative of Xu et al. 2015, sec. 4.2.1.
    """
    dsum = -2 * dP[..., None] * _missing(alpha, mask)
    return np.repeat(dsum[..., None, :], alpha.shape[-2], axis=-2)


def _one_hot(s: Indices, m: int, like: Array) -> Array:
    return (s[..., None] == np.arange(m)).astype(like.dtype)  # −1 is nowhere: a row of zeros


def _log(alpha: Array) -> Array:
    return np.log(alpha, where=alpha != 0, out=np.zeros_like(alpha))  # 0 log 0 = 0


def _missing(alpha: Array, mask: Mask | None) -> Array:
    return (1 - alpha.sum(axis=-2)) * full_mask(mask, alpha.shape).any(axis=-2)


def _check_weights(alpha: Array) -> None:
    check_shapes("alpha (..., m)", alpha)
    if not (alpha >= 0).all():  # refuses NaN too
        raise ValueError(f"alpha: expected weights of at least 0, got {alpha.min()}")
    if np.isinf(alpha).any():
        raise ValueError("alpha: expected finite weights, got inf")


def _check_draws(s: Indices, shape: tuple[int, ...], m: int) -> None:
    check_indices("s", s, shape, m, where=np.asarray(s) != -1)


def _check_rewards(
    R: Array, s: Indices, alpha: Array, b: Array | float = 0.0, least: int = 1
) -> None:
    check_shapes("R (..., K), alpha (..., m)", R, alpha)
    _check_draws(s, R.shape, alpha.shape[-1])
    if np.ndim(b):
        check_shapes("R (..., K), b (..., K)", R, b)
    if R.shape[-1] < least:
        raise ValueError(f"R: expected at least {least} draws in the last axis, got {R.shape}")
