"""The machine of train_copy, its gradients not clipped."""

import numpy as np
from train_copy import ROWS, STEPS, draw, rates, wrong

from attn.models import ntm
from attn.tools.train import finish, train

SEEDS = (0, 1, 2, 3, 4)
LENGTHS = (10, 20, 40, 80)


def steps(seed, gate=-2.0, largest=np.inf):
    rng = np.random.default_rng(seed)
    params = ntm.hold(ntm.init(rng, inputs=9, outputs=8, rows=ROWS), g=gate)
    yield from train(params, ntm.loss_and_grads, draw(rng), rates(STEPS, 5e-3), largest=largest)


def run(seed, **change):
    loss, params = finish(steps(seed, **change))
    longer = ntm.more_rows(params, 128)
    errors = [wrong(ntm.answer, longer, n) for n in LENGTHS]
    return {"loss": loss, "lengths": np.array(LENGTHS), "wrong": np.array(errors)}


def measure(run):
    solved = np.flatnonzero(np.convolve(run["loss"], np.ones(50) / 50, "valid") >= 0.1)[-1] + 50
    errors = zip(run["lengths"].tolist(), run["wrong"].tolist(), strict=True)
    return {**{f"wrong_{n}": share for n, share in errors}, "steps": float(solved)}
