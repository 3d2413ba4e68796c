"""How far the gradient of the loss reaches into the source, before training and after."""

import numpy as np

from attn.models.seq2seq import init, init_fixed, loss_and_grads, loss_and_grads_fixed
from attn.tools.data import ENGLISH, FRENCH, batches, encode, evaluation_set, training_set
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 1000
HIDDEN = 66  # without attention; as many parameters as with it
LONGEST = 40  # no training sentence has more French words
LENGTHS = (10, 20, 40)
LOSSES = {"attention": loss_and_grads, "fixed": loss_and_grads_fixed}


def start(seed, name):
    rng = np.random.default_rng(seed)
    words = len(FRENCH), len(ENGLISH)
    if name == "attention":
        return init(rng, *words, embed=48)
    return init_fixed(rng, *words, embed=48, hidden=HIDDEN)


def trained(seed, name):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 8_000, LONGEST, test)
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=100) for t in range(STEPS)]
    yield from train(start(seed, name), LOSSES[name], batches(rng, pairs, 32), rates)


def steps(seed):
    for name in LOSSES:
        yield from trained(seed, name)


def reach(params, name, pairs):
    """The norm of the gradient at the vector of each French word, root mean square over pairs."""
    x, x_mask, y, y_mask = encode(pairs)
    places = np.arange(x.size).reshape(x.shape)  # every place has a vector of its own
    apart = {**params, "E_x": params["E_x"][x].reshape(x.size, -1)}
    dE_x = LOSSES[name](apart, (places, x_mask, y, y_mask))[1]["E_x"]
    return np.sqrt((dE_x.reshape(*x.shape, -1) ** 2).sum(axis=-1).mean(axis=0))


def run(seed):
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in trained
    found, losses = {}, []
    for name in LOSSES:
        loss, after = finish(trained(seed, name))
        losses.append(loss)
        for when, params in (("before", start(seed, name)), ("after", after)):
            for n, pairs in test.items():
                found[f"{name}_{when}_{n}"] = reach(params, name, pairs)
    return {"loss": np.concatenate(losses), **found}


def measure(run):
    return {name: float(norms.min() / norms.max()) for name, norms in run.items() if name != "loss"}
