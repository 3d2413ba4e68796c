"""Five estimates of a gradient through a draw, and the exact one."""

import numpy as np

from attn.mechanisms.hard import (
    enumerate_gradient,
    gumbel_softmax,
    gumbel_softmax_backward,
    leave_one_out,
    reinforce,
    sample,
    straight_through,
)
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
N, K, tau = 50_000, 4, 0.5  # estimates, draws for each, temperature
e, h = rng.normal(size=10), rng.normal(size=(10, 1))  # ten positions
alpha = softmax(e)
rows, values = np.tile(alpha, (N, 1)), np.tile(h, (N, 1, 1))

R = 9 - (h[:, 0] - 1) ** 2  # not linear, so that bias can show
exact = enumerate_gradient(R, alpha)

s = sample(rows, rng, K)
dc = (-2 * (h[s] - 1)).mean(axis=1, keepdims=True)  # needs the slope
y = gumbel_softmax(np.tile(e, (N, K, 1)), rng, tau)  # nearly one-hot
dy = -2 * (y @ h - 1) * h.T / K
estimates = {
    "REINFORCE": reinforce(R[s], s, rows),
    "mean reward": reinforce(R[s], s, rows, alpha @ R),
    "leave-one-out": leave_one_out(R[s], s, rows),
    "straight-through": straight_through(dc, values, rows[:, None]),
    "Gumbel-softmax": gumbel_softmax_backward(dy, y, tau).sum(axis=1),
}
for name, g in estimates.items():
    bias = np.linalg.norm(g.mean(axis=0) - exact)
    variance = g.var(axis=0).sum()
    print(f"{name:17} bias {bias:.1f}, variance {variance:.2f}")
print(f"length of the exact gradient: {np.linalg.norm(exact):.1f}")
