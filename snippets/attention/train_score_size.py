"""How many updates a retrieval task takes, by score and size: does the scale of a score matter?"""

from functools import partial

import numpy as np

from attn.models.glimpse import (
    ADDITIVE,
    DOT,
    SCALED_DOT,
    init,
    init_additive,
    look_soft,
    loss_and_grads,
    right_by_blend,
)
from attn.tools.retrieval import batch, batches
from attn.tools.train import train

SEEDS = (0, 1, 2)
TASK = {"cells": 10, "items": 20, "classes": 8}
SCORES = {"dot": DOT, "scaled": SCALED_DOT, "additive": ADDITIVE}
SIZES = (16, 64, 256)
RATES = (3e-3, 1e-2, 3e-2)  # each score and size is judged by its best
LIMIT, EVERY, GOAL = 2000, 20, 0.9
RUNS = [(score, d, rate) for score in SCORES for d in SIZES for rate in RATES]


def start(seed, score, d, rate):
    """Train on the same lists, whatever the score; queries and keys start with variance 1."""
    rng, lists = np.random.default_rng(seed), np.random.default_rng(100 + seed)
    sizes = (TASK["items"], TASK["classes"], d)
    params = init_additive(rng, *sizes, a=d) if score == "additive" else init(rng, *sizes)
    learner = partial(loss_and_grads, look=look_soft, score=SCORES[score])
    return train(params, learner, batches(lists, 16, **TASK), [rate] * LIMIT)


def steps(seed):
    """All side by side, each until it is right in nine of ten cases: mean loss, and who arrived."""
    test = batch(np.random.default_rng(200 + seed), 500, **TASK)
    runs, arrived = {key: start(seed, *key) for key in RUNS}, {}
    for t in range(1, LIMIT + 1):
        now = {key: next(runs[key]) for key in RUNS if key not in arrived}
        if t % EVERY == 0:
            for key, (_, params) in now.items():
                if right_by_blend(params, test, SCORES[key[0]]).mean() >= GOAL:
                    arrived[key] = t
        yield float(np.mean([loss for loss, _ in now.values()])), arrived
        if len(arrived) == len(RUNS):
            return


def run(seed):
    history, arrived = [], {}
    for loss, arrived in steps(seed):  # noqa: B007 (the last is used)
        history.append(loss)
    updates = [arrived.get(key, LIMIT) for key in RUNS]
    return {
        "loss": np.array(history, np.float32),
        "updates": np.array(updates).reshape(len(SCORES), len(SIZES), len(RATES)),
        "arrived": np.array([key in arrived for key in RUNS]).reshape(
            len(SCORES), len(SIZES), len(RATES)
        ),
        "sizes": np.array(SIZES),
        "rates": np.array(RATES),
    }


def measure(run):
    best, arrived = run["updates"].min(axis=-1), run["arrived"].any(axis=-1)
    cells = {(s, d): (i, k) for i, s in enumerate(SCORES) for k, d in enumerate(SIZES)}
    return {
        **{f"{s}_{d}": float(best[at]) for (s, d), at in cells.items()},
        **{f"{s}_{d}_arrived": float(arrived[at]) for (s, d), at in cells.items()},
        "limit": float(LIMIT),
        "size_middle": float(SIZES[1]),
        "size_large": float(SIZES[2]),
        "slower_of_two_256": float(best[1:, 2].max()),
        "dot_to_scaled_16": float(best[0, 0] / best[1, 0]),
        "dot_to_scaled_64": float(best[0, 1] / best[1, 1]),
    }
