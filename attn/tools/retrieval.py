"""A small retrieval task: cells hold an item and its class; one item is asked for, in any order.

Whoever looks at the right cell can answer; whoever looks at random is right only by chance.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from attn.types import Indices, Mask


class Batch(NamedTuple):
    """Items x and their classes z, a row a list; the items q asked for, and their classes y."""

    x: Indices
    z: Indices
    mask: Mask
    q: Indices
    y: Indices


def batch(rng: np.random.Generator, size: int, cells: int, items: int, classes: int) -> Batch:
    """Draw lists of different items, each with a class, and one item of each list to ask for.

    Raises: ValueError if there are fewer items than cells, or no cell.
    """
    if not 1 <= cells <= items:
        raise ValueError(f"cells: expected 1 to {items}, as many as there are items, got {cells}")
    x = rng.random((size, items)).argsort(axis=1)[:, :cells]
    z = rng.integers(classes, size=x.shape)
    asked = rng.integers(cells, size=size)
    at = np.arange(size), asked
    return Batch(x, z, np.ones(x.shape, bool), x[at], z[at])


def batches(
    rng: np.random.Generator, size: int, cells: int, items: int, classes: int
) -> Iterator[Batch]:
    """Draw batches without end."""
    while True:
        yield batch(rng, size, cells, items, classes)
