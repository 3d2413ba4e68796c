"""Train the translator with attention on a language of almost four times as many words.

All else is as in train_translator, of page 2.
"""

import numpy as np

from attn.models import seq2seq
from attn.tools.data import batches, evaluation_set, training_set, vocabulary
from attn.tools.lexicon import LARGE
from attn.tools.metrics import by_length
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (2, 3, 4)  # how many words to add was tried with 0 and 1
STEPS = 2600
LONGEST = 40  # no training sentence has more French words
LENGTHS = (5, 10, 15, 20, 30, 40)
FRENCH, ENGLISH = vocabulary(LARGE)


def steps(seed, init=seq2seq.init, loss_and_grads=seq2seq.loss_and_grads, hidden=64):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, 64, LARGE)
    pairs = training_set(rng, 16_000, LONGEST, test, LARGE)
    params = init(rng, len(FRENCH), len(ENGLISH), embed=48, hidden=hidden)
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=100) for t in range(STEPS)]
    yield from train(params, loss_and_grads, batches(rng, pairs, 32, LARGE), rates)


def judged(seed, loss, params, translate):
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, 64, LARGE)  # as in steps
    accuracy, bleu = by_length(translate, test, LARGE)
    return {
        "loss": loss,
        "parameters": np.array(sum(p.size for p in params.values())),
        "words": np.array([len(FRENCH) - 1, len(ENGLISH) - 1]),
        "lengths": np.array(LENGTHS),
        "accuracy": accuracy,
        "bleu": bleu,
    }


def run(seed):
    loss, params = finish(steps(seed))
    return judged(seed, loss, params, lambda *source: seq2seq.translate(params, *source))


def measure(run):
    return {
        "parameters": float(run["parameters"]),
        "french": float(run["words"][0]),
        "english": float(run["words"][1]),
        "bleu_least": float(run["bleu"].min()),
        **{f"bleu_{n}": float(b) for n, b in zip(run["lengths"], run["bleu"], strict=True)},
    }
