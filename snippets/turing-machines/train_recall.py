"""Train a machine to give the item that followed the one it is shown, among two to six items."""

import numpy as np
from train_copy import LARGEST, rates

from attn.models import ntm
from attn.tools.algorithms import associative_recall
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 2500
MOST = 6  # items in training
ITEMS = (2, 3, 4, 5, 6, 8, 10, 12, 15)


def draw(rng):
    while True:
        yield associative_recall(rng, int(rng.integers(2, MOST + 1)), 16)


def steps(seed):
    rng = np.random.default_rng(seed)
    params = ntm.init(rng, inputs=8, outputs=6, rows=64)
    yield from train(params, ntm.loss_and_grads, draw(rng), rates(STEPS, 5e-3), largest=LARGEST)


def wrong_bits(params, items):
    """How many of the 18 bits are wrong, on average."""
    x, y, mask = associative_recall(np.random.default_rng(items), items, 128)
    return ((ntm.answer(params, x) > 0) != (y > 0.5))[mask].sum() / len(x)


def run(seed):
    loss, params = finish(steps(seed))
    return {
        "loss": loss,
        "items": np.array(ITEMS),
        "wrong_bits": np.array([wrong_bits(params, n) for n in ITEMS]),
        "parameters": np.array(sum(p.size for p in params.values())),
    }


def measure(run):
    by_items = zip(run["items"].tolist(), run["wrong_bits"].tolist(), strict=True)
    found = {f"wrong_bits_{n}": bits for n, bits in by_items}
    return {**found, "parameters": float(run["parameters"])}
