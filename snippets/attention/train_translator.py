"""Train the toy translator with attention, and see where it looks."""

import numpy as np

from attn.models.seq2seq import alignments, init, loss_and_grads, translate
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
STEPS = 2600
LONGEST = 40  # no training sentence has more French words
LENGTHS = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60)


def steps(seed):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 16_000, LONGEST, test)
    params = init(rng, len(FRENCH), len(ENGLISH), embed=48)
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=100) for t in range(STEPS)]
    yield from train(params, loss_and_grads, batches(rng, pairs, 32), rates)


def run(seed):
    loss, params = finish(steps(seed))
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in steps
    accuracy, bleu = by_length(lambda *source: translate(params, *source), test)
    links = {n: strongest(alignments(params, encode(pairs)), pairs) for n, pairs in test.items()}
    cat = encode([HELD_OUT])
    return {
        "loss": loss,
        "parameters": np.array(sum(p.size for p in params.values())),
        "lengths": np.array(LENGTHS),
        "accuracy": accuracy,
        "bleu": bleu,
        "alignment_error": np.array([alignment_error(links[n], test[n]) for n in LENGTHS]),
        "crossed": np.array([crossed(links[n], test[n]) for n in LENGTHS]),
        "alpha": alignments(params, cat)[0],
        "french": np.array(HELD_OUT.french),
        "english": np.array(HELD_OUT.english),
        "wrote": np.array(decode(translate(params, cat.x, cat.x_mask, 9))[0]),
    }


def measure(run):
    seen = run["lengths"] <= LONGEST
    at = {int(n): k for k, n in enumerate(run["lengths"])}
    return {
        "noir_in_black": float(run["alpha"][1, 2]),
        "held_out_right": float(run["wrote"].tolist() == run["english"].tolist()),
        "alignment_error": float(run["alignment_error"][seen].mean()),
        "crossed": float(run["crossed"][seen].mean()),
        "parameters": float(run["parameters"]),
        **{f"bleu_{n}": float(run["bleu"][k]) for n, k in at.items()},
        **{f"accuracy_{n}": float(run["accuracy"][k]) for n, k in at.items()},
    }
