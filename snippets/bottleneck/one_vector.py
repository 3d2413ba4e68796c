"""A GRU reads sentences of three lengths and gives 512 numbers each time."""

import numpy as np

from attn.ops.recurrent import gru

text = "The quick brown fox jumps over the lazy dog near the river bank"
sentence = text.split()
d, n = 64, 512  # numbers in a word vector, numbers in the state
rng = np.random.default_rng(0)
shapes = {"W": (d, 3 * n), "b": (3 * n,), "U": (n, 2 * n), "U_h": (n, n)}
params = {key: rng.normal(scale=0.05, size=shapes[key]) for key in shapes}
embedding = {word: rng.normal(size=d) for word in sentence}


def encode(words):
    """Read word by word; only the last state survives."""
    h = np.zeros(n)
    for word in words:
        h = gru(embedding[word], h, params)
    return h


for words in (sentence[:5], sentence, sentence * 4):
    c = encode(words)
    share = c.size / len(words)
    print(f"{len(words):2} words -> {c.shape}, {share:5.1f} numbers a word")
