"""An encoder–decoder, untrained: one GRU reads, another writes, and c alone passes between them."""

import numpy as np

from attn.ops.recurrent import gru
from attn.ops.softmax import softmax

french, english = "le chat noir dort".split(), "the black cat sleeps .".split()
d, n = 8, 16  # numbers in a word vector, numbers in a state
rng = np.random.default_rng(0)


def cell(inputs):
    shapes = {"W": (inputs, 3 * n), "b": (3 * n,), "U": (n, 2 * n), "U_h": (n, n)}
    return {key: rng.normal(scale=0.1, size=shape) for key, shape in shapes.items()}


E = {word: rng.normal(scale=0.1, size=d) for word in french + english}
reader, writer = cell(d), cell(d + n)
W_o = rng.normal(scale=0.1, size=(n + n + d, len(english)))


def encode(words):
    h = np.zeros(n)
    for word in words:
        h = gru(E[word], h, reader)
    return h


def decode(c, words):
    s, before = np.zeros(n), np.zeros(d)
    for word in words:
        s = gru(np.concatenate([before, c]), s, writer)  # of the source, c alone
        p = softmax(np.concatenate([s, c, before]) @ W_o)
        print(f"P({word}) = {p[english.index(word)]:.2f}")
        before = E[word]


decode(encode(french), english)
