"""Train Luong's decoder with the score dot, and see where it looks."""

from functools import partial

import numpy as np

from attn.models.luong import alignments, init, looks, loss_and_grads, translate
from attn.tools.data import (
    ENGLISH,
    FRENCH,
    HELD_OUT,
    batches,
    decode,
    encode,
    evaluation_set,
    training_set,
)
from attn.tools.metrics import alignment_error, by_length, crossed, strongest
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 1300
LONGEST = 40  # no training sentence has more French words
LENGTHS = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60)


def steps(seed, name="dot"):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 16_000, LONGEST, test)
    look = looks(longest=max(LENGTHS))[name]
    params = init(rng, len(FRENCH), len(ENGLISH), look)
    rates = [warmup_cosine(t, STEPS, peak=4e-3, warmup=100) for t in range(STEPS)]
    loss = partial(loss_and_grads, look=look)
    yield from train(params, loss, batches(rng, pairs, 32), rates)


def run(seed, name="dot"):
    loss, params = finish(steps(seed, name))
    look = looks(longest=max(LENGTHS))[name]
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in steps
    accuracy, bleu = by_length(lambda *source: translate(params, *source, look), test)
    maps = {n: alignments(params, encode(pairs), look) for n, pairs in test.items()}
    links = {n: strongest(maps[n], pairs) for n, pairs in test.items()}
    cat = encode([HELD_OUT])
    return {
        "loss": loss,
        "parameters": np.array(sum(p.size for p in params.values())),
        "lengths": np.array(LENGTHS),
        "accuracy": accuracy,
        "bleu": bleu,
        "alignment_error": np.array([alignment_error(links[n], test[n]) for n in LENGTHS]),
        "crossed": np.array([crossed(links[n], test[n]) for n in LENGTHS]),
        "alpha": alignments(params, cat, look)[0],
        "french": np.array(HELD_OUT.french),
        "english": np.array(HELD_OUT.english),
        "wrote": np.array(decode(translate(params, cat.x, cat.x_mask, 9, look))[0]),
    }


def measure(run):
    seen = run["lengths"] <= LONGEST
    return {
        "parameters": float(run["parameters"]),
        "bleu": float(run["bleu"][seen].min()),
        "accuracy": float(run["accuracy"][seen].mean()),
        "alignment_error": float(run["alignment_error"][seen].mean()),
        "crossed": float(run["crossed"][seen].mean()),
        "noir_in_black": float(run["alpha"][1, 2]),
        "held_out_right": float(run["wrote"].tolist() == run["english"].tolist()),
    }
