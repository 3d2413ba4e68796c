"""One block: attention moves information between positions, a network works at each of them."""

import numpy as np

from attn.mechanisms.heads import multi_head
from attn.ops.layers import layer_norm
from attn.ops.masks import causal

rng = np.random.default_rng(0)
n, d = 5, 16
W_q, W_k, W_v, W_o = rng.normal(scale=0.25, size=(4, d, d))
W_1, W_2 = rng.normal(size=(d, 4 * d)), rng.normal(size=(4 * d, d))


def norm(x):
    return layer_norm(x, np.ones(d), np.zeros(d))


def block(x):
    y, _ = multi_head(x, x, W_q, W_k, W_v, W_o, heads=2, mask=causal(n))
    x = norm(x + y)
    return norm(x + np.maximum(x @ W_1, 0) @ W_2)


x = rng.normal(size=(n, d))
changed = x + 0.1 * np.eye(n)[:, [3]]  # the fourth word alone
print("outputs that change:", (block(changed) != block(x)).any(axis=1))
print("weights of attention:   ", sum(W.size for W in (W_q, W_k, W_v, W_o)))
print("weights of feed-forward:", sum(W.size for W in (W_1, W_2)))
