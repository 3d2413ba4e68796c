"""The gradient of an expected reward: exact, and by REINFORCE."""

import numpy as np

from attn.mechanisms.hard import enumerate_gradient, sample
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
e = rng.normal(size=10)  # scores of ten positions
R = 5 + rng.normal(size=10)  # the reward for reading each
alpha = softmax(e)

exact = enumerate_gradient(R, alpha)  # the sum over all ten positions

draws = sample(alpha, rng, draws=100_000)
dlog = np.eye(10)[draws] - alpha  # d log alpha[s] / d e, one row a draw
estimates = {
    "no baseline": R[draws, None] * dlog,
    "mean reward": (R[draws, None] - alpha @ R) * dlog,
}
for name, g in estimates.items():
    error = np.abs(g.mean(axis=0) - exact).max()
    variance = g.var(axis=0).sum()
    print(f"{name}: error of the mean {error:.3f}, variance {variance:.1f}")
