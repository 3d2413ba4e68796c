"""Optimizers: pure functions from parameters and gradients to new parameters.

All have the form `update(params, grads, state, rate) -> (params, state)`; None is the first state.
"""

from typing import NamedTuple

import numpy as np

from attn.types import Array, Grads, Params


class AdamState(NamedTuple):
    """Steps taken, and running means of the gradients and of their squares."""

    t: int
    m: Params
    v: Params


def sgd(
    params: Params, grads: Params, state: Params | None, rate: float, momentum: float = 0.9
) -> tuple[Grads, Params]:
    """Step against the gradient, with momentum.

    u_t = μ u_{t−1} − ρ g_t,  θ_t = θ_{t−1} + u_t

    Source: Polyak 1964; Sutskever et al. 2013, eq. 1-2.
    """
    u = {k: momentum * _past(state, k, g) - rate * g for k, g in grads.items()}
    return {k: params[k] + u[k] for k in params}, u


def rmsprop(
    params: Params,
    grads: Params,
    state: Params | None,
    rate: float,
    decay: float = 0.9,
    eps: float = 1e-8,
) -> tuple[Grads, Params]:
    """Step by the gradient in units of its own recent size.

    v_t = γ v_{t−1} + (1 − γ) g_t²,  θ_t = θ_{t−1} − ρ g_t / (√v_t + ε)

    Source: Tieleman, Hinton 2012, lecture 6.5.
    """
    v = {k: decay * _past(state, k, g) + (1 - decay) * g * g for k, g in grads.items()}
    return {k: params[k] - rate * grads[k] / (np.sqrt(v[k]) + eps) for k in params}, v


def adam(
    params: Params,
    grads: Params,
    state: AdamState | None,
    rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Grads, AdamState]:
    """Step by the mean gradient in units of its size, both corrected for their start at zero.

    m_t = β₁ m_{t−1} + (1 − β₁) g_t,  v_t = β₂ v_{t−1} + (1 − β₂) g_t²
    θ_t = θ_{t−1} − ρ m̂_t / (√v̂_t + ε),  m̂_t = m_t / (1 − β₁ᵗ),  v̂_t = v_t / (1 − β₂ᵗ)

    Source: Kingma, Ba 2015, Algorithm 1.
    """
    t, m, v = (state.t + 1, state.m, state.v) if state else (1, None, None)
    m = {k: beta_1 * _past(m, k, g) + (1 - beta_1) * g for k, g in grads.items()}
    v = {k: beta_2 * _past(v, k, g) + (1 - beta_2) * g * g for k, g in grads.items()}
    step = rate / (1 - beta_1**t)
    unbias = 1 / (1 - beta_2**t) ** 0.5
    new = {k: params[k] - step * m[k] / (unbias * np.sqrt(v[k]) + eps) for k in params}
    return new, AdamState(t, m, v)


def clip(grads: Params, largest: float) -> Grads:
    """Shorten all gradients together, if need be, to the norm `largest`.

    g ← g min(1, c / ‖g‖)

    Source: Pascanu, Mikolov, Bengio 2013, Algorithm 1.
    """
    squares = [np.square(g, dtype=np.float64).sum() for g in grads.values()]
    norm = float(np.sqrt(np.sum(squares)))
    scale = 1.0 if norm <= largest else largest / norm  # NaN, if the norm is: not to go unseen
    return {k: g * scale for k, g in grads.items()}


def warmup_cosine(t: int, steps: int, peak: float, warmup: int, last: float = 0.02) -> float:
    """Set the rate: a straight rise to the peak, then half a cosine down to `last` of it.

    ρ_t = ρ (l + (1 − l) ½ (1 + cos(π (t − w) / (T − w)))) after ρ_t = ρ (t + 1) / w

    T are the steps, w those of the warm-up, ρ is the peak, l the share of it that is left at last.

    Source: Loshchilov, Hutter 2017, eq. 5, without restarts.
    """
    if t < warmup:
        return peak * (t + 1) / warmup
    fall = (1 + np.cos(np.pi * (t - warmup) / (steps - warmup))) / 2
    return float(peak * (last + (1 - last) * fall))


def _past(state: Params | None, key: str, like: Array) -> Array:
    return np.zeros_like(like) if state is None else state[key]
