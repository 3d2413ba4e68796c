"""From look-up to self-attention: the sequence asks itself, every position at once."""

import numpy as np

from attn.mechanisms.attention import attention
from attn.ops.masks import causal

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 8))  # five positions, eight features
W_q, W_k, W_v = rng.normal(size=(3, 8, 4))

Y, alpha = attention(X @ W_q, X @ W_k, X @ W_v)
print("each of 5 positions reads 5:", alpha.shape, "->", Y.shape)

order = np.array([4, 2, 0, 3, 1])
shuffled, _ = attention(X[order] @ W_q, X[order] @ W_k, X[order] @ W_v)
print("shuffled in, shuffled out:", np.allclose(shuffled, Y[order]))

_, alpha = attention(X @ W_q, X @ W_k, X @ W_v, mask=causal(5))
print("causal, first row:", alpha[0].round(2))
