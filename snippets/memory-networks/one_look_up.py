"""One function, three disguises: a translator, a Turing machine's head, a memory hop."""

import numpy as np

from attn.mechanisms.addressing import content, read
from attn.mechanisms.attention import attention
from attn.ops.scores import unit
from attn.ops.softmax import softmax

rng = np.random.default_rng(0)
n, d = 5, 4


def look_up(q, k, v):
    """Attention without its scale 1/√d, which these three do not have."""
    return attention(np.sqrt(d) * q[None], k, v)[0][0]


# A translator (Luong's dot score): the decoder's state asks, the encoder's states answer.
s, h = rng.normal(size=d), rng.normal(size=(n, d))
translator = np.allclose(softmax(h @ s) @ h, look_up(s, h, h))

# A head: the "key vector" asks, by its direction alone.
k, beta, M = rng.normal(size=d), np.array(3.0), rng.normal(size=(n, d))
head = np.allclose(read(content(k, beta, M), M), look_up(beta * unit(k), unit(M), M))

# A hop: the question asks, compared with m, answered with c.
u, m, c = rng.normal(size=d), rng.normal(size=(n, d)), rng.normal(size=(n, d))
hop = np.allclose(softmax(m @ u) @ c, look_up(u, m, c))

print("translator ", translator)
print("head       ", head)
print("hop        ", hop)
