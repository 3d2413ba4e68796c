"""Exact attention in tiles: never more than 64 × 64 scores at once."""

import numpy as np

from attn.mechanisms.attention import attention

TILE = 64


def cuts(length):
    return [slice(start, start + TILE) for start in range(0, length, TILE)]


def in_tiles(q, k, v):
    c = np.empty((len(q), v.shape[1]))
    for rows in cuts(len(q)):
        q_tile = q[rows] / np.sqrt(q.shape[1])
        peak = np.full((len(q_tile), 1), -np.inf)
        total, added = 0, 0
        for keys in cuts(len(k)):
            e = q_tile @ k[keys].T
            risen = np.maximum(peak, e.max(axis=1, keepdims=True))
            shrink = np.exp(peak - risen)  # what was added up, seen from the new peak
            w = np.exp(e - risen)
            total = total * shrink + w.sum(axis=1, keepdims=True)
            added = added * shrink + w @ v[keys]
            peak = risen
        c[rows] = added / total
    return c


rng = np.random.default_rng(0)
q, k, v = rng.normal(size=(300, 16)), rng.normal(size=(500, 16)), rng.normal(size=(500, 8))
whole, alpha = attention(q, k, v)
print("same as all at once:", np.allclose(in_tiles(q, k, v), whole, rtol=0, atol=1e-12))
print(f"scores held at once: {TILE * TILE:,} instead of {alpha.size:,}")
