"""A small machine learns to copy with all stages, and without some; an LSTM stands beside it."""

import numpy as np
from train_copy import LARGEST, draw, rates, wrong

from attn.models import lstm, ntm
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 1200
LSTM_STEPS = 8000  # until its loss is as low as the machine's
LONGEST, BITS, ROWS = 10, 4, 32
LENGTHS = (5, 10, 15, 20, 30, 40)
STAY = (-np.inf, 0, -np.inf)
HELD = {  # an infinite bias switches off: that part is never learned
    "all stages": {},
    "content only": {"g": np.inf, "s": STAY, "gamma": -np.inf},
    "location only": {"g": -np.inf},
    "no sharpening": {"gamma": -np.inf},
}


def machine(seed):
    """The small machine, and the generator that draws what it is trained on."""
    rng = np.random.default_rng(seed)
    return ntm.init_feedforward(rng, BITS + 1, BITS, hidden=32, rows=ROWS, width=8), rng


def trained(model, params, rng, by_step, largest=LARGEST):
    batches = draw(rng, LONGEST, BITS)
    return train(params, model.loss_and_grads, batches, by_step, largest=largest)


def models(seed):
    """Each model with its training; all machines see the same sequences."""
    for held in HELD.values():
        params, rng = machine(seed)
        yield ntm, trained(ntm, ntm.hold(params, **held), rng, rates(STEPS, 6e-3))
    rng = np.random.default_rng(seed)
    params = lstm.init(rng, BITS + 1, BITS, hidden=128)
    yield lstm, trained(lstm, params, rng, rates(LSTM_STEPS, 4e-3))


def steps(seed):
    for _, training in models(seed):
        yield from training


def run(seed):
    losses, sizes, errors = [], [], []
    for model, training in models(seed):
        loss, params = finish(training)
        losses.append(loss)
        sizes.append(sum(p.size for p in params.values()))
        longer = ntm.more_rows(params, 128) if model is ntm else params
        errors.append([wrong(model.answer, longer, n, BITS, size=64) for n in LENGTHS])
    return {
        "loss": np.concatenate(losses),
        "steps": np.array([len(loss) for loss in losses]),
        "names": np.array([*HELD, "LSTM"]),
        "parameters": np.array(sizes),
        "lengths": np.array(LENGTHS),
        "wrong": np.array(errors),
    }


def measure(run):
    found = {}
    losses = np.split(run["loss"], np.cumsum(run["steps"])[:-1])
    for name, size, loss, wrong_ in zip(
        run["names"], run["parameters"], losses, run["wrong"], strict=True
    ):
        key = str(name).replace(" ", "_").lower()
        found[f"{key}_loss"] = float(loss[-100:].mean())
        found[f"{key}_parameters"] = float(size)
        at = dict(zip(run["lengths"].tolist(), wrong_.tolist(), strict=True))
        found |= {f"{key}_wrong_{n}": at[n] for n in (10, 20, 40)}
    return found
