"""Scores to weights: the step that makes attention a choice, yet differentiable."""

import numpy as np

from attn.ops.checks import check_indices, check_mask, check_shapes, full_mask
from attn.types import Array, Indices, Mask


def softmax(e: Array, mask: Mask | None = None) -> Array:
    """Turn each row of scores into weights that are not negative and sum to one.

    alpha_ij = exp(e_ij) / Σ_k exp(e_ik), over the keys k that query i may attend to

    A row that may attend to nothing is all zeros. Infinite scores follow the limit: those equal to
    the largest of the row share its weight, so a row of −∞ alone is uniform.

    Shapes: e (..., m), mask (..., m) | None -> alpha (..., m)
    Raises: ValueError if e is not of floats or has no keys, or the mask is not boolean or does not
        broadcast to e.
    Source: Bahdanau et al. 2015, eq. 6.
    """
    check_shapes("e (..., m)", e)
    if mask is not None:
        return _masked_softmax(e, mask)
    z = np.exp(_below_peak(e))  # at most 1: cannot overflow
    return z / z.sum(axis=-1, keepdims=True)


def softmax_backward(dalpha: Array, alpha: Array) -> Array:
    """Gradient of softmax, from the weights alone: masked ones are 0 and so is their gradient.

    de_ij = alpha_ij (dalpha_ij − Σ_k alpha_ik dalpha_ik)

    Shapes: dalpha (..., m), alpha (..., m) -> de (..., m)
    Source: the derivative of Bahdanau et al. 2015, eq. 6.
    """
    read = alpha != 0  # what was not read sends no NaN back, and gets none
    dalpha = np.where(read, dalpha, 0)
    de = alpha * (dalpha - (alpha * dalpha).sum(axis=-1, keepdims=True))
    return np.where(read, de, 0)


def log_softmax(e: Array) -> Array:
    """Give the logarithms of the weights, exact even where a weight underflows to zero.

    l_ij = e_ij − log Σ_k exp(e_ik)

    Shapes: e (..., m) -> l (..., m)
    Raises: ValueError if e is not of floats or has no keys.
    Source: the logarithm of Bahdanau et al. 2015, eq. 6.
    """
    check_shapes("e (..., m)", e)
    z = _below_peak(e)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_backward(dl: Array, l: Array) -> Array:
    """Gradient of log_softmax, from its output.

    de_ij = dl_ij − exp(l_ij) Σ_k dl_ik

    Shapes: dl (..., m), l (..., m) -> de (..., m)
    Source: the derivative of log_softmax.
    """
    return dl - np.exp(l) * dl.sum(axis=-1, keepdims=True)


def cross_entropy(logits: Array, targets: Indices, mask: Mask | None = None) -> float:
    """Average the surprise at the right answers, in nats, over the targets that the mask keeps.

    L = −1/N Σ_i log softmax(logits_i)[targets_i];  0 if no target is kept

    Shapes: logits (..., c), targets (...), mask (...) | None -> loss ()
    Raises: ValueError if logits is not of floats, targets are not whole numbers from 0 to c − 1,
        or a shape does not fit.
    Source: Goodfellow, Bengio, Courville 2016, eq. 6.12.
    """
    check_shapes("logits (..., c)", logits)
    kept = _kept(logits, targets, mask)
    due = np.where(kept, targets, 0)[..., None]
    surprise = -np.take_along_axis(log_softmax(logits), due, axis=-1)[..., 0]
    return float(surprise.sum(where=kept)) / max(int(kept.sum()), 1)


def cross_entropy_backward(
    dloss: float, logits: Array, targets: Indices, mask: Mask | None = None
) -> Array:
    """Gradient of cross_entropy: the weights that were given, less those that were due.

    dlogits_i = dL / N (softmax(logits_i) − onehot(targets_i))

    Shapes: dloss (), logits (..., c), targets (...), mask (...) | None -> dlogits (..., c)
    Source: the derivative of cross_entropy.
    """
    kept = _kept(logits, targets, mask)
    due = np.where(kept, targets, 0)[..., None] == np.arange(logits.shape[-1])
    share = float(dloss) / max(int(kept.sum()), 1)
    return np.where(kept[..., None], share * (softmax(logits) - due), 0)


def _masked_softmax(e: Array, mask: Mask) -> Array:
    check_mask(mask, e.shape)
    z = np.exp(_below_peak(np.where(mask, e, -np.inf)))
    total = z.sum(axis=-1, keepdims=True, where=mask)  # at least 1, or 0 if nothing is allowed
    return np.where(mask, z / np.maximum(total, 1), 0)


@np.errstate(over="ignore")  # what overflows is −∞ then, and weighs 0: as it should
def _below_peak(e: Array) -> Array:
    # The shift leaves softmax as it is. At an infinite peak ∞ − ∞ is 0: that is the limit.
    peak = e.max(axis=-1, keepdims=True)
    if np.isfinite(peak).all():
        return e - peak
    return np.subtract(e, peak, where=e != peak, out=np.zeros_like(e))


def _kept(logits: Array, targets: Indices, mask: Mask | None) -> Mask:
    shape = logits.shape[:-1]
    kept = full_mask(mask, shape)
    check_indices("targets", targets, shape, logits.shape[-1], where=kept)
    return kept
