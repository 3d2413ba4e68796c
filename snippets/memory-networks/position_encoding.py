"""The same words in another order: a bag is equal, position encoding is not."""

import numpy as np


def position_encoding(J, d):
    """l_kj = (1 − j/J) − (k/d)(1 − 2j/J), words j and features k from 1."""
    word = np.arange(1, J + 1)[:, None]
    feature = np.arange(1, d + 1)
    return (1 - word / J) - (feature / d) * (1 - 2 * word / J)


A = np.random.default_rng(0).normal(size=(3, 4))  # vectors for Ana, follows, Ben
one, other = A[[0, 1, 2]], A[[2, 1, 0]]  # "Ana follows Ben", "Ben follows Ana"
l = position_encoding(3, 4)

print("bags equal:          ", np.allclose(one.sum(0), other.sum(0)))
print("with positions equal:", np.allclose((l * one).sum(0), (l * other).sum(0)))
