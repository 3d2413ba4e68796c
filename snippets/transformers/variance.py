"""Why √d: a dot product spreads with its length."""

import numpy as np

from attn.ops.scores import dot, scaled_dot
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
for d in (4, 64, 1024):
    q, k = rng.normal(size=(2000, 1, d)), rng.normal(size=(2000, 10, d))
    raw, scaled = dot(q, k), scaled_dot(q, k)
    peaks = [softmax(e).max(axis=-1).mean() for e in (raw, scaled)]
    print(f"d = {d:4}: variance {raw.var():6.1f},", end=" ")
    print("largest of ten weights", end=" ")
    print(f"{peaks[0]:.2f} raw, {peaks[1]:.2f} scaled")
