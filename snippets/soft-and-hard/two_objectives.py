"""The reward of the blend and the mean reward of the draws, for two rewards."""

import numpy as np

h = np.array([-1.0, 1.0])  # two positions, one number each
alpha = np.array([0.5, 0.5])

rewards = {
    "linear, R(c) = 3 c + 1": lambda c: 3 * c + 1,
    "quadratic, R(c) = 1 - c^2": lambda c: 1 - c**2,
}
for name, R in rewards.items():
    soft, hard = R(alpha @ h), alpha @ R(h)
    print(f"{name}: soft {soft:.1f}, hard {hard:.1f}")
