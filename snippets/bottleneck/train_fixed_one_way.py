"""Train the translator from one vector of an encoder that reads once, from the first word on."""

import numpy as np
from train_fixed import LENGTHS, LONGEST, STEPS, measure

from attn.models.seq2seq import init_fixed, loss_and_grads_fixed, translate_fixed
from attn.tools.data import ENGLISH, FRENCH, batches, evaluation_set, training_set
from attn.tools.metrics import by_length
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

__all__ = ["SEEDS", "measure", "run", "steps"]

SEEDS = (0, 1, 2)
HIDDEN = 87  # as many parameters, of those in use, as the translator with attention

# The model has two readers. We cut the forward one: its parameters stay at 0, and so do its states.
# The other, ←h, reads from the last word to the first; to read from the first, we turn the source.
READERS = ("W_x", "b_x", "U_x", "U_xh")


def cut(by_key):
    return {k: np.stack([0 * v[0], v[1]]) if k in READERS else v for k, v in by_key.items()}


def turn(x, backwards):
    return x if backwards else x[:, ::-1]  # all of one length: no padding comes to the front


def in_use(params):
    idle = [params[key][0] for key in READERS]
    idle += [params["C_y"][:HIDDEN], params["W_o"][HIDDEN : 2 * HIDDEN]]  # they meet zeros alone
    return sum(p.size for p in params.values()) - sum(p.size for p in idle)


def steps(seed, backwards=False):
    def one_way(params, batch):
        loss, grads = loss_and_grads_fixed(params, (turn(batch[0], backwards), *batch[1:]))
        return loss, cut(grads)

    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 16_000, LONGEST, test)
    params = cut(init_fixed(rng, len(FRENCH), len(ENGLISH), embed=48, hidden=HIDDEN))
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=100) for t in range(STEPS)]
    yield from train(params, one_way, batches(rng, pairs, 32), rates)


def run(seed, backwards=False):
    loss, params = finish(steps(seed, backwards))
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in steps
    accuracy, bleu = by_length(
        lambda x, *more: translate_fixed(params, turn(x, backwards), *more), test
    )
    return {
        "loss": loss,
        "parameters": np.array(in_use(params)),
        "lengths": np.array(LENGTHS),
        "accuracy": accuracy,
        "bleu": bleu,
    }
