"""One function in three disguises: a translator, a head, a memory hop."""

import numpy as np

from attn.mechanisms.addressing import content, read
from attn.mechanisms.attention import attention
from attn.ops.scores import unit
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
n, d = 5, 4


def look_up(query, keys, values):
    """Attention without its scale 1/√d, which these three do not have."""
    return attention(np.sqrt(d) * query[None], keys, values)[0][0]


# A translator with the dot score: the decoder asks, the encoder answers.
s, h = rng.normal(size=d), rng.normal(size=(n, d))
translator = np.allclose(softmax(h @ s) @ h, look_up(s, h, h))

# A head: the "key vector" asks, by its direction alone.
k, beta, M = rng.normal(size=d), np.array(3.0), rng.normal(size=(n, d))
r = read(content(k, beta, M), M)
head = np.allclose(r, look_up(beta * unit(k), unit(M), M))

# A hop: the question asks, compared with m, answered with c.
u, m, c = rng.normal(size=d), rng.normal(size=(n, d)), rng.normal(size=(n, d))
hop = np.allclose(softmax(m @ u) @ c, look_up(u, m, c))

print("translator ", translator)
print("head       ", head)
print("hop        ", hop)
