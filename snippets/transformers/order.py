"""Shuffle the words: are the outputs shuffled alike?"""

import numpy as np

from attn.mechanisms.attention import attention
from attn.mechanisms.biased import biased_attention
from attn.ops.places import alibi, learned
from attn.ops.positions import rotary, sinusoidal

rng = np.random.default_rng(0)
n, d = 9, 16
X, P = rng.normal(size=(2, n, d))
W_q, W_k, W_v = rng.normal(scale=0.25, size=(3, d, d))
t, order = np.arange(n), rng.permutation(n)


def plain(X):
    return attention(X @ W_q, X @ W_k, X @ W_v)[0]


def turned(X):
    return attention(rotary(X @ W_q, t), rotary(X @ W_k, t), X @ W_v)[0]


def biased(X):
    bias = alibi(np.array([0.5]), t, t)[0]
    return biased_attention(X @ W_q, X @ W_k, X @ W_v, bias)[0]


layers = {
    "no positions": plain,
    "sinusoidal": lambda X: plain(X + sinusoidal(n, d)),
    "learned": lambda X: plain(learned(X, P, t)),
    "rotary": turned,
    "ALiBi": biased,
}
for name, layer in layers.items():
    off = np.abs(layer(X[order]) - layer(X)[order]).max()
    print(f"{name:12} shuffled alike, to 1e-12: {off <= 1e-12}")
