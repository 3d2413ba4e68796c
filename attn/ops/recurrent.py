"""Recurrent cells: a state that is carried from word to word."""

from typing import NamedTuple

import numpy as np

from attn.ops.checks import check_count, check_shapes
from attn.ops.layers import linear, linear_backward, sigmoid, sigmoid_backward, tanh_backward
from attn.ops.products import project_backward
from attn.types import Array, Params


class GRUTrace(NamedTuple):
    """What a backward step needs; after gru_sequence each array has a leading axis of time."""

    h_tm1: Array
    rz: Array
    h_new: Array


def gru(x_t: Array, h_tm1: Array, params: Params) -> Array:
    """Advance a gated recurrent unit by one step; z = 1 keeps the old state.

    [r, z] = σ(x_t W_rz + h_{t−1} U + b_rz)
    h̃ = tanh(x_t W_h + (r ⊙ h_{t−1}) U_h + b_h)
    h_t = z ⊙ h_{t−1} + (1 − z) ⊙ h̃

    `params` holds W = [W_r, W_z, W_h], b alike, U = [U_r, U_z] and U_h.

    Shapes: x_t (..., d), h_tm1 (..., n), W (d, 3n), b (3n), U (n, 2n), U_h (n, n) -> h_t (..., n)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: Cho et al. 2014, 1406.1078, eq. 5-8. In Bahdanau et al. 2015, A.1.1, z is our 1 − z.
    """
    spec = "x_t (..., d), h_tm1 (..., n), W (d, 3n), b (3n), U (n, 2n), U_h (n, n)"
    check_shapes(spec, x_t, h_tm1, *(params[key] for key in ("W", "b", "U", "U_h")))
    a_t = linear(x_t, params["W"], params["b"])
    return gru_step(a_t, h_tm1, params["U"], params["U_h"])[0]


def gru_backward(
    dh_t: Array, x_t: Array, h_tm1: Array, params: Params
) -> tuple[Array, Array, dict[str, Array]]:
    """Gradient of gru: of the input, of the state before and of the parameters.

    ∂L/∂h_{t−1} gathers three paths: kept by z, let in by r, and through the gates.

    Shapes: dh_t (..., n), x_t (..., d), h_tm1 (..., n)
        -> dx_t (..., d), dh_tm1 (..., n), a dict like params
    Source: the derivative of gru.
    """
    a_t = linear(x_t, params["W"], params["b"])
    _, trace = gru_step(a_t, h_tm1, params["U"], params["U_h"])
    da_t, dh_tm1 = gru_step_backward(dh_t, trace, params["U"], params["U_h"])
    dU, dU_h = gru_weights(da_t, trace, params["U"])
    dx_t, dW, db = linear_backward(da_t, x_t, params["W"], params["b"])
    return dx_t, dh_tm1, {"W": dW, "b": db, "U": dU, "U_h": dU_h}


def gru_step(a_t: Array, h_tm1: Array, U: Array, U_h: Array) -> tuple[Array, GRUTrace]:
    """The fast form of gru: the input comes already projected, for all steps in one product.

    a_t = x_t W + b

    a_t = ∞ in the columns of z keeps the state as it is: this is how padding is stepped over.

    Shapes: a_t (..., 3n), h_tm1 (..., n), U (n, 2n), U_h (n, n) -> h_t (..., n), trace
    Source: as gru.
    """
    n = h_tm1.shape[-1]
    rz = sigmoid(a_t[..., : 2 * n] + h_tm1 @ U)
    h_new = np.tanh(a_t[..., 2 * n :] + (rz[..., :n] * h_tm1) @ U_h)
    z = rz[..., n:]
    return z * h_tm1 + (1 - z) * h_new, GRUTrace(h_tm1, rz, h_new)


def gru_step_backward(dh_t: Array, trace: GRUTrace, U: Array, U_h: Array) -> tuple[Array, Array]:
    """Gradient of gru_step with respect to a_t and h_tm1; the weights' are summed later.

    dh̃ = dh_t (1 − z),  dz = dh_t (h_{t−1} − h̃),  d(r h_{t−1}) = da_h U_hᵀ

    Shapes: dh_t (..., n), U (n, 2n), U_h (n, n) -> da_t (..., 3n), dh_tm1 (..., n)
    Source: the derivative of gru.
    """
    h_tm1, rz, h_new = trace
    n = h_tm1.shape[-1]
    r, z = rz[..., :n], rz[..., n:]
    da_t = np.empty((*dh_t.shape[:-1], 3 * n), dh_t.dtype)
    da_t[..., 2 * n :] = tanh_backward(dh_t * (1 - z), h_new)
    dreset = da_t[..., 2 * n :] @ U_h.mT
    da_t[..., :n] = sigmoid_backward(dreset * h_tm1, r)
    da_t[..., n : 2 * n] = sigmoid_backward(dh_t * (h_tm1 - h_new), z)
    return da_t, dh_t * z + dreset * r + da_t[..., : 2 * n] @ U.mT


def gru_sequence(a: Array, h_0: Array, U: Array, U_h: Array) -> tuple[Array, GRUTrace]:
    """Run a GRU over a sequence, time first; a leading axis of U runs k GRUs side by side.

    h_t = gru_step(a_t, h_{t−1}),  t = 1 … T

    Shapes: a (T, k, b, 3n), h_0 (k, b, n), U (k, n, 2n), U_h (k, n, n)
        -> h (T, k, b, n), trace
    Raises: ValueError if there is no step.
    Source: as gru.
    """
    check_count("len(a)", len(a), least=1)
    steps, h_t = [], h_0
    for a_t in a:
        h_t, trace = gru_step(a_t, h_t, U, U_h)
        steps.append(trace)
    traces = GRUTrace(*(np.stack(part) for part in zip(*steps, strict=True)))
    return np.concatenate([traces.h_tm1[1:], h_t[np.newaxis]]), traces


def gru_sequence_backward(
    dh: Array, trace: GRUTrace, U: Array, U_h: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of gru_sequence, by going back through time.

    dh_{t−1} = dh_{t−1}(from outside) + dh_{t−1}(through step t)

    Shapes: dh (T, k, b, n), U (k, n, 2n), U_h (k, n, n)
        -> da (T, k, b, 3n), dh_0 (k, b, n), dU (k, n, 2n), dU_h (k, n, n)
    Source: the derivative of gru_sequence.
    """
    da = np.empty((*dh.shape[:-1], 3 * dh.shape[-1]), dh.dtype)
    dh_t = np.zeros_like(dh[0])
    for t in reversed(range(len(dh))):
        step = GRUTrace(trace.h_tm1[t], trace.rz[t], trace.h_new[t])
        da[t], dh_t = gru_step_backward(dh_t + dh[t], step, U, U_h)
    return da, dh_t, *gru_weights(da, trace, U)


def gru_weights(da: Array, trace: GRUTrace, U: Array) -> tuple[Array, Array]:
    """Gradients of a GRU's U and U_h: the sums over time and batch, in one product each.

    dU = Σ_t h_{t−1}ᵀ da_rz,  dU_h = Σ_t (r ⊙ h_{t−1})ᵀ da_h

    Shapes: da (T, k, b, 3n), h_tm1 (T, k, b, n), rz (T, k, b, 2n), h_new (T, k, b, n),
        U (k, n, 2n) -> dU (k, n, 2n), dU_h (k, n, n)
    Source: the derivative of gru_sequence.
    """
    n, lead = U.shape[-2], U.ndim - 2
    h_tm1, reset = _rows(trace.h_tm1, lead), _rows(trace.rz[..., :n] * trace.h_tm1, lead)
    da = _rows(da, lead)
    return h_tm1.mT @ da[..., : 2 * n], reset.mT @ da[..., 2 * n :]


def _rows(x: Array, lead: int) -> Array:
    # (T, k, b, n) -> (k, T*b, n): time and batch as one axis, behind the GRUs side by side.
    x = np.moveaxis(x, 0, lead)
    return x.reshape(*x.shape[:lead], -1, x.shape[-1])


def lstm(x_t: Array, h_tm1: Array, c_tm1: Array, params: Params) -> tuple[Array, Array]:
    """Advance a long short-term memory by one step; returns the output and the cell.

    [i, f, o] = σ(x_t W_ifo + h_{t−1} U_ifo + b_ifo),  g = tanh(x_t W_g + h_{t−1} U_g + b_g)
    c_t = f ⊙ c_{t−1} + i ⊙ g,  h_t = o ⊙ tanh(c_t)

    Shapes: x_t (..., d), h_tm1 (..., n), c_tm1 (..., n), W (d, 4n), b (4n), U (n, 4n)
        -> h_t (..., n), c_t (..., n)
    Raises: ValueError if an array is not of floats or its shape does not fit.
    Source: Gers, Schmidhuber, Cummins 2000 (with the forget gate; no peepholes).
    """
    spec = "x_t (..., d), h_tm1 (..., n), c_tm1 (..., n), W (d, 4n), b (4n), U (n, 4n)"
    check_shapes(spec, x_t, h_tm1, c_tm1, *(params[key] for key in ("W", "b", "U")))
    i, f, o, g = _lstm_gates(x_t, h_tm1, params)
    c_t = f * c_tm1 + i * g
    return o * np.tanh(c_t), c_t


def lstm_backward(
    dout: tuple[Array, Array], x_t: Array, h_tm1: Array, c_tm1: Array, params: Params
) -> tuple[Array, Array, Array, dict[str, Array]]:
    """Gradient of lstm, from those of its two outputs.

    dc = dc_t + dh_t o (1 − tanh²(c_t));  di = dc g,  df = dc c_{t−1},  do = dh_t tanh(c_t),
    dg = dc i,  dc_{t−1} = dc f

    Shapes: dout ((..., n), (..., n)), x_t (..., d), h_tm1 (..., n), c_tm1 (..., n)
        -> dx_t (..., d), dh_tm1 (..., n), dc_tm1 (..., n), a dict like params
    Source: the derivative of lstm.
    """
    dh_t, dc_t = dout
    i, f, o, g = _lstm_gates(x_t, h_tm1, params)
    tanh_c = np.tanh(f * c_tm1 + i * g)
    dc = dc_t + tanh_backward(dh_t * o, tanh_c)
    di, df, do = (
        sigmoid_backward(d, s) for d, s in ((dc * g, i), (dc * c_tm1, f), (dh_t * tanh_c, o))
    )
    da = np.concatenate([di, df, do, tanh_backward(dc * i, g)], axis=-1)
    dx_t, dW, db = linear_backward(da, x_t, params["W"], params["b"])
    dh_tm1, dU = project_backward(da, h_tm1, params["U"])
    return dx_t, dh_tm1, dc * f, {"W": dW, "b": db, "U": dU}


def _lstm_gates(x_t: Array, h_tm1: Array, params: Params) -> tuple[Array, Array, Array, Array]:
    a = linear(x_t, params["W"], params["b"]) + h_tm1 @ params["U"]
    n = h_tm1.shape[-1]
    ifo = sigmoid(a[..., : 3 * n])
    return ifo[..., :n], ifo[..., n : 2 * n], ifo[..., 2 * n :], np.tanh(a[..., 3 * n :])
