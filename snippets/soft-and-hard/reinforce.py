"""The gradient of an expected reward: exact, and by REINFORCE without and with a baseline."""

import numpy as np

from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
e = rng.normal(size=10)  # scores of ten positions
R = 5 + rng.normal(size=10)  # the reward for reading each
alpha = softmax(e)

exact = alpha * (R - alpha @ R)  # the sum over all ten positions

draws = rng.choice(10, size=100_000, p=alpha)
score = np.eye(10)[draws] - alpha  # d log alpha[s] / d e, one row a draw
estimators = {
    "no baseline": R[draws, None] * score,
    "mean reward": (R[draws, None] - alpha @ R) * score,
}
for name, g in estimators.items():
    bias, variance = np.abs(g.mean(axis=0) - exact).max(), g.var(axis=0).sum()
    print(f"{name}: largest error of the mean {bias:.3f}, variance of one draw {variance:.1f}")
