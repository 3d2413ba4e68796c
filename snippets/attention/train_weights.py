"""Put other weights into the trained translator: uniform ones, shuffled ones, an adversary's."""

from itertools import repeat

import numpy as np

from attn.models import adversary, seq2seq
from attn.models.adversary import freeze, replay
from attn.models.seq2seq import alignments, translate
from attn.ops.softmax import softmax
from attn.tools.data import (
    ENGLISH,
    FRENCH,
    batches,
    encode,
    evaluation_set,
    training_set,
)
from attn.tools.metrics import alignment_error, by_length, strongest
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 1600
LONGEST = 40  # no training sentence has more French words
LENGTHS = (10, 20, 40)
WORDS = 20  # of the French sentences that get other weights
COST, RATE, SEARCH = 10.0, 0.1, 300  # the adversary's λ, rate and steps


def steps(seed, loss_and_grads=seq2seq.loss_and_grads):
    rng = np.random.default_rng(seed)
    test = evaluation_set(rng, LENGTHS, each=64)
    pairs = training_set(rng, 16_000, LONGEST, test)
    params = seq2seq.init(rng, len(FRENCH), len(ENGLISH), embed=48)
    rates = [warmup_cosine(t, STEPS, peak=4e-3, warmup=100) for t in range(STEPS)]
    yield from train(params, loss_and_grads, batches(rng, pairs, 32), rates)


def other_weights(rng, frozen):
    mask = frozen.x_mask[:, np.newaxis]
    start, loss = adversary.init(rng, frozen), adversary.loss_and_grads
    search = train(start, loss, repeat(frozen), [RATE] * SEARCH)
    return {
        "own": frozen.alpha,
        "uniform": softmax(np.zeros_like(frozen.alpha), mask),
        "shuffled": rng.permuted(frozen.alpha, axis=-1),  # all of one length: no padding moves in
        "adversary": softmax(finish(search)[1]["e"], mask),
    }


def compare(frozen, alpha, pairs):
    """How far the weights are from the translator's own, and what becomes of its predictions."""
    logits, _ = replay(frozen, alpha)
    p, q = np.exp(frozen.log_p), softmax(logits)
    kept, same = frozen.y_mask, (p.argmax(axis=-1) == q.argmax(axis=-1)).T
    return {
        "moved": np.abs(alpha - frozen.alpha).sum(axis=-1)[kept].mean() / 2,
        "output": np.abs(p - q).sum(axis=-1).T[kept].mean() / 2,
        "words": same[kept].mean(),
        "sentences": (same | ~kept).all(axis=1).mean(),
        "alignment_error": alignment_error(strongest(alpha, pairs), pairs),
    }


def written(params, pairs):
    """BLEU of what the translator writes on its own."""
    return by_length(lambda *source: translate(params, *source), {WORDS: pairs})[1][0]


def run(seed):
    loss, params = finish(steps(seed))
    pairs = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)[WORDS]  # never trained on
    batch = encode(pairs)
    frozen = freeze(params, batch, alignments(params, batch), COST)
    weights = other_weights(np.random.default_rng(seed), frozen)
    found = {name: compare(frozen, alpha, pairs) for name, alpha in weights.items()}
    blind = {**params, "v_a": 0 * params["v_a"]}  # every map is uniform
    return {
        "loss": loss,
        "own_bleu": written(params, pairs),
        "uniform_bleu": written(blind, pairs),
        "maps": np.stack([weights[name][0] for name in ("own", "adversary")]),
        "french": np.array(pairs[0].french),
        "english": np.array(pairs[0].english),
        **{f"{name}_{k}": np.array(v) for name, by in found.items() for k, v in by.items()},
    }


def measure(run):
    return {name: float(array) for name, array in run.items() if array.ndim == 0}
