"""Train a machine to put out vectors by the priority that is given with each."""

import numpy as np
from train_copy import LARGEST, rates

from attn.models import ntm
from attn.tools.algorithms import priority_sort
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 9000
VECTORS, WANTED = 8, 6


def draw(rng):
    while True:
        yield priority_sort(rng, VECTORS, WANTED, 16)


def steps(seed):
    rng = np.random.default_rng(seed)
    params = ntm.init_feedforward(rng, 10, 8, hidden=64, rows=32, reads=2, writes=2)
    yield from train(params, ntm.loss_and_grads, draw(rng), rates(STEPS, 5e-3), largest=LARGEST)


def run(seed):
    loss, params = finish(steps(seed))
    x, y, mask = priority_sort(np.random.default_rng(99), VECTORS, WANTED, 256)
    wrong = ((ntm.answer(params, x) > 0) != (y > 0.5))[mask].reshape(256, WANTED, -1)
    return {
        "loss": loss,
        "wrong_by_place": wrong.mean(axis=(0, 2)),
        "parameters": np.array(sum(p.size for p in params.values())),
    }


def measure(run):
    by_place = run["wrong_by_place"]
    return {
        "wrong": float(by_place.mean()),
        "wrong_first": float(by_place[0]),
        "wrong_last": float(by_place[-1]),
        "parameters": float(run["parameters"]),
    }
