"""A batch of two sentences: padding is masked, so it changes nothing."""

import numpy as np

from attn.mechanisms.attention import attention
from attn.ops.masks import padding

rng = np.random.default_rng(0)
q = rng.normal(size=(2, 1, 4))  # for each of two sentences, one query
k, v = rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 3))
lengths = np.array([5, 3])  # the second sentence is padded by two

c, alpha = attention(q, k, v, mask=padding(lengths, 5))
alone, _ = attention(q[1], k[1, :3], v[1, :3])

print(alpha.round(2))
print("same as the short sentence alone:", np.allclose(c[1], alone))
