"""Additive attention in three steps: one decoder state, four encoder states."""

import numpy as np

from attn.mechanisms.attention import additive_attention

rng = np.random.default_rng(0)
s_prev = rng.normal(size=3)  # the decoder's previous state
h = rng.normal(size=(4, 6))  # four encoder states, one a row
W_a, U_a = rng.normal(size=(3, 5)), rng.normal(size=(6, 5))
v_a = rng.normal(size=5)

e = np.tanh(s_prev @ W_a + h @ U_a) @ v_a  # 1 score
alpha = np.exp(e) / np.exp(e).sum()  # 2 normalize
c = alpha @ h  # 3 combine

print("e     ", e.round(2))
print("alpha ", alpha.round(2), "sum", alpha.sum().round(6))
print("c     ", c.round(2))

# The package: rows of queries, and h twice, as keys and as values.
same, _ = additive_attention(s_prev[np.newaxis], h, h, W_a, U_a, v_a)
print("same as attn:", np.allclose(c, same[0]))
