"""Exact attention for one query, a few keys at a time: no row of scores is ever kept whole."""

import numpy as np

from attn.mechanisms.attention import attention

rng = np.random.default_rng(0)
q, k, v = rng.normal(size=(1, 16)), rng.normal(size=(1000, 16)), rng.normal(size=(1000, 4))

peak, total, c = -np.inf, 0.0, np.zeros(4)
for start in range(0, 1000, 64):
    e = k[start : start + 64] @ q[0] / np.sqrt(16)
    new_peak = max(peak, e.max())
    shrink = np.exp(peak - new_peak)  # what was summed before, seen from the new peak
    w = np.exp(e - new_peak)
    total = total * shrink + w.sum()
    c = c * shrink + w @ v[start : start + 64]
    peak = new_peak

whole, _ = attention(q, k, v)
print("same as all at once:", np.allclose(c / total, whole[0], rtol=0, atol=1e-12))
