"""Train attention alone, two layers of it, on sequences that repeat: will it learn to look back?"""

import numpy as np

from attn.models.blocks import Positions
from attn.models.transformer import Design, init, logits, loss_and_grads, weights
from attn.ops.positions import rotary, rotary_backward
from attn.tools.optim import warmup_cosine
from attn.tools.train import finish, train

SEEDS = (0, 1, 2)
STEPS = 1800
SYMBOLS, LENGTH = 32, 48
PERIODS = (8, 24)  # a sequence repeats after so many symbols, drawn anew for each
TURNED = Design(Positions(turn=(rotary, rotary_backward)))


def sequences(rng, count):
    """Draw sequences that repeat; what comes for the first time cannot be predicted."""
    periods = rng.integers(PERIODS[0], PERIODS[1] + 1, (count, 1))
    symbols = rng.integers(SYMBOLS, size=(count, PERIODS[1]))
    t = np.arange(LENGTH + 1)
    x = np.take_along_axis(symbols, t % periods, axis=1)
    return periods, (x[:, :-1], x[:, 1:], t[:-1] >= periods)


def batches(rng):
    while True:
        yield sequences(rng, 16)[1]


def steps(seed, layers=2):
    rng = np.random.default_rng(seed)
    params = init(rng, SYMBOLS, d=32, heads=2, layers=layers, wide=0)
    rates = [warmup_cosine(t, STEPS, peak=5e-3, warmup=50) for t in range(STEPS)]
    yield from train(params, lambda p, b: loss_and_grads(p, b, TURNED), batches(rng), rates)


def run(seed, layers=2):
    loss, params = finish(steps(seed, layers))
    periods, (x, y, kept) = sequences(np.random.default_rng(100 + seed), 256)
    asked = kept & once(x, periods)
    right = logits(params, x, TURNED).argmax(axis=-1) == y
    alpha = weights(params, x, TURNED)
    previous, induction = (looks(alpha, periods, back) for back in (1, periods - 1))
    one = alpha[:, np.flatnonzero(periods[:, 0] == 16)[0]]
    return {
        "loss": loss,
        "accuracy": np.array(right[asked].mean()),
        "previous": previous,  # (layers, heads): mean weight on the symbol before
        "induction": induction,  # on what followed the same symbol a period ago
        "first": one[0, previous[0].argmax()].astype(np.float16),
        "last": one[-1, induction[-1].argmax()].astype(np.float16),
        "example": x[np.flatnonzero(periods[:, 0] == 16)[0]],
    }


def once(x, periods):
    """Say where a symbol stood once in the period before: there is one place to look."""
    t = np.arange(LENGTH)
    back = t[:, np.newaxis] - t
    near = (back > 0) & (back <= periods[:, :, np.newaxis])
    return ((x[:, :, np.newaxis] == x[:, np.newaxis]) & near).sum(axis=-1) == 1


def looks(alpha, periods, back):
    """Give the mean weight, by layer and head, on the position `back` steps before."""
    t = np.arange(LENGTH)
    at = t - back
    seen = np.broadcast_to((t >= periods) & (at >= 0), (len(periods), LENGTH))
    at = np.broadcast_to(np.maximum(at, 0), seen.shape)[None, :, None, :, None]
    picked = np.take_along_axis(alpha, np.broadcast_to(at, (*alpha.shape[:-1], 1)), axis=-1)
    return picked[..., 0].swapaxes(1, 2)[:, :, seen].mean(axis=-1)


def measure(run):
    return {
        "accuracy": float(run["accuracy"]),
        "previous": float(run["previous"][0].max()),
        "induction": float(run["induction"][-1].max()),
        "solved_at": float(np.argmax(np.append(run["loss"], 0) < 0.5)),
    }
