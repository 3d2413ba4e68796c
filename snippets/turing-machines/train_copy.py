"""Train a Neural Turing Machine to copy up to 20 vectors, then ask it for many more."""

import numpy as np

from attn.models import ntm
from attn.tools.algorithms import copy
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2, 3, 4)
STEPS = 2500
LARGEST = 0.5  # the usual norm of the gradient is 0.1, and now and then it is hundreds
LONGEST = 20  # no training sequence has more vectors
ROWS = 32  # the memory in training; it is tested with more
TESTED_ROWS = (64, 128, 256)
LENGTHS = (10, 20, 40, 60, 80, 100, 120, 160, 200)
WATCHED, WATCHED_ROWS = 40, 64


def draw(rng, longest=LONGEST, bits=8):
    while True:
        yield copy(rng, int(rng.integers(1, longest + 1)), 16, bits)


def rates(steps, peak):
    return [warmup_cosine(t, steps, peak, warmup=100, last=0.05) for t in range(steps)]


def wrong(answer, params, length, bits=8, size=16):
    """The share of wrong bits in `size` sequences of that length."""
    x, y, mask = copy(np.random.default_rng(length), length, size, bits)
    return np.mean(((answer(params, x) > 0) != (y > 0.5))[mask])


def steps(seed):
    rng = np.random.default_rng(seed)
    params = ntm.init(rng, inputs=9, outputs=8, rows=ROWS)
    yield from train(params, ntm.loss_and_grads, draw(rng), rates(STEPS, 5e-3), largest=LARGEST)


def run(seed):
    loss, params = finish(steps(seed))
    longer = {rows: ntm.more_rows(params, rows) for rows in (*TESTED_ROWS, 1024)}
    errors = [[wrong(ntm.answer, longer[m], n) for n in LENGTHS] for m in TESTED_ROWS]
    return {
        "loss": loss,
        "parameters": np.array(sum(p.size for p in params.values())),
        "lengths": np.array(LENGTHS),
        "rows": np.array(TESTED_ROWS),
        "wrong": np.array(errors),
        "wrong_far": np.array(wrong(ntm.answer, longer[1024], 800, size=4)),
        **watched(ntm.more_rows(params, WATCHED_ROWS)),
    }


def watched(params):
    """One copy: the weights and the memory; the stages at the mark and at the step after it."""
    x = copy(np.random.default_rng(0), WATCHED, 1).x
    w, M = ntm.watch(params, x)
    two = [step.stages for step in ntm.run(params, x)][WATCHED : WATCHED + 2]
    return {
        "w": np.round(255 * w[0]).astype(np.uint8),
        "M": M[0, [0, WATCHED - 1, 2 * WATCHED]].astype(np.float16),
        "w_prev": w[0, WATCHED - 1 : WATCHED + 1].astype(np.float16),
        "stages": np.float16([[s.w_c[0], s.w_g[0], s.w_s[0], s.w[0]] for s in two]),
    }


def measure(run):
    rows, lengths = run["rows"].tolist(), run["lengths"].tolist()
    by_length = zip(lengths, run["wrong"][rows.index(128)], strict=True)
    return {
        **{f"wrong_{n}": float(share) for n, share in by_length},
        "wrong_200_of_256": float(run["wrong"][rows.index(256), lengths.index(200)]),
        "wrong_800_of_1024": float(run["wrong_far"]),
        "parameters": float(run["parameters"]),
    }
