"""A stack of LSTMs that answers at every step: what it remembers must fit into its state.

Here i and o are the widths of input and output, n the cells of a layer, b the batch, T the steps.
A batch is (x, y, mask): sequences padded at their end, and the steps whose output counts. Inside,
time is the first axis.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

from attn.ops.arrays import draw
from attn.ops.bits import bit_cross_entropy, bit_cross_entropy_backward
from attn.ops.checks import check_shapes, full_mask
from attn.ops.layers import linear, linear_backward
from attn.ops.lstm import LSTMTrace, lstm_sequence, lstm_sequence_backward
from attn.types import Array, Grads, Mask, Params

Batch: TypeAlias = tuple[Array, Array, Mask]


class Layer(NamedTuple):
    """What the way back through a layer needs."""

    x: Array
    lstm: LSTMTrace


def init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    hidden: int = 256,
    layers: int = 1,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters; forget gates begin open.

    W ~ N(0, 1 / rows),  b_f = 1

    Source: Graves et al. 2014, sec. 4.6: three layers, and a first state that is learned. The
        bias of 1 is ours.
    """
    n = hidden
    widths = [inputs, *[n] * (layers - 1)]
    params = {f"W_{l}": draw(rng, (width, 4 * n), dtype) for l, width in enumerate(widths)}
    params["U"] = np.stack([draw(rng, (n, 4 * n), dtype) for _ in widths])
    params["b"] = np.tile(np.repeat([0, 1, 0, 0], n).astype(dtype), (layers, 1))
    first = {key: np.zeros((layers, n), dtype) for key in ("h_0", "c_0")}
    return {
        **params,
        **first,
        "W_y": draw(rng, (n, outputs), dtype),
        "b_y": np.zeros(outputs, dtype),
    }


def loss_and_grads(params: Params, batch: Batch) -> tuple[float, Grads]:
    """Surprise at the right bits, in nats a bit, and its gradients.

    L = −1/N Σ_t [y_t log σ(l_t) + (1 − y_t) log(1 − σ(l_t))],  over the steps that count

    Raises: ValueError if an array is not of floats, a shape does not fit, or the mask is not
        boolean.
    Source: Graves et al. 2014, sec. 4.
    """
    x, y, mask = batch
    check_shapes("x (b, T, i), W_y (n, o), y (b, T, o)", x, params["W_y"], y)
    y, counts = y.swapaxes(0, 1), full_mask(mask, x.shape[:2]).T[..., np.newaxis]
    h, layers = stack(params, x)
    logits = linear(h, params["W_y"], params["b_y"])
    dlogits = bit_cross_entropy_backward(1.0, logits, y, counts)
    dh, dW_y, db_y = linear_backward(dlogits, h, params["W_y"], params["b_y"])
    grads = {**stack_backward(dh, layers, params), "W_y": dW_y, "b_y": db_y}
    return bit_cross_entropy(logits, y, counts), grads


def answer(params: Params, x: Array) -> Array:
    """Run the network; a logit above 0 stands for a 1.

    l_t = h_t W_y + b_y

    Shapes: x (b, T, i) -> logits (b, T, o)
    Raises: ValueError if x is not of floats or its shape does not fit.
    Source: Graves et al. 2014, sec. 4.
    """
    h, _ = stack(params, x)
    return linear(h, params["W_y"], params["b_y"]).swapaxes(0, 1)


def stack(params: Params, x: Array) -> tuple[Array, list[Layer]]:
    """Run the layers, each over all steps of the one below.

    h^l = LSTM(h^{l−1}),  h^0 = x

    Shapes: x (b, T, i) -> h (T, b, n), trace
    Raises: ValueError if x is not of floats or its shape does not fit.
    Source: Graves et al. 2014, sec. 4.
    """
    check_shapes("W_0 (i, p), x (b, T, i)", params["W_0"], x)
    h, layers = np.ascontiguousarray(x.swapaxes(0, 1)), []
    for l, U in enumerate(params["U"]):
        below = h
        a = linear(below, params[f"W_{l}"], params["b"][l])
        h_0, c_0 = (np.tile(params[key][l], (len(x), 1)) for key in ("h_0", "c_0"))
        h, trace = lstm_sequence(a, h_0, c_0, U)
        layers.append(Layer(below, trace))
    return h, layers


def stack_backward(dh: Array, layers: list[Layer], params: Params) -> Grads:
    """Gradients of `stack`, from the top layer down.

    Shapes: dh (T, b, n) -> gradients of all but W_y and b_y
    Source: chain rule.
    """
    grads, parts = {}, []
    for l, layer in reversed(list(enumerate(layers))):
        da, dh_0, dc_0, dU = lstm_sequence_backward(dh, layer.lstm, params["U"][l])
        dh, grads[f"W_{l}"], db = linear_backward(da, layer.x, params[f"W_{l}"], params["b"][l])
        parts.append((dU, db, dh_0.sum(axis=0), dc_0.sum(axis=0)))
    stacked = (np.stack(part[::-1]) for part in zip(*parts, strict=True))
    return {**grads, **dict(zip(("U", "b", "h_0", "c_0"), stacked, strict=True))}
