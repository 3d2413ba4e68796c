"""How large a batch plain REINFORCE needs, at the same number of updates."""

import numpy as np
from train_hard import EVERY, STEPS, TASK, at_random, right_by_draw, start

from attn.tools.retrieval import batch

SEEDS = (0, 1, 2)
SIZES = (4, 8, 16, 32, 64)
CLOSE = 0.05  # to the exact gradient with the smallest batch


def steps(seed):
    """The exact gradient with the smallest batch, and REINFORCE with each, side by side."""
    runs = [start("exact", seed), *(start("none", seed, size) for size in SIZES)]
    for taken in zip(*runs, strict=True):
        losses, params = zip(*taken, strict=True)
        yield float(np.mean(losses)), params


def run(seed):
    test = batch(np.random.default_rng(200 + seed), 1000, **TASK)
    history, curves = [], []
    for t, (loss, params) in enumerate(steps(seed), 1):
        history.append(loss)
        if t % EVERY == 0:
            curves.append([float(right_by_draw(p, test).mean()) for p in params])
    return {
        "loss": np.array(history, np.float32),
        "updates": np.arange(EVERY, STEPS + 1, EVERY),
        "sizes": np.array(SIZES),
        "accuracy": np.array(curves, np.float32).T,
    }


def measure(run):
    exact, *drawn = map(float, run["accuracy"][:, -1])
    close = [size for size, a in zip(SIZES, drawn, strict=True) if a >= exact - CLOSE]
    return {
        "exact": exact,
        "at_random": at_random(),
        **{f"batch_{size}": a for size, a in zip(SIZES, drawn, strict=True)},
        "catches_up": float(close[0]) if close else np.inf,
    }
