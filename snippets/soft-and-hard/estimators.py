"""Five estimates of the gradient through a draw, against the exact gradient."""

import numpy as np

from attn.ops.softmax import softmax, softmax_backward

rng = np.random.default_rng(0)
K, tau = 4, 0.5  # draws for one estimate, temperature
e, h = rng.normal(size=10), rng.normal(size=10)  # ten positions
alpha = softmax(e)


def R(c):
    """Reward reading a number near 1; not linear, so that bias can show."""
    return 9 - (c - 1) ** 2


def dR(c):
    """How the reward changes with the number: not known to REINFORCE."""
    return -2 * (c - 1)


exact = softmax_backward(R(h), alpha)
s = rng.choice(10, size=(50_000, K), p=alpha)
dlog = np.eye(10)[s] - alpha
r = R(h[s])[..., None]
others = (r.sum(axis=1, keepdims=True) - r) / (K - 1)  # their mean
y = softmax((e + rng.gumbel(size=(50_000, K, 10))) / tau)  # nearly one-hot
estimates = {
    "REINFORCE": r * dlog,
    "mean reward": (r - alpha @ R(h)) * dlog,
    "leave-one-out": (r - others) * dlog,
    "straight-through": softmax_backward(dR(h[s])[..., None] * h, alpha),
    "Gumbel-softmax": softmax_backward(dR(y @ h)[..., None] * h, y) / tau,
}
for name, samples in estimates.items():
    g = samples.mean(axis=1)
    bias, variance = np.linalg.norm(g.mean(axis=0) - exact), g.var(axis=0).sum()
    print(f"{name:17} bias {bias:.1f}, variance {variance:.2f}")
print(f"length of the exact gradient: {np.linalg.norm(exact):.1f}")
