"""The small machine again, each time with one choice that makes training harder."""

import numpy as np
from train_ablation import BITS, LENGTHS, STEPS, machine, trained
from train_copy import LARGEST, rates, wrong

from attn.models import ntm
from attn.tools.train import finish

SEEDS = (0, 1, 2)


def gate_at_0(params, rng):
    """Neither the content nor the previous place is preferred."""
    return ntm.hold(params, g=0.0)


def no_first_place(params, rng):
    """All heads begin everywhere at once, on rows that are all alike."""
    return {**params, "w_0": np.zeros_like(params["w_0"])}


def random_memory(params, rng):
    """Every row begins with numbers of its own."""
    shape = params["w_0"].shape[1], params["M_0"].shape[1]
    return {**params, "M_0": np.float32(0.5 * rng.standard_normal(shape))}


def unchanged(params, rng):
    return params


CHOICES = {  # how to begin, the peak of the rate, the largest norm of the gradient
    "gate at 0": (gate_at_0, 6e-3, LARGEST),
    "no first place": (no_first_place, 6e-3, LARGEST),
    "random memory": (random_memory, 6e-3, LARGEST),
    "rate times 4": (unchanged, 24e-3, LARGEST),
    "no clipping": (unchanged, 6e-3, np.inf),
}


def trainings(seed):
    for begin, peak, largest in CHOICES.values():
        params, rng = machine(seed)
        params = begin(params, np.random.default_rng(seed))
        yield trained(ntm, params, rng, rates(STEPS, peak), largest)


def steps(seed):
    for training in trainings(seed):
        yield from training


def run(seed):
    losses, ends = zip(*map(finish, trainings(seed)), strict=True)
    return {
        "loss": np.concatenate(losses),
        "names": np.array(list(CHOICES)),
        "lengths": np.array(LENGTHS),
        "wrong": np.array(
            [[wrong(ntm.answer, p, n, BITS, size=64) for n in LENGTHS] for p in ends]
        ),
    }


def measure(run):
    found, losses = {}, np.split(run["loss"], len(run["names"]))
    for name, loss, errors in zip(run["names"].tolist(), losses, run["wrong"], strict=True):
        key = name.replace(" ", "_")
        found[f"{key}_loss"] = float(loss[-100:].mean())
        found[f"{key}_wrong_10"] = float(errors[run["lengths"].tolist().index(10)])
    return found
