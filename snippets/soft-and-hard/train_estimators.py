"""Estimates of the gradient through a draw against the exact gradient: how far off, how noisy."""

import numpy as np

from attn.mechanisms.hard import (
    enumerate_gradient,
    gumbel_softmax,
    gumbel_softmax_backward,
    leave_one_out,
    moving_average,
    read,
    reinforce,
    sample,
    straight_through,
)
from attn.ops.products import combine
from attn.ops.softmax import softmax

SEEDS = (0, 1, 2)
GLIMPSES, POSITIONS, K = 16, 10, 4  # K draws for one estimate
CHUNK, CHUNKS = 2**11, 2**5  # N: the largest mean is of one chunk
TAUS = (1.0, 0.5, 0.1)
GUMBELS = ("gumbel_1", "gumbel_05", "gumbel_01")
NAMES = ("none", "average", "others", "known", "through", *GUMBELS)


def glimpses(rng):
    """Scores, what stands at each position, and what it is worth, around a level of 5 ± 2."""
    e, v = rng.standard_normal((2, GLIMPSES, POSITIONS))
    level, slope = 5 + 2 * rng.standard_normal(GLIMPSES), rng.standard_normal(GLIMPSES)
    return e, v, level[:, None], slope[:, None]


def rewards(level, slope):
    """A linear and a quadratic reward of what was read, each with its derivative."""
    return {
        "linear": (lambda c: level + slope * c, lambda c: slope + 0 * c),
        "quadratic": (lambda c: level - (c - slope) ** 2, lambda c: -2 * (c - slope)),
    }


def from_rewards(rng, e, v, R, average):
    """Estimates that see rewards alone: by baseline none, average, others, known; the average."""
    alpha = np.broadcast_to(softmax(e), (CHUNK, *e.shape))
    s = sample(alpha, rng, K)
    earned = R(v)[np.arange(GLIMPSES)[:, None], s]
    averages = np.empty((CHUNK, 1, 1))
    for t, latest in enumerate(earned):  # one update after another, as in training
        averages[t], average = average, moving_average(average, latest)
    known = (softmax(e) * R(v)).sum(axis=-1, keepdims=True)  # the mean that nobody knows
    baselines = (np.broadcast_to(b, s.shape) for b in (0.0, averages, known))
    none, moving, mean = (reinforce(earned, s, alpha, b) for b in baselines)
    return [none, moving, leave_one_out(earned, s, alpha), mean], average


def from_slopes(rng, e, v, dR):
    """Estimates that need the slope of the reward: through, and a Gumbel-softmax a temperature."""
    alpha = np.broadcast_to(softmax(e), (CHUNK, *e.shape))
    values = np.broadcast_to(v[..., None], (*alpha.shape, 1))
    c = read(sample(alpha, rng, K), values)[..., 0]
    dc = dR(c).mean(axis=-1)[..., None, None]
    found = [straight_through(dc, values, alpha[..., None, :])[..., 0, :]]
    for tau in TAUS:
        y = gumbel_softmax(
            np.repeat(np.broadcast_to(e, alpha.shape)[..., None, :], K, -2), rng, tau
        )
        dy = dR(combine(y, values)[..., 0])[..., None] * v[:, None] / K
        found.append(gumbel_softmax_backward(dy, y, tau).sum(axis=-2))
    return found


def steps(seed):
    """After each chunk: how far the mean of plain REINFORCE still is, and what adds up."""
    rng = np.random.default_rng(seed)
    e, v, level, slope = glimpses(rng)
    earned = rewards(level, slope)
    exact = {kind: enumerate_gradient(R(v), softmax(e)) for kind, (R, _) in earned.items()}
    b = {kind: float((softmax(e) * R(v)).sum() / GLIMPSES) for kind, (R, _) in earned.items()}
    total = dict.fromkeys(earned, (0.0, 0.0))
    for chunk in range(1, CHUNKS + 1):
        for kind, (R, dR) in earned.items():
            g, b[kind] = from_rewards(rng, e, v, R, b[kind])
            g += from_slopes(rng, e, v, dR)
            errors, squares = moments(np.stack(g) - exact[kind])
            total[kind] = total[kind][0] + errors, total[kind][1] + squares
        yield float(length(total["linear"][0][0] / chunk)), (exact, total)


def length(g):
    """The length of a gradient, root mean square over the glimpses."""
    return np.sqrt((g**2).sum(axis=-1).mean(axis=-1))


def moments(error):
    """The mean error of a chunk, and mean squares: of one error, of means of 2, of means of 4 …"""
    squares = []
    while True:
        squares.append((error**2).sum(axis=-1).mean(axis=(1, 2)))
        if error.shape[1] == 1:
            return error[:, 0], np.stack(squares, axis=-1)
        error = (error[:, ::2] + error[:, 1::2]) / 2


def run(seed):
    history = list(steps(seed))
    exact, total = history[-1][1]
    found = {"loss": np.array([loss for loss, _ in history])}
    for kind, (errors, squares) in total.items():
        found[f"{kind}_length"] = length(exact[kind])
        found[f"{kind}_bias"] = length(errors / CHUNKS)
        found[f"{kind}_error"] = np.sqrt(squares / CHUNKS)
    return found


def measure(run):
    n = 2.0 ** np.arange(run["linear_error"].shape[1])
    numbers = {}
    for kind in ("linear", "quadratic"):
        exact, bias, error = (run[f"{kind}_{name}"] for name in ("length", "bias", "error"))
        variance = error[:, 0] ** 2 - bias**2
        noise = np.sqrt(
            np.maximum(variance, 1e-24) / (CHUNK * CHUNKS)
        )  # left in a mean without bias
        found = {
            "variance": variance / exact**2,
            "bias": bias / exact,
            "noises": bias / noise,
            "slope": np.polyfit(np.log(n), np.log(error).T, 1)[0],
        }
        for what, values in found.items():
            named = zip(NAMES, map(float, values), strict=True)
            numbers |= {f"{kind}_{what}_{name}": x for name, x in named}
        numbers[f"{kind}_none_to_average"] = float(variance[0] / variance[1])
        numbers[f"{kind}_average_to_others"] = float(variance[1] / variance[2])
    free = [f"{kind}_{{}}_{name}" for kind in ("linear", "quadratic") for name in NAMES[:4]]
    return {
        **numbers,
        "slope_off": max(abs(numbers[key.format("slope")] + 0.5) for key in free),
        "most_noises": max(numbers[key.format("noises")] for key in free),
        "none_to_average": min(numbers[f"{k}_none_to_average"] for k in ("linear", "quadratic")),
        "average_to_others": min(
            numbers[f"{k}_average_to_others"] for k in ("linear", "quadratic")
        ),
        "warm_to_cold": numbers["quadratic_bias_gumbel_1"] / numbers["quadratic_bias_gumbel_01"],
    }
