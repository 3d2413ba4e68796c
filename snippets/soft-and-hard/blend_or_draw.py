"""The same weights used twice: a blend of all positions, and draws of one."""

import numpy as np

from attn.mechanisms.hard import sample

rng = np.random.default_rng(0)
# Le, chat, noir, dort
h = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [8.0, 8.0]])
alpha = np.array([0.05, 0.10, 0.80, 0.05])

soft = alpha @ h  # the expectation of what a draw would read
drawn = sample(alpha, rng, draws=10_000)

print("soft           ", soft)
print("first ten draws", drawn[:10])
print("one draw reads ", h[drawn[0]])
print("mean of draws  ", h[drawn].mean(axis=0).round(1))
