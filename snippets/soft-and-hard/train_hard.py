"""One task, seven ways to learn where to look: the same model, the same lists, the same updates."""

from functools import partial

import numpy as np

from attn.mechanisms.hard import leave_one_out, moving_average, reinforce
from attn.models.glimpse import (
    init,
    look_drawn,
    look_everywhere,
    look_relaxed,
    look_soft,
    look_straight_through,
    loss_and_grads,
    right_at_peak,
    right_by_blend,
    right_by_draw,
)
from attn.tools.optim import warmup_cosine
from attn.tools.retrieval import batch, batches
from attn.tools.train import train

SEEDS = (0, 1, 2, 3, 4)
TASK = {"cells": 20, "items": 40, "classes": 8}
BATCH, K = 4, 4  # lists in an update; draws for each
STEPS, EVERY = 6000, 100
NAMES = ("soft", "exact", "none", "average", "others", "through", "gumbel")


def with_moving_average(draws):
    """REINFORCE with the average of past rewards for a baseline, carried along."""
    b = 0.0

    def loss_and_grads_drawn(params, batch):
        nonlocal b
        look = partial(look_drawn, **draws, estimate=partial(reinforce, b=b))
        loss, grads = loss_and_grads(params, batch, look)
        b = moving_average(b, np.array([-loss]))
        return loss, grads

    return loss_and_grads_drawn


def learner(name, seed):
    """The loss and its gradient as that kind sees them, with noise of its own where it draws."""
    draws = {"rng": np.random.default_rng(100 + seed), "K": K}
    if name == "average":
        return with_moving_average(draws)
    looks = {
        "soft": look_soft,
        "exact": look_everywhere,
        "none": partial(look_drawn, **draws, estimate=reinforce),
        "others": partial(look_drawn, **draws, estimate=leave_one_out),
        "through": partial(look_straight_through, **draws),
        "gumbel": partial(look_relaxed, **draws, tau=0.5),
    }
    return partial(loss_and_grads, look=looks[name])


def start(name, seed, size=BATCH):
    """Train from the same parameters and on the same lists, whoever learns."""
    rng = np.random.default_rng(seed)
    params = init(rng, TASK["items"], TASK["classes"], spread=0.3)
    rates = [warmup_cosine(t, STEPS, peak=6e-3, warmup=10) for t in range(STEPS)]
    return train(params, learner(name, seed), batches(rng, size, **TASK), rates)


def steps(seed):
    """All seven side by side: their mean loss, and the parameters of each."""
    runs = [start(name, seed) for name in NAMES]
    for taken in zip(*runs, strict=True):
        losses, params = zip(*taken, strict=True)
        yield float(np.mean(losses)), dict(zip(NAMES, params, strict=True))


def run(seed):
    test = batch(np.random.default_rng(200 + seed), 1000, **TASK)
    history, curves = [], []
    for t, (loss, params) in enumerate(steps(seed), 1):
        history.append(loss)
        if t % EVERY == 0:
            curves.append([right(name, params[name], test) for name in NAMES])
    return {
        "loss": np.array(history, np.float32),
        "updates": np.arange(EVERY, STEPS + 1, EVERY),
        "accuracy": np.array(curves, np.float32).T,
        "peak": np.array([right_at_peak(params[name], test).mean() for name in NAMES]),
    }


def right(name, params, test):
    """How often the answer is right: of the blend for soft attention, of a draw for all others."""
    return float((right_by_blend if name == "soft" else right_by_draw)(params, test).mean())


def at_random():
    """How often the answer is right for who reads a cell at random, and knows its class."""
    return 1 / TASK["cells"] + (1 - 1 / TASK["cells"]) / TASK["classes"]


def measure(run):
    last = dict(zip(NAMES, map(float, run["accuracy"][:, -1]), strict=True))
    return {
        **last,
        **{f"{name}_peak": float(x) for name, x in zip(NAMES, run["peak"], strict=True)},
        "cells": float(TASK["cells"]),
        "at_random": at_random(),
        "none_above_random": last["none"] - at_random(),
        "least_of_others": min(x for name, x in last.items() if name != "none"),
        "exact_less_others": last["exact"] - last["others"],
        "exact_less_average": last["exact"] - last["average"],
    }
