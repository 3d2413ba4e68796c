"""Four tasks that take an algorithm: copy, repeat, recall, sort.

Each function draws `size` sequences of one length from its generator. Marks and numbers have input
channels of their own, behind those of the bits. The output counts after all input, where x is 0.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attn.types import Array, Mask


class Batch(NamedTuple):
    """What goes in, what must come out, and at which steps it counts: (size, steps, channels)."""

    x: Array
    y: Array
    mask: Mask


def copy(rng: np.random.Generator, length: int, size: int, bits: int = 8) -> Batch:
    """Draw vectors; after a mark all must come out again.

    x = v_1 … v_n mark 0 … 0,  y = v_1 … v_n

    Raises: ValueError if a number is under 1.
    Source: Graves et al. 2014, sec. 4.1.
    """
    _check(length=length, size=size, bits=bits)
    v = _draw(rng, size, length, bits)
    return _batch([_widen(v, 1), _mark(size, bits + 1, bits)], v)


def repeat_copy(
    rng: np.random.Generator, length: int, repeats: int, size: int, bits: int = 8
) -> Batch:
    """Draw vectors; all must come out `repeats` times, then an end on a channel of its own.

    x = v_1 … v_n (repeats − 5.5)/√8.25 0 … 0,  y = v_1 … v_n … v_1 … v_n end

    Over 1 to 10 repeats, where the paper trains, their number has mean 0 and variance 1.

    Raises: ValueError if a number is under 1.
    Source: Graves et al. 2014, sec. 4.2.
    """
    _check(length=length, repeats=repeats, size=size, bits=bits)
    v, end = _widen(_draw(rng, size, length, bits), 1), _mark(size, bits + 1, bits)
    y = np.concatenate([np.tile(v, (1, repeats, 1)), end], axis=1)
    return _batch([v, (repeats - 5.5) / 8.25**0.5 * end], y)


def associative_recall(
    rng: np.random.Generator, items: int, size: int, vectors: int = 3, bits: int = 6
) -> Batch:
    """Draw items of some vectors each; one is shown again, and the item after it must come out.

    x = mark item_1 … mark item_n query item_q query 0 … 0,  y = item_{q+1}

    Raises: ValueError if a number is under 1, or the number of items under 2.
    Source: Graves et al. 2014, sec. 4.3.
    """
    _check(least=2, items=items)
    _check(size=size, vectors=vectors, bits=bits)
    v = _draw(rng, size, items * vectors, bits).reshape(size, items, vectors, bits)
    each, q = np.arange(size), rng.integers(items - 1, size=size)
    mark, query = (_mark(size, bits + 2, bits + channel) for channel in range(2))
    shown = [part for k in range(items) for part in (mark, _widen(v[:, k], 2))]
    return _batch([*shown, query, _widen(v[each, q], 2), query], v[each, q + 1])


def priority_sort(
    rng: np.random.Generator, vectors: int, wanted: int, size: int, bits: int = 8
) -> Batch:
    """Draw vectors with a priority each; those with the highest must come out, highest first.

    x = [v_1; p_1] … [v_n; p_n] mark 0 … 0,  y = the v of the largest p, of the next, …

    The priorities are given, uniform over (−1, 1). The mark is ours.

    Raises: ValueError if a number is under 1, or more are wanted than there are.
    Source: Graves et al. 2014, sec. 4.5: 20 vectors, 16 wanted.
    """
    _check(wanted=wanted, size=size, bits=bits)
    _check(least=wanted, vectors=vectors)
    v = _draw(rng, size, vectors, bits)
    p = rng.uniform(-1, 1, (size, vectors)).astype(np.float32)
    x = _widen(v, 2)
    x[..., bits] = p
    order = np.argsort(-p, axis=1)[:, :wanted, np.newaxis]
    return _batch([x, _mark(size, bits + 2, bits + 1)], np.take_along_axis(v, order, axis=1))


def _draw(rng: np.random.Generator, size: int, length: int, bits: int) -> Array:
    return rng.integers(2, size=(size, length, bits)).astype(np.float32)


def _widen(v: Array, channels: int) -> Array:
    return np.pad(v, ((0, 0), (0, 0), (0, channels)))


def _mark(size: int, channels: int, at: int) -> Array:
    return np.tile(np.float32(np.arange(channels) == at), (size, 1, 1))


def _batch(shown: Sequence[Array], due: Array) -> Batch:
    x = np.concatenate(shown, axis=1)
    steps, length = x.shape[1] + due.shape[1], due.shape[1]
    x = np.pad(x, ((0, 0), (0, length), (0, 0)))
    y = np.pad(due, ((0, 0), (steps - length, 0), (0, 0)))
    return Batch(x, y, np.tile(np.arange(steps) >= steps - length, (len(x), 1)))


def _check(least: int = 1, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < least:
            raise ValueError(f"{name}: expected at least {least}, got {number}")
