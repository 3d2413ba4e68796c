"""The same through one vector of fixed size, with as many parameters."""

import train_more_words
from train_more_words import judged, measure

from attn.models.seq2seq import init_fixed, loss_and_grads_fixed, translate_fixed
from attn.tools.train import finish

__all__ = ["SEEDS", "measure", "run", "steps"]

SEEDS = (2, 3, 4)
HIDDEN = 66  # as many parameters as with attention


def steps(seed):
    yield from train_more_words.steps(seed, init_fixed, loss_and_grads_fixed, HIDDEN)


def run(seed):
    loss, params = finish(steps(seed))
    return judged(seed, loss, params, lambda *source: translate_fixed(params, *source))
