"""Why √d: the spread of a dot product grows with its length, and softmax with it."""

import numpy as np

from attn.ops.scores import dot, scaled_dot
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
for d in (4, 64, 1024):
    q, k = rng.normal(size=(2000, 1, d)), rng.normal(size=(2000, 10, d))
    raw, scaled = dot(q, k), scaled_dot(q, k)
    peak, scaled_peak = (softmax(e).max(axis=-1).mean() for e in (raw, scaled))
    print(f"d = {d:4}: variance {raw.var():6.1f}, largest of ten weights", end=" ")
    print(f"{peak:.2f} raw, {scaled_peak:.2f} scaled")
