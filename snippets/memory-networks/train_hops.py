"""Train one, two and three hops on stories that need one, two and three facts."""

import numpy as np

from attn.models.memnet import adjacent, answer, init, loss_and_grads, soft
from attn.ops.bags import position_encoding
from attn.tools.optim import warmup_cosine
from attn.tools.stories import WORDS, batches, encode, stories
from attn.tools.train import finish, train

SEEDS = (0, 1, 2, 3, 4)
COUNT = 10_000  # stories of each kind, learned together
STEPS = 4000
FACTS = HOPS = (1, 2, 3)
TIMES = 16  # no story is longer


def told(rng, count):
    """Stories to learn from, and 1,000 of each kind that are not among them."""
    learned = [story for facts in FACTS for story in stories(rng, facts, count)]
    seen = set(learned)
    return learned, {
        facts: encode([story for story in stories(rng, facts, 1000) if story not in seen])
        for facts in FACTS
    }


def training(rng, learned, hops, steps):
    params = init(rng, len(WORDS), TIMES, hops=hops, sd=0.3)
    drawn = (batch[:3] for batch in batches(rng, learned, 96))
    rates = [warmup_cosine(t, steps, peak=1e-2, warmup=100) for t in range(steps)]
    yield from train(params, loss_and_grads, drawn, rates, largest=10.0)


def steps(seed, count=COUNT, steps=STEPS):
    rng = np.random.default_rng(seed)
    learned = encode(told(rng, count)[0])
    for hops in HOPS:
        yield from training(rng, learned, hops, steps)


def run(seed, count=COUNT, steps=STEPS):
    rng = np.random.default_rng(seed)
    learned, test = told(rng, count)
    numbers = encode(learned)
    losses, wrong, looks = [], np.zeros((3, 3)), np.full((3, 3, 3, 3), np.nan)
    for k, hops in enumerate(HOPS):
        loss, params = finish(training(rng, numbers, hops, steps))
        losses.append(loss)
        for n, stories_ in enumerate(test.values()):
            logits, trace = answer(
                adjacent(params), stories_.x, stories_.q, position_encoding, soft
            )
            wrong[n, k] = np.mean(logits.argmax(axis=-1) != stories_.y)
            for i, p in enumerate(trace.p):  # hop i looks at supporting fact j
                on = np.take_along_axis(p, stories_.support, axis=1).mean(axis=0)
                looks[k, n, i, : n + 1] = on
    return {
        "loss": np.concatenate(losses).astype(np.float16),
        "wrong": wrong,  # a row a kind of story, a column a number of hops
        "looks": looks.astype(np.float32),  # hops, kind of story, hop, supporting fact
    }


def measure(run):
    wrong, looks = run["wrong"], run["looks"]
    errors = {
        f"wrong_{facts}_facts_{hops}_hops": float(wrong[n, k])
        for n, facts in enumerate(FACTS)
        for k, hops in enumerate(HOPS)
    }
    on = {f"two_hops_{i}_on_fact_{j}": looks[1, 1, i - 1, j - 1] for i in (1, 2) for j in (1, 2)}
    on |= {f"three_facts_hop_{i}_on_fact_{i}": looks[2, 2, i - 1, i - 1] for i in HOPS}
    gains = {"second": wrong[2, 0] - wrong[2, 1], "third": wrong[2, 1] - wrong[2, 2]}
    on |= {f"gain_of_the_{hop}_hop": gain for hop, gain in gains.items()}
    return {**errors, **{name: float(share) for name, share in on.items()}}
