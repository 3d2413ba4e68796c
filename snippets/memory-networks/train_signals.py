"""Two facts, four teachers: labels, guessed labels, answers alone, answers with a softmax."""

import numpy as np

from attn.models import memnet, memnn
from attn.ops.bags import position_encoding
from attn.tools.optim import warmup_cosine
from attn.tools.stories import PEOPLE, PLACES, THINGS, WORDS, batches, encode, stories
from attn.tools.train import finish, train

SEEDS = (0, 1, 2, 3, 4)
COUNTS = (300, 1_000, 10_000)
STEPS = {"labels": 1000, "guess": 1000, "answers": 500, "soft": 2000}
TELLING = np.isin(WORDS, PEOPLE + PLACES + THINGS)


def told(rng, count):
    learned = stories(rng, 2, count)
    seen = set(learned)
    return encode(learned), encode([s for s in stories(rng, 2, 1000) if s not in seen])


def drawn(rng, learned, teacher):
    for b in batches(rng, learned, 96):
        if teacher == "labels":
            yield *b, memnn.one_rival(rng, b.x, b.support)
        elif teacher == "guess":
            yield b.x, b.q, b.y, *memnn.guess(rng, b.x, b.q, b.y, TELLING)
        else:
            yield b[:3] if teacher == "soft" else (*b, None)


def training(rng, learned, teacher):
    steps = STEPS[teacher]
    rates = [warmup_cosine(t, steps, peak=1e-2, warmup=100) for t in range(steps)]
    batch = drawn(rng, learned, teacher)
    if teacher == "soft":
        params = memnet.init(rng, len(WORDS), learned.x.shape[1], hops=2, sd=0.3)
        yield from train(params, memnet.loss_and_grads, batch, rates, largest=10.0)
    else:
        loss = memnn.loss_and_grads_answers if teacher == "answers" else memnn.loss_and_grads
        yield from train(memnn.init(rng, len(WORDS)), loss, batch, rates)


def steps(seed):
    rng = np.random.default_rng(seed)
    for count in COUNTS:
        learned, _ = told(rng, count)
        for teacher in STEPS:
            yield from training(rng, learned, teacher)


def tried(teacher, params, test):
    """Answers that are wrong, and stories in which both facts are found: the strongest of a hop."""
    if teacher == "soft":
        logits, trace = memnet.answer(
            memnet.adjacent(params), test.x, test.q, position_encoding, memnet.soft
        )
        found = np.stack([p.argmax(axis=-1) for p in trace.p], axis=1)
    else:
        found = memnn.find(params, test.x, test.q, 2)
        logits = memnn.respond(params, test.x, test.q, found)
    return np.mean(logits.argmax(axis=-1) != test.y), np.mean((found == test.support).all(axis=1))


def run(seed):
    rng = np.random.default_rng(seed)
    losses, results = [], np.zeros((len(COUNTS), len(STEPS), 2))
    for c, count in enumerate(COUNTS):
        learned, test = told(rng, count)
        for t, teacher in enumerate(STEPS):
            loss, params = finish(training(rng, learned, teacher))
            losses.append(loss)
            results[c, t] = tried(teacher, params, test)
    return {"loss": np.concatenate(losses).astype(np.float16), "results": results}


def measure(run):
    return {
        f"{what}_{teacher}_{count}": float(run["results"][c, t, w])
        for c, count in enumerate(COUNTS)
        for t, teacher in enumerate(STEPS)
        for w, what in enumerate(("wrong", "found"))
    }
