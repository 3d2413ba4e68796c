"""Count and time one layer of self-attention and one of a GRU: all words at once, then one more."""

import time

import numpy as np

from attn.mechanisms.attention import attention
from attn.mechanisms.heads import multi_head, multi_head_backward
from attn.ops.layers import linear, linear_backward
from attn.ops.masks import causal
from attn.ops.recurrent import gru_sequence, gru_sequence_backward, gru_step

SEEDS = (0, 1, 2)
D, HEADS = 64, 4
LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
ROUNDS = 15
PASTS = (64, 256, 1024, 4096, 16384)


class Counted(np.ndarray):
    """An array that counts the multiply-adds of the matrix products in which it takes part."""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            Counted.total += result.size * plain[0].shape[-1]
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def count(layer, *arrays):
    Counted.total = 0
    layer(*(x.view(Counted) for x in arrays))
    return Counted.total


# The two layers: forward, forward and backward, one token more.


def draw(seed, n):
    rng = np.random.default_rng(seed)
    shapes = {"x": (n, D), "W": (4, D, D), "W_x": (D, 3 * D), "U": (1, D, 2 * D), "U_h": (1, D, D)}
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    scaled = (x if name == "x" else x / np.sqrt(D) for name, x in drawn.items())
    return [x.astype(np.float32) for x in scaled]


def attend(x, W):
    return multi_head(x, x, *W, HEADS, causal(len(x)))


def attend_and_back(x, W):
    y, alpha = attend(x, W)
    return multi_head_backward(y, x, x, *W, alpha)


def recur(x, W_x, U, U_h):
    a = linear(x, W_x, np.zeros_like(W_x[0]))[:, np.newaxis, np.newaxis]
    return gru_sequence(a, np.zeros_like(a[0, ..., :D]), U, U_h)


def recur_and_back(x, W_x, U, U_h):
    h, trace = recur(x, W_x, U, U_h)
    da, *_ = gru_sequence_backward(h, trace, U, U_h)
    return linear_backward(da[:, 0, 0], x, W_x, W_x[0])


def attend_on(x_t, keys, values, W):
    W_q, W_k, W_v, W_o = W
    q, keys[:, -1:], values[:, -1:] = (
        (x_t @ W_i).reshape(1, HEADS, -1).swapaxes(0, 1) for W_i in (W_q, W_k, W_v)
    )
    c, _ = attention(q, keys, values)
    return c.reshape(1, D) @ W_o


def recur_on(x_t, h_tm1, W_x, U, U_h):
    return gru_step(linear(x_t, W_x, W_x[0]), h_tm1, U[0], U_h[0])


def cache(past):
    return np.ones((2, HEADS, past, D // HEADS), np.float32)


# What is counted is the same on every machine; what is timed is not.


def steps(seed):
    for n in LENGTHS:
        x, W, *recurrent = draw(seed, n)
        both = count(attend, x, W), count(recur, x, *recurrent)
        yield both[0] / both[1], np.array(both)


def train_calls(seed, n):
    x, W, *recurrent = draw(seed, n)
    return (lambda: attend_and_back(x, W)), (lambda: recur_and_back(x, *recurrent))


def token_calls(seed, past):
    x, W, *recurrent = draw(seed, 1)
    cached = cache(past)
    return (lambda: attend_on(x, *cached, W)), (lambda: recur_on(x, x, *recurrent))


def duration(call):
    call()  # the call before took the processor's cache
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def medians(pairs):
    """Time all in turn, round after round: a burst of other load hits one round of many."""
    np.empty(31 << 20, np.uint8)  # freed at once: memory is kept from then on, as in training
    rounds = [[duration(call) for pair in pairs for call in pair] for _ in range(ROUNDS)]
    return np.median(rounds, axis=0).reshape(-1, 2)


def run(seed):
    ratios, counts = zip(*steps(seed), strict=True)
    x, W, *recurrent = draw(seed, 1)
    next_word = [count(attend_on, x, *cache(past), W) for past in PASTS]
    return {
        "loss": np.array(ratios),
        "lengths": np.array(LENGTHS),
        "counts": np.array(counts),
        "seconds": medians([train_calls(seed, n) for n in LENGTHS]),
        "pasts": np.array(PASTS),
        "token_counts": np.array([next_word, [count(recur_on, x, x, *recurrent)] * len(PASTS)]).T,
        "token_seconds": medians([token_calls(seed, past) for past in PASTS]),
    }


def growth(sizes, values):
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def measure(run):
    n, (attention, gru) = run["lengths"], run["seconds"].T
    token, token_gru = run["token_seconds"].T
    longest = slice(-3, None)
    return {
        "same_count": float(n[run["counts"][:, 0] == run["counts"][:, 1]].sum()),
        "count_2048": float(run["loss"][-1]),
        "same_count_speedup": float((gru / attention)[n == D][0]),
        "slowdown_2048": float((attention / gru)[-1]),
        "growth_attention": growth(n[longest], attention[longest]),
        "growth_gru": growth(n[longest], gru[longest]),
        "token_count": float(run["token_counts"][-1, 0] / run["token_counts"][-1, 1]),
        "token_growth": float(token[-1] / token[0]),
        "token_growth_gru": float(token_gru[-1] / token_gru[0]),
        "token_slowdown": float(token[-1] / token_gru[-1]),
    }
