"""Multi-head attention: two heads over the same five words, each with weights of its own."""

import numpy as np

from attn.mechanisms.heads import multi_head
from attn.ops.masks import causal
from attn.ops.positions import sinusoidal

rng = np.random.default_rng(0)
x = rng.normal(size=(5, 16)) + sinusoidal(5, 16)  # words, and where they stand
W_q, W_k, W_v, W_o = rng.normal(scale=0.25, size=(4, 16, 16))

y, alpha = multi_head(x, x, W_q, W_k, W_v, W_o, heads=2, mask=causal(5))
print(y.shape, alpha.shape)
for head in range(2):
    print(f"head {head}, last word looks at", alpha[head, -1].round(2))
