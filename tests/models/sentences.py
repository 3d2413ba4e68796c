"""Sentences to translate, padded and alone, and the cell of the paper, for tests of translators."""

import numpy as np

WORDS_X, WORDS_Y = 11, 13
LENGTHS_X, LENGTHS_Y = np.array([4, 2, 1]), np.array([3, 6, 2])


def padded_batch(rng, more=0):
    x_mask = np.arange(LENGTHS_X.max() + more) < LENGTHS_X[:, None]
    y_mask = np.arange(LENGTHS_Y.max() + more) < LENGTHS_Y[:, None]
    x, y = np.zeros(x_mask.shape, int), np.zeros(y_mask.shape, int)
    x[x_mask] = rng.integers(1, WORDS_X, LENGTHS_X.sum())
    y[y_mask] = rng.integers(1, WORDS_Y, LENGTHS_Y.sum())
    return x, x_mask, y, y_mask


def alone(batch, k):
    """Sentence k without its padding."""
    x, x_mask, y, y_mask = batch
    x, y = x[k : k + 1, x_mask[k]], y[k : k + 1, y_mask[k]]
    return x, np.ones(x.shape, bool), y, np.ones(y.shape, bool)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def cell(a, h, U, U_h):
    n = len(h)
    r = sigma(a[:n] + h @ U[:, :n])
    z = sigma(a[n : 2 * n] + h @ U[:, n:])
    return z * h + (1 - z) * np.tanh(a[2 * n :] + (r * h) @ U_h)
