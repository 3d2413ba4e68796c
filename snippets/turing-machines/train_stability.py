"""The small machine again, with a worse beginning: heads without a place, or a random memory."""

import numpy as np
from train_ablation import BITS, STEPS, machine, trained
from train_copy import rates, wrong

from attn.models import ntm
from attn.tools.train import finish

SEEDS = (0, 1, 2)
LENGTHS = (5, 10, 15, 20)


def no_first_place(params, rng):
    """All heads begin everywhere at once, on rows that are all alike."""
    return {**params, "w_0": np.zeros_like(params["w_0"])}


def random_memory(params, rng):
    """Every row begins with numbers of its own."""
    shape = params["w_0"].shape[1], params["M_0"].shape[1]
    return {**params, "M_0": np.float32(0.5 * rng.standard_normal(shape))}


BEGINNINGS = {"no first place": no_first_place, "random memory": random_memory}


def trainings(seed):
    for begin in BEGINNINGS.values():
        params, rng = machine(seed)
        params = begin(params, np.random.default_rng(seed))
        yield trained(ntm, params, rng, rates(STEPS, 6e-3))


def steps(seed):
    for training in trainings(seed):
        yield from training


def run(seed):
    losses, ends = zip(*map(finish, trainings(seed)), strict=True)
    return {
        "loss": np.concatenate(losses),
        "names": np.array(list(BEGINNINGS)),
        "lengths": np.array(LENGTHS),
        "wrong": np.array(
            [[wrong(ntm.answer, p, n, BITS, size=64) for n in LENGTHS] for p in ends]
        ),
    }


def measure(run):
    found, losses = {}, np.split(run["loss"], len(run["names"]))
    for name, loss, errors in zip(run["names"].tolist(), losses, run["wrong"], strict=True):
        key, at = name.replace(" ", "_"), dict(zip(LENGTHS, errors, strict=True))
        found[f"{key}_loss"] = float(loss[-100:].mean())
        found |= {f"{key}_wrong_{n}": float(at[n]) for n in (10, 20)}
    return found
