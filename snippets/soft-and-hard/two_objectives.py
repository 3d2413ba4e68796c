"""The reward of the blend and the mean reward of the draws."""

import numpy as np

from attn.mechanisms.hard import enumerate_gradient
from attn.ops.softmax import softmax_backward

h = np.array([-1.0, 1.0])  # two positions, one number each
alpha = np.array([0.25, 0.75])
c = alpha @ h

rewards = {  # R(c) and its slope
    "linear, R(c) = 3 c + 1": (lambda c: 3 * c + 1, 3),
    "quadratic, R(c) = 1 - c^2": (lambda c: 1 - c**2, -2 * c),
}
for name, (R, slope) in rewards.items():
    dsoft = softmax_backward(slope * h, alpha)
    dhard = enumerate_gradient(R(h), alpha)
    print(name)
    print(f"  soft {R(c):4.2f}, gradient", dsoft.round(3))
    print(f"  hard {alpha @ R(h):4.2f}, gradient", dhard.round(3))
