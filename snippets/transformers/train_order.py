"""Ask what a name holds now: the latest setting counts. One layer, with each code of position."""

from functools import partial
from itertools import pairwise, repeat

import numpy as np

from attn.models.blocks import Positions
from attn.models.transformer import Design, init, logits, loss_and_grads
from attn.ops.places import alibi, alibi_slopes
from attn.ops.positions import rotary, rotary_backward, sinusoidal
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 800
NAMES, VALUES = 4, 8
ASK = NAMES * VALUES  # words below are settings, name * VALUES + value; then one question a name
TRAINED, LONGEST = 32, 256
EDGES = (0, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)

CODES = {
    "none": Positions(),
    "sinusoidal": Positions(code=sinusoidal),
    "learned": Positions(),  # its table is among the parameters
    "rotary": Positions(turn=(rotary, rotary_backward)),
    "alibi": Positions(bias=lambda heads, at, keys: alibi(alibi_slopes(heads), at, keys)),
}


def draw(rng, texts, n):
    """Texts of settings and questions, with the setting that answers each question, if any."""
    name, value = rng.integers(NAMES, size=(texts, n)), rng.integers(VALUES, size=(texts, n))
    asks, setting = rng.random((texts, n)) < 0.5, name * VALUES + value
    latest, answers = np.full((texts, NAMES), -1), []
    for t in range(n):
        answers.append(latest[np.arange(texts), name[:, t]])
        sets = np.flatnonzero(~asks[:, t])
        latest[sets, name[sets, t]] = setting[sets, t]
    y = np.stack(answers, axis=1)
    return np.where(asks, ASK + name, setting), np.maximum(y, 0), asks & (y >= 0)


def fresh(seed, code, dtype=np.float32):
    longest = LONGEST if code == "learned" else 0
    return init(np.random.default_rng(seed), ASK + NAMES, layers=1, longest=longest, dtype=dtype)


def train_one(seed, code):
    rng = np.random.default_rng([seed, 1])  # the same texts for every code
    texts = (draw(rng, 32, TRAINED) for _ in repeat(None))
    rates = [warmup_cosine(t, STEPS, peak=3e-3, warmup=50) for t in range(STEPS)]
    loss = partial(loss_and_grads, design=Design(CODES[code]))
    yield from train(fresh(seed, code), loss, texts, rates)


def steps(seed):
    """Train all in turn: the loss is their mean."""
    for found in zip(*(train_one(seed, code) for code in CODES), strict=True):
        losses, params = zip(*found, strict=True)
        yield float(np.mean(losses)), dict(zip(CODES, params, strict=True))


def accuracy(params, code, x, y, known):
    parts = np.split(np.arange(len(x)), 8)  # the weights of all texts at once would be large
    said = [logits(params, x[part], Design(CODES[code])).argmax(axis=-1) for part in parts]
    return by_span(np.concatenate(said) == y, known)


def by_span(values, known):
    spans = [slice(*edges) for edges in pairwise(EDGES)]
    return [float(values[:, span][known[:, span]].mean()) for span in spans]


def best_without_order(x):
    """How often the most frequent of the earlier settings is the latest: all that a set tells."""
    chance = np.zeros(x.shape)
    seen = np.zeros((len(x), NAMES, VALUES))
    for t, words in enumerate(x.T):
        asks = np.flatnonzero(words >= ASK)
        counts = seen[asks, words[asks] - ASK]
        chance[asks, t] = counts.max(axis=-1) / np.maximum(counts.sum(axis=-1), 1)
        sets = np.flatnonzero(words < ASK)
        seen[sets, words[sets] // VALUES, words[sets] % VALUES] += 1
    return chance


def shuffled_off(seed, code):
    """Shuffle the words, nothing hidden: how far the outputs are from being shuffled alike."""
    rng = np.random.default_rng([seed, 3])
    x, order = rng.integers(ASK + NAMES, size=(4, TRAINED)), rng.permutation(TRAINED)
    params, open_to_all = fresh(seed, code, np.float64), Design(CODES[code], mask=None)
    plain, shuffled = (logits(params, words, open_to_all) for words in (x, x[:, order]))
    return float(np.abs(shuffled - plain[:, order]).max())


def run(seed):
    losses, params = finish(steps(seed))
    test = draw(np.random.default_rng([seed, 2]), 256, LONGEST)
    return {
        "loss": losses,
        "edges": np.array(EDGES),
        "codes": np.array(list(CODES)),
        "accuracy": np.array([accuracy(params[code], code, *test) for code in CODES]),
        "without_order": np.array(by_span(best_without_order(test[0]), test[2])),
        "shuffled_off": np.array([shuffled_off(seed, code) for code in CODES]),
    }


def measure(run):
    ends = run["edges"][1:].tolist()
    accuracy, off = run["accuracy"], run["shuffled_off"]  # the first code is none
    found = {
        f"{code}_{end}": float(row[ends.index(end)])
        for code, row in zip(run["codes"], accuracy, strict=True)
        for end in (TRAINED, 64, LONGEST)
    }
    return {
        "none_shuffled_off": float(off[0]),
        "coded_shuffled_off": float(off[1:].min()),
        "coded_32": float(accuracy[1:, ends.index(TRAINED)].min()),
        "none_above_set": float((accuracy[0] - run["without_order"]).max()),
        "set_32": float(run["without_order"][ends.index(TRAINED)]),
        **found,
    }
