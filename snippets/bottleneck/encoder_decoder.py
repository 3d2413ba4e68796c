"""An encoder–decoder, untrained: one GRU reads, one writes, c lies between."""

import numpy as np

from attn.ops.recurrent import gru
from attn.ops.softmax import softmax

french = "le chat noir dort".split()
english = "the black cat sleeps .".split()
d, n = 8, 16  # numbers in a word vector, numbers in a state
rng = np.random.default_rng(0)


def draw(*shape):
    return rng.normal(scale=0.1, size=shape)


def cell(inputs):
    W, U, U_h = draw(inputs, 3 * n), draw(n, 2 * n), draw(n, n)
    return {"W": W, "b": np.zeros(3 * n), "U": U, "U_h": U_h}


E = {word: draw(d) for word in french + english}
reader, writer = cell(d), cell(d + n)
W_o = draw(n + n + d, len(english))

c = np.zeros(n)
for word in french:
    c = gru(E[word], c, reader)

s, before = np.zeros(n), np.zeros(d)
for word in english:
    s = gru(np.concatenate([before, c]), s, writer)
    p = softmax(np.concatenate([s, c, before]) @ W_o)
    print(f"P({word}) = {p[english.index(word)]:.2f}")
    before = E[word]
