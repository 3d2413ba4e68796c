"""What stands before the mathematics: leading axes as one, and matrices to begin with."""

import math

import numpy as np

from attn.types import Array


def as_rows(x: Array) -> Array:
    """See all leading axes as one, so that one product does for a whole batch.

    Shapes: x (..., d) -> rows (r, d)
    Source: ours; a view, where the memory of x allows it.
    """
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def as_batch(x: Array) -> Array:
    """See all leading axes but the last as one: sequences side by side.

    Shapes: x (..., n, d) -> batch (b, n, d)
    Source: ours; a view, where the memory of x allows it.
    """
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def draw(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: type[np.floating],
    rows: int | None = None,
) -> Array:
    """Draw matrices (..., rows, columns) that keep the variance of what they multiply.

    W ~ N(0, 1 / rows)

    Of a shape in which the rows stand elsewhere, `rows` says how many there are.

    Source: ours; where a paper says how it draws, the `init` of its model names the place.
    """
    return (rng.standard_normal(shape) / math.sqrt(rows or shape[-2])).astype(dtype)
