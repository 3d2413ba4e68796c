"""What bends the lines of a feed-forward network."""

import math

import numpy as np

from attn.ops.checks import check_floats
from attn.types import Array

SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715


@np.errstate(over="ignore")  # ∞ far below zero: there Φ is 0
def gelu(x: Array) -> tuple[Array, Array]:
    """Let through a share of x: the probability that a normal variable lies below it.

    y = x Φ,  Φ = ½ (1 + tanh(u)) = 1 / (1 + exp(−2u)),  u = √(2/π) (x + 0.044715 x³)

    Φ approximates the normal distribution function to 5e-4. Only at −∞ is y NaN.

    Shapes: x (...) -> y (...), Phi (...)
    Raises: ValueError if x is not of floats.
    Source: Hendrycks, Gimpel 2016, sec. 2.
    """
    check_floats("x", x)
    Phi = np.asarray(np.square(x))
    Phi *= -2 * SLOPE * CUBIC  # in place: a pass over memory costs as much as the arithmetic
    Phi -= 2 * SLOPE
    Phi *= x
    np.exp(Phi, out=Phi)  # takes half of tanh's time
    Phi += 1
    np.divide(1, Phi, out=Phi)
    return x * Phi, Phi


def gelu_backward(dy: Array, x: Array, Phi: Array) -> Array:
    """Gradient of gelu's y, from the share that it let through.

    dx = dy (Φ + 2 Φ (1 − Φ) x √(2/π) (1 + 3 · 0.044715 x²)),  where x³ does not overflow

    Shapes: dy (...), x (...), Phi (...) -> dx (...)
    Source: the derivative of Hendrycks, Gimpel 2016, sec. 2.
    """
    dx = np.square(x)
    dx *= 6 * SLOPE * CUBIC
    dx += 2 * SLOPE
    dx *= x
    dx *= Phi
    dx *= 1 - Phi
    dx += Phi
    dx *= dy
    return dx
