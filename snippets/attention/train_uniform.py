"""Train the translator of train_weights with uniform weights from the start: v_a stays 0."""

import numpy as np
import train_weights
from train_weights import LENGTHS

from attn.models.seq2seq import loss_and_grads, translate
from attn.tools.data import evaluation_set
from attn.tools.metrics import by_length
from attn.tools.train import finish

SEEDS = (0, 1, 2)


def indifferent(params, batch):
    loss, grads = loss_and_grads(params, batch)
    return loss, {**grads, "v_a": 0 * grads["v_a"]}


def steps(seed):
    yield from train_weights.steps(seed, indifferent)


def run(seed):
    loss, params = finish(steps(seed))
    test = evaluation_set(np.random.default_rng(seed), LENGTHS, each=64)  # as in steps
    accuracy, bleu = by_length(lambda *source: translate(params, *source), test)
    return {"loss": loss, "lengths": np.array(LENGTHS), "accuracy": accuracy, "bleu": bleu}


def measure(run):
    return {f"bleu_{n}": float(run["bleu"][k]) for k, n in enumerate(run["lengths"].tolist())}
