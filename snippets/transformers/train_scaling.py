"""Draw queries and keys of growing size; see what becomes of the weights, scaled and not."""

import numpy as np

from attn.ops.scores import dot, scaled_dot
from attn.ops.softmax import log_softmax, softmax, softmax_backward

SEEDS = (0, 1, 2)
SIZES = (4, 16, 64, 256, 1024)
LOOKS, KEYS = 2000, 10
FAINT = 0.01  # of a gradient: below this share of 1, a row hardly learns
NAMES = ("variance", "entropy", "largest", "jacobian", "faint", "query")


def describe(e, k, scale):
    alpha, log_alpha = softmax(e), log_softmax(e)
    jacobian = softmax_backward(np.eye(KEYS), alpha)  # of the weights by the scores
    size = np.linalg.norm(jacobian, axis=(1, 2))
    by_query = np.linalg.norm(jacobian @ k, axis=(1, 2)) / scale
    entropy = -(alpha * log_alpha).sum(axis=-1)
    largest = alpha.max(axis=-1)
    means = (entropy.mean(), largest.mean(), size.mean(), (size < FAINT).mean(), by_query.mean())
    return np.array([e.var(), *means])


def steps(seed):
    rng = np.random.default_rng(seed)
    for d in SIZES:
        q, k = rng.standard_normal((LOOKS, 1, d)), rng.standard_normal((LOOKS, KEYS, d))
        raw, scaled = describe(dot(q, k), k, 1), describe(scaled_dot(q, k), k, np.sqrt(d))
        l, l_scaled = log_softmax(dot(q, k)), log_softmax(scaled_dot(q, k))
        odds, odds_scaled = (x[..., 1:] - x[..., :1] for x in (l, l_scaled))
        off = np.abs(odds - np.sqrt(d) * odds_scaled).max() / np.abs(odds).max()
        yield float(raw[1]), {"raw": raw, "scaled": scaled, "off": off}


def run(seed):
    losses, found = zip(*steps(seed), strict=True)
    table = {name: np.array([f[name] for f in found]) for name in ("raw", "scaled", "off")}
    return {"loss": np.array(losses), "sizes": np.array(SIZES), **table}


def measure(run):
    off = np.abs(run["raw"][:, 0] / run["sizes"] - 1).max()
    found = {"variance_off": float(off), "odds_off": float(run["off"].max())}
    for kind in ("raw", "scaled"):
        for row, d in ((0, SIZES[0]), (-1, SIZES[-1])):
            values = zip(NAMES[1:], run[kind][row, 1:], strict=True)
            found |= {f"{name}_{kind}_{d}": float(x) for name, x in values}
    return found
