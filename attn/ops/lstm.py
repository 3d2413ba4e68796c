"""The LSTM in its fast form: inputs come projected, and sums over time are single products."""

from typing import NamedTuple

import numpy as np

from attn.ops.arrays import as_rows
from attn.ops.checks import check_count
from attn.ops.layers import sigmoid, sigmoid_backward, tanh_backward
from attn.types import Array


class LSTMTrace(NamedTuple):
    """What a backward step needs; after lstm_sequence each array has a leading axis of time."""

    h_tm1: Array
    c_tm1: Array
    ifo: Array
    g: Array
    tanh_c: Array


def lstm_step(a_t: Array, h_tm1: Array, c_tm1: Array, U: Array) -> tuple[Array, Array, LSTMTrace]:
    """The fast form of lstm: the input comes already projected, for all steps in one product.

    a_t = x_t W + b

    Shapes: a_t (..., 4n), h_tm1 (..., n), c_tm1 (..., n), U (n, 4n)
        -> h_t (..., n), c_t (..., n), trace
    Source: as lstm.
    """
    n = h_tm1.shape[-1]
    a = a_t + h_tm1 @ U
    ifo, g = sigmoid(a[..., : 3 * n]), np.tanh(a[..., 3 * n :])
    i, f, o = _gates(ifo)
    c_t = f * c_tm1 + i * g
    tanh_c = np.tanh(c_t)
    return o * tanh_c, c_t, LSTMTrace(h_tm1, c_tm1, ifo, g, tanh_c)


def lstm_step_backward(
    dout: tuple[Array, Array], trace: LSTMTrace, U: Array
) -> tuple[Array, Array, Array]:
    """Gradient of lstm_step with respect to a_t, h_tm1 and c_tm1; U's is summed later.

    dc = dc_t + dh_t o (1 − tanh²(c_t)), the gates' as in lstm_backward, dh_{t−1} = da_t Uᵀ

    Shapes: dout ((..., n), (..., n)), U (n, 4n)
        -> da_t (..., 4n), dh_tm1 (..., n), dc_tm1 (..., n)
    Source: the derivative of lstm.
    """
    dh_t, dc_t = dout
    _, c_tm1, ifo, g, tanh_c = trace
    i, f, o = _gates(ifo)
    dc = dc_t + tanh_backward(dh_t * o, tanh_c)
    difo = np.concatenate([dc * g, dc * c_tm1, dh_t * tanh_c], axis=-1)
    da_t = np.concatenate([sigmoid_backward(difo, ifo), tanh_backward(dc * i, g)], axis=-1)
    return da_t, da_t @ U.mT, dc * f


def lstm_sequence(a: Array, h_0: Array, c_0: Array, U: Array) -> tuple[Array, LSTMTrace]:
    """Run an LSTM over a sequence, time first.

    h_t, c_t = lstm_step(a_t, h_{t−1}, c_{t−1}),  t = 1 … T

    Shapes: a (T, ..., 4n), h_0 (..., n), c_0 (..., n), U (n, 4n) -> h (T, ..., n), trace
    Raises: ValueError if there is no step.
    Source: as lstm.
    """
    check_count("len(a)", len(a), least=1)
    steps, h_t, c_t = [], h_0, c_0
    for a_t in a:
        h_t, c_t, trace = lstm_step(a_t, h_t, c_t, U)
        steps.append(trace)
    traces = LSTMTrace(*(np.stack(part) for part in zip(*steps, strict=True)))
    return np.concatenate([traces.h_tm1[1:], h_t[np.newaxis]]), traces


def lstm_sequence_backward(
    dh: Array, trace: LSTMTrace, U: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of lstm_sequence, by going back through time.

    dh_{t−1} = dh_{t−1}(from outside) + dh_{t−1}(through step t)

    Shapes: dh (T, ..., n), U (n, 4n)
        -> da (T, ..., 4n), dh_0 (..., n), dc_0 (..., n), dU (n, 4n)
    Source: the derivative of lstm_sequence.
    """
    da = np.empty((*dh.shape[:-1], 4 * dh.shape[-1]), dh.dtype)
    dh_t, dc_t = np.zeros_like(dh[0]), np.zeros_like(dh[0])
    for t in reversed(range(len(dh))):
        step = LSTMTrace(*(part[t] for part in trace))
        da[t], dh_t, dc_t = lstm_step_backward((dh_t + dh[t], dc_t), step, U)
    return da, dh_t, dc_t, lstm_weights(da, trace.h_tm1)


def lstm_weights(da: Array, h_tm1: Array) -> Array:
    """Gradient of an LSTM's U: the sum over time and batch, in one product.

    dU = Σ_t h_{t−1}ᵀ da_t

    Shapes: da (..., 4n), h_tm1 (..., n) -> dU (n, 4n)
    Source: the derivative of lstm_sequence.
    """
    return as_rows(h_tm1).T @ as_rows(da)


def _gates(ifo: Array) -> tuple[Array, Array, Array]:
    n = ifo.shape[-1] // 3
    return ifo[..., :n], ifo[..., n : 2 * n], ifo[..., 2 * n :]
