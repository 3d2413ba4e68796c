"""Yes-or-no answers and how surprising each is; numbers made positive, with no upper bound."""

import numpy as np

from attn.ops.checks import check_shapes, full_mask
from attn.ops.layers import sigmoid
from attn.types import Array, Mask


def softplus(x: Array) -> Array:
    """Make a number positive; large ones stay as they are.

    y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))

    Shapes: x (...) -> y (...)
    Source: the second form cannot overflow.
    """
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def softplus_backward(dy: Array, x: Array) -> Array:
    """Gradient of softplus.

    dx = dy σ(x)

    Shapes: dy (...), x (...) -> dx (...)
    Source: the derivative of softplus.
    """
    return dy * sigmoid(x)


def bit_cross_entropy(logits: Array, bits: Array, mask: Mask | None = None) -> float:
    """Average the surprise at bits, in nats, over those that the mask keeps.

    L = −1/N Σ_i [b_i log σ(l_i) + (1 − b_i) log(1 − σ(l_i))] = 1/N Σ_i [softplus(l_i) − b_i l_i]

    0 if no bit is kept.

    Shapes: logits (...), bits (...), mask (...) | None -> loss ()
    Raises: ValueError if an array is not of floats, shapes differ, or the mask does not fit.
    Source: Graves et al. 2014, sec. 4: logistic outputs, trained with the cross-entropy.
    """
    kept = _kept(logits, bits, mask)
    # softplus in two parts: subtracting a large logit from the whole would round away a small rest
    rest = np.log1p(np.exp(-np.abs(logits)))
    surprise = np.maximum(logits, 0) - bits * logits + rest
    return float(surprise.sum(where=kept)) / max(int(kept.sum()), 1)


def bit_cross_entropy_backward(
    dloss: float, logits: Array, bits: Array, mask: Mask | None = None
) -> Array:
    """Gradient of bit_cross_entropy: the probability that was given, less the bit.

    dlogits_i = dL / N (σ(l_i) − b_i)

    Shapes: dloss (), logits (...), bits (...), mask (...) | None -> dlogits (...)
    Source: the derivative of bit_cross_entropy.
    """
    kept = _kept(logits, bits, mask)
    share = float(dloss) / max(int(kept.sum()), 1)
    return np.where(kept, share * (sigmoid(logits) - bits), 0)


def _kept(logits: Array, bits: Array, mask: Mask | None) -> Mask:
    check_shapes("logits (...), bits (...)", logits, bits)
    return full_mask(mask, logits.shape)
