"""Train the translator without attention: every word is written from one vector of fixed size."""

import numpy as np

from attn.models.seq2seq import init_fixed, loss_and_grads_fixed, translate_fixed
from attn.tools.data import ENGLISH, FRENCH, batches, evaluation_set, training_set
from attn.tools.metrics import by_length
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 2600
HIDDEN = 66  # as many parameters as the translator with attention
LONGEST = 40  # no training sentence has more French words
LENGTHS = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60)


def steps(seed, hidden=HIDDEN):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 16_000, LONGEST, test)
    params = init_fixed(rng, len(FRENCH), len(ENGLISH), embed=48, hidden=hidden)
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=100) for t in range(STEPS)]
    yield from train(params, loss_and_grads_fixed, batches(rng, pairs, 32), rates)


def run(seed, hidden=HIDDEN):
    loss, params = finish(steps(seed, hidden))
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in steps
    accuracy, bleu = by_length(lambda *source: translate_fixed(params, *source), test)
    return {
        "loss": loss,
        "parameters": np.array(sum(p.size for p in params.values())),
        "lengths": np.array(LENGTHS),
        "accuracy": accuracy,
        "bleu": bleu,
    }


def measure(run):
    at = {int(n): k for k, n in enumerate(run["lengths"])}
    return {
        "parameters": float(run["parameters"]),
        **{f"bleu_{n}": float(run["bleu"][k]) for n, k in at.items()},
        **{f"accuracy_{n}": float(run["accuracy"][k]) for n, k in at.items()},
    }
