"""Two hops on a thousand stories of two facts: the paper's choices, changed one at a time."""

from functools import partial

import numpy as np

from attn.models.memnet import (
    adjacent,
    answer,
    init,
    init_layerwise,
    layerwise,
    loss_and_grads,
    loss_and_grads_layerwise,
    random_noise,
    soft,
    without_softmax,
)
from attn.ops.bags import bag, centered_position_encoding, position_encoding
from attn.tools.optim import warmup_cosine
from attn.tools.stories import WORDS, batches, encode, stories
from attn.tools.train import finish, train

SEEDS = (0, 1, 2, 3, 4)
COUNT, STEPS, START = 1_000, 2000, 300
TIMES = 16  # the longest story has 12 facts, and up to 2 empty slots with noise
CHOICES = {
    "plain": {},
    "small": {"sd": 0.1},  # of the paper
    "start": {"sd": 0.1, "start": START},
    "noise": {"noise": True},
    "layerwise": {"tied": False},
    "bag": {"encoding": bag},
    "centered": {"encoding": centered_position_encoding},
    "timeless": {"times": False},
}


def told(rng):
    learned = stories(rng, 2, COUNT)
    seen = set(learned)
    return encode(learned), encode([s for s in stories(rng, 2, 1000) if s not in seen])


def timeless(params):
    """Times that are zero, as parameters or as gradients, stay zero."""
    return {key: 0 * value if key[0] == "T" else value for key, value in params.items()}


def without_times(f, params, batch):
    loss, grads = f(params, batch)
    return loss, timeless(grads)


def training(
    rng, learned, sd=0.3, start=0, noise=False, tied=True, encoding=position_encoding, times=True
):
    """Losses and parameters of each step; the first `start` steps have no softmax in the hops."""
    begin = partial(init, hops=2) if tied else init_layerwise
    f = loss_and_grads if tied else partial(loss_and_grads_layerwise, hops=2)
    params, f = begin(rng, len(WORDS), TIMES, sd=sd), partial(f, encoding=encoding)
    if not times:
        params, f = timeless(params), partial(without_times, f)
    drawn = (
        (random_noise(rng, b.x) if noise else b.x, b.q, b.y) for b in batches(rng, learned, 96)
    )
    for step in train(params, partial(f, looking=without_softmax), drawn, [3e-3] * start):
        yield step
        params = step[1]
    rates = [warmup_cosine(t, STEPS - start, 1e-2, warmup=100) for t in range(STEPS - start)]
    yield from train(params, f, drawn, rates, largest=10.0)


def steps(seed):
    rng = np.random.default_rng(seed)
    learned, _ = told(rng)
    for choice in CHOICES.values():
        yield from training(rng, learned, **choice)


def wrong(params, stories_, tied=True, encoding=position_encoding, **_):
    tables = adjacent(params) if tied else layerwise(params, 2)
    logits, _ = answer(tables, stories_.x, stories_.q, encoding, soft)
    return np.mean(logits.argmax(axis=-1) != stories_.y)


def run(seed):
    rng = np.random.default_rng(seed)
    learned, test = told(rng)
    losses, results = [], []
    for choice in CHOICES.values():
        loss, params = finish(training(rng, learned, **choice))
        losses.append(loss)
        results.append([wrong(params, learned, **choice), wrong(params, test, **choice)])
    return {
        "loss": losses[0],
        "losses": np.array(losses)[:, ::20].astype(np.float16),  # a row a choice
        "wrong": np.array(results),  # a row a choice; learned, and new
    }


def measure(run):
    return {
        f"{name}_{choice}": float(run["wrong"][c, k])
        for c, choice in enumerate(CHOICES)
        for k, name in enumerate(("learned", "wrong"))
    }
