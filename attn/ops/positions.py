"""Where in the sequence: attention alone does not know the order of its keys."""

import numpy as np

from attn.ops.checks import check_count, check_floats, check_indices
from attn.types import Array, Indices


def sinusoidal(n: int, d: int) -> Array:
    """Give each of n positions its own pattern of d waves, from fast to slow.

    P_{t,2i} = sin(t / 10000^{2i/d}),  P_{t,2i+1} = cos(t / 10000^{2i/d})

    No input sets the precision: P is float64, so that far places stay apart.

    Shapes: n (), d () -> P (n, d)
    Raises: ValueError if n or d is not a whole number.
    Source: Vaswani et al. 2017, sec. 3.5.
    """
    check_count("n", n)
    check_count("d", d, least=1)
    column = np.arange(d)
    angle = np.arange(n)[:, None] / 10000 ** ((column - column % 2) / d)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


def rotary(x: Array, positions: Indices) -> Array:
    """Turn each pair of features by an angle that grows with the position.

    y_{2i} + 𝑖 y_{2i+1} = (x_{2i} + 𝑖 x_{2i+1}) exp(𝑖 t / 10000^{i/d}),  t the row's position

    𝑖 is the root of −1, i = 0 … d − 1 the pair. Their d is our 2 d, and their i starts at 1. The
    dot product of two rows then depends on the distance of their positions alone.

    Shapes: x (..., n, 2*d), positions (n) -> y (..., n, 2*d)
    Raises: ValueError if x is not of floats or its features are odd in number, or positions are
        not one whole number, 0 or more, for each row.
    Source: Su et al. 2021, sec. 3.4.2.
    """
    _check_rotary(x, positions)
    return _turn(x, _angles(positions, x.shape[-1]))


def rotary_backward(dy: Array, positions: Indices) -> Array:
    """Gradient of rotary: turn back.

    dx_{2i} + 𝑖 dx_{2i+1} = (dy_{2i} + 𝑖 dy_{2i+1}) exp(−𝑖 t / 10000^{i/d})

    Shapes: dy (..., n, 2*d), positions (n) -> dx (..., n, 2*d)
    Source: a rotation's transpose is its inverse.
    """
    return _turn(dy, -_angles(positions, dy.shape[-1]))


def _angles(positions: Indices, d: int) -> Array:
    return positions[:, None] / 10000 ** (np.arange(0, d, 2) / d)


def _turn(x: Array, angle: Array) -> Array:
    turn = np.exp(1j * angle).astype(np.result_type(x, 1j))
    pairs = x.astype(turn.real.dtype, order="C", copy=False).view(turn.dtype)
    return (pairs * turn).view(turn.real.dtype).astype(x.dtype, copy=False)


def _check_rotary(x: Array, positions: Indices) -> None:
    check_floats("x", x)
    if x.ndim < 2 or x.shape[-1] % 2:
        raise ValueError(f"x: expected (..., n, 2 d), features even in number, got {x.shape}")
    check_indices("positions", positions, x.shape[-2:-1])
