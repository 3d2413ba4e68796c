"""Train a language model on letters: French sentences of the toy grammar, one after another."""

from itertools import pairwise

import numpy as np

from attn.models.transformer import generate, init, logits, loss_and_grads, weights
from attn.ops.softmax import cross_entropy
from attn.tools.data import FRENCH, sentence
from attn.tools.lexicon import SMALL
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1)
STEPS = 700
LENGTH = 64
WORDS = set(FRENCH[1:])
LETTERS = sorted({letter for word in WORDS for letter in word} | set(" .\n"))
ARTICLES = {"le": False, "un": False, "la": True, "une": True}  # of a feminine noun?
GENDERS = {noun.french[0]: noun.feminine for noun in SMALL.nouns + SMALL.places}


def text(rng, letters):
    """Write sentences of the grammar, one a line."""
    written = ""
    while len(written) < letters:
        written += " ".join(sentence(rng, 1).french) + ".\n"
    return written[:letters]


def numbers(written):
    return np.array([LETTERS.index(letter) for letter in written])


def batches(rng, tokens):
    while True:
        start = rng.integers(len(tokens) - LENGTH, size=(32, 1))
        x = tokens[start + np.arange(LENGTH + 1)]
        yield x[:, :-1], x[:, 1:], np.ones((32, LENGTH), bool)


def steps(seed, layers=2):
    rng = np.random.default_rng(seed)
    tokens = numbers(text(rng, 200_000))
    params = init(rng, len(LETTERS), layers=layers)
    rates = [warmup_cosine(t, STEPS, peak=4e-3, warmup=50) for t in range(STEPS)]
    yield from train(params, loss_and_grads, batches(rng, tokens), rates)


def run(seed, layers=2):
    loss, params = finish(steps(seed, layers))
    rng = np.random.default_rng(100 + seed)
    new = numbers(text(rng, 64 * (LENGTH + 1))).reshape(64, LENGTH + 1)
    x = np.full((64, 1), LETTERS.index("\n"))
    draw = lambda e: (e + rng.gumbel(size=e.shape)).argmax(axis=-1)  # noqa: E731
    wrote = generate(params, x, LENGTH - 1, draw)
    sample = ["".join(LETTERS[i] for i in row[1:]) for row in wrote]
    line = numbers("\nles vaches noires de la fille dorment souvent.")[None]
    return {
        "loss": loss,
        "new": np.array(cross_entropy(logits(params, new[:, :-1]), new[:, 1:])),
        "pairs": np.array(pairs_alone(numbers(text(np.random.default_rng(seed), 200_000)), new)),
        "sample": np.array(sample),
        "alpha": weights(params, line)[:, 0].astype(np.float16),
    }


def pairs_alone(tokens, new):
    """Give the surprise of a model that knows which letter follows which, and no more."""
    counts = np.ones((len(LETTERS), len(LETTERS)))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    return -np.log(p[new[:, :-1], new[:, 1:]]).mean()


def measure(run):
    whole = [line for row in run["sample"] for line in str(row).split("\n")[:-1]]
    lines = [line.rstrip(".").split(" ") for line in whole]
    words = [word for line in lines for word in line]
    following = [pair for line in lines for pair in pairwise(line)]
    known = [(a, noun) for a, noun in following if a in ARTICLES and noun in GENDERS]
    return {
        "new": float(run["new"]),
        "pairs": float(run["pairs"]),
        "spelled": float(np.mean([word in WORDS for word in words])),
        "agree": float(np.mean([ARTICLES[a] == GENDERS[noun] for a, noun in known])),
    }
