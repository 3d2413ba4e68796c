"""One function in four disguises: a translator, a head, a memory hop, a Transformer."""

from functools import partial

import numpy as np

from attn.mechanisms.addressing import content, read
from attn.mechanisms.attention import attention
from attn.mechanisms.lookup import look_up
from attn.models.memnet import hop, soft
from attn.models.seq2seq import attend
from attn.ops.scores import additive, cosine, scaled_dot

draw = np.random.default_rng(0).normal
n, d, all_of_them = 5, 4, np.ones((1, 5), bool)

# The translator of this book: the decoder asks, the encoder answers.
s, h = draw(size=(1, d)), draw(size=(1, n, 2 * d))
net = {"W_a": draw(size=(d, 3)), "U_a": draw(size=(2 * d, 3)), "v_a": draw(size=3)}
context = attend(net, h, h @ net["U_a"], all_of_them, s)[0]
ours = look_up(s[:, None], h, h, score=partial(additive, **net))[0][:, 0]
print("translator ", np.allclose(context, ours))

# A head: the "key vector" asks, by its direction alone; beta sharpens.
k, beta, M = draw(size=d), np.array(3.0), draw(size=(n, d))
ours = look_up(k[None], M, M, score=lambda q, rows: beta * cosine(q, rows))[0][0]
print("head       ", np.allclose(read(content(k, beta, M), M), ours))

# A hop: the question asks, compared with m, answered with c.
u, m, c = draw(size=(1, d)), draw(size=(1, n, d)), draw(size=(1, n, d))
u_next, _ = hop(u, m, c, None, soft(all_of_them[:, None]))
print("hop        ", np.allclose(u_next, u + look_up(u[:, None], m, c)[0][:, 0]))

# A Transformer, on the next page: many queries at once, scores divided by √d.
q, k, v = draw(size=(3, n, d))
print("transformer", np.allclose(attention(q, k, v)[0], look_up(q, k, v, score=scaled_dot)[0]))
