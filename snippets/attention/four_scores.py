"""Luong's four scores for the same query and keys: the scale differs, and so does who is seen."""

import numpy as np

from attn.ops.scores import bilinear, concat, dot, location
from attn.ops.softmax import softmax

rng = np.random.default_rng(1)
q = rng.normal(size=(1, 4))
k = rng.normal(size=(3, 4))
W_general, W_concat = rng.normal(size=(4, 4)), rng.normal(size=(8, 5))
W_location, v_a = rng.normal(size=(4, 3)), rng.normal(size=5)

scores = {
    "dot": dot(q, k),
    "general": bilinear(q, k, W_general),
    "concat": concat(q, k, W_concat, v_a),
    "location": location(q, W_location),
}
for name, e in scores.items():
    print(f"{name:9} scores {e[0].round(2)}  weights {softmax(e)[0].round(2)}")
