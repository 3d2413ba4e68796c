"""Send a gradient back from the last position: how much of it reaches each word before?"""

import numpy as np

from attn.mechanisms.heads import multi_head, multi_head_backward
from attn.ops.layers import linear
from attn.ops.masks import causal
from attn.ops.recurrent import gru_sequence, gru_sequence_backward

SEEDS = (0, 1, 2)
D, HEADS, TEXTS, N = 64, 4, 32, 257
KEEP = {"gru": 0.0, "gru_kept": 3.0}  # the bias of the gate that keeps the state


def draw(rng, *shape):
    return rng.standard_normal(shape) / np.sqrt(shape[-2])


def by_attention(rng, x, dlast):
    W = draw(rng, 4, D, D)
    y, alpha = multi_head(x, x, *W, HEADS, causal(N))
    dy = np.zeros_like(y)
    dy[:, -1] = dlast
    dx_q, dx_kv, *_ = multi_head_backward(dy, x, x, *W, alpha)
    return dx_q + dx_kv


def by_gru(rng, x, dlast, keep):
    W, U, U_h = draw(rng, D, 3 * D), draw(rng, 1, D, 2 * D), draw(rng, 1, D, D)
    b = np.repeat([0.0, keep, 0.0], D)
    a = linear(x.swapaxes(0, 1), W, b)[:, np.newaxis]
    h, trace = gru_sequence(a, np.zeros((1, TEXTS, D)), U, U_h)
    dh = np.zeros_like(h)
    dh[-1, 0] = dlast
    da, *_ = gru_sequence_backward(dh, trace, U, U_h)
    return (da[:, 0] @ W.T).swapaxes(0, 1)


def reach(dx, dlast):
    """The size of the gradient by distance, 0 first, as a share of what was sent."""
    return np.sqrt((dx**2).sum(axis=(0, 2)) / (dlast**2).sum())[::-1]


def steps(seed):
    rng = np.random.default_rng(seed)
    x, dlast = rng.standard_normal((TEXTS, N, D)), rng.standard_normal((TEXTS, D))
    found = {"attention": reach(by_attention(rng, x, dlast), dlast)}
    yield float(found["attention"].mean()), found
    for name, keep in KEEP.items():
        found = {name: reach(by_gru(rng, x, dlast, keep), dlast)}
        yield float(found[name].mean()), found


def run(seed):
    losses, found = zip(*steps(seed), strict=True)
    return {"loss": np.array(losses), **{name: x for part in found for name, x in part.items()}}


def measure(run):
    near, far = slice(1, 9), slice(N - 8, N)
    kinds = ("attention", *KEEP)
    found = {f"{name}_far": run[name][far].mean() / run[name][near].mean() for name in kinds}
    at_64 = {f"{name}_64": run[name][64] / run[name][1] for name in KEEP}
    return {name: float(x) for name, x in {**found, **at_64}.items()}
