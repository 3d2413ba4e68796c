"""Additive attention in three steps: one decoder state looks at four encoder states."""

import numpy as np

from attn.ops.scores import additive
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
s_prev = rng.normal(size=(1, 3))  # the decoder's previous state: one query of 3 numbers
h = rng.normal(size=(4, 6))  # four encoder states of 6 numbers
W_a, U_a = rng.normal(size=(3, 5)), rng.normal(size=(6, 5))
v_a = rng.normal(size=5)

e = additive(s_prev, h, W_a, U_a, v_a)  # 1 score
alpha = softmax(e)  # 2 normalize
c = alpha @ h  # 3 combine

print("e     ", e.round(2))
print("alpha ", alpha.round(2), "sum", alpha.sum().round(6))
print("c     ", c.round(2))
