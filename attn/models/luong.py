"""Luong's translator: the decoder moves first, then looks back, and remembers where it looked.

The encoder is that of seq2seq. Here n is the size of its states in each direction, and the
decoder's have 2n, so that both fit the dot product; m is the width of an embedding, u and v the
sizes of the vocabularies, b the batch, T_x and T_y the lengths. How the decoder looks back is an
argument. Inside, time is the first axis.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from attn.mechanisms.local import local_attention, local_attention_backward
from attn.mechanisms.luong import (
    concat_attention,
    concat_attention_backward,
    dot_attention,
    dot_attention_backward,
    general_attention,
    general_attention_backward,
    location_attention,
    location_attention_backward,
)
from attn.models.seq2seq import (
    Batch,
    before,
    decoder_grads,
    encode,
    encode_backward,
    read_out,
    summary,
    summary_backward,
    write,
)
from attn.ops.arrays import as_rows, draw
from attn.ops.checks import check_indices, full_mask
from attn.ops.layers import (
    embedding,
    linear,
    tanh_backward,
)
from attn.ops.recurrent import GRUTrace, gru_step, gru_step_backward
from attn.types import Array, Grads, Indices, Mask, Params

Shapes: TypeAlias = dict[str, tuple[int, ...]]


class Look(NamedTuple):
    """A way to look back: an attention, its gradient, and the shapes of its parameters in order.

    `attend(q, k, v, *parameters, mask=mask)` gives context and weights, and
    `backward(dc, q, k, v, *parameters, alpha=alpha, mask=mask)` the gradients of all arrays.
    """

    attend: Callable[..., tuple[Array, Array]]
    backward: Callable[..., tuple[Array, ...]]
    shapes: Shapes


class Decoding(NamedTuple):
    """What the way back through the decoder needs; `out` are the states s̃ after the look."""

    h: Array
    x_mask: Mask
    y_prev: Indices
    Ey: Array
    s: Array
    c: Array
    alpha: Array
    out: Array
    gru: GRUTrace


def looks(hidden: int = 48, align: int = 32, longest: int = 60, D: int = 10) -> dict[str, Look]:
    """Name Luong's ways to look back: four global ones, and local-p with the general score.

    `longest` is the longest source for which location has places, D half a window of local-p.

    Source: Luong et al. 2015, sec. 3.1 and 3.2.
    """
    n = 2 * hidden
    general: Shapes = {"W_a": (n, n)}
    concat: Shapes = {"W_a": (2 * n, align), "v_a": (align,)}
    location: Shapes = {"W_a": (n, longest)}
    place: Shapes = {"W_p": (n, align), "v_p": (align,)}
    return {
        "dot": _everywhere(dot_attention, dot_attention_backward, {}),
        "general": _everywhere(general_attention, general_attention_backward, general),
        "concat": _everywhere(concat_attention, concat_attention_backward, concat),
        "location": _everywhere(location_attention, location_attention_backward, location),
        "local": Look(
            partial(local_attention, D=D), partial(local_attention_backward, D=D), general | place
        ),
    }


def init(
    rng: np.random.Generator,
    source_words: int,
    target_words: int,
    look: Look,
    embed: int = 32,
    hidden: int = 48,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters; a look's vectors are 0: concat starts uniform, local-p in the middle.

    W ~ N(0, 1 / rows)

    Source: Bahdanau et al. 2015, B.1; Luong et al. 2015, sec. 4.1, draw all evenly from ±0.1.
    """
    n, m, d = hidden, embed, 2 * hidden
    shapes: Shapes = {
        "E_x": (source_words, m),
        "W_x": (2, m, 3 * n),
        "U_x": (2, n, 2 * n),
        "U_xh": (2, n, n),
        "E_y": (target_words, m),
        "W_y": (m, 3 * d),
        "F_y": (d, 3 * d),
        "U_y": (d, 2 * d),
        "U_yh": (d, d),
        "W_c": (2 * d, d),
        "W_o": (d, target_words),
    }
    biases = {"b_x": (2, 3 * n), "b_y": (3 * d,), "b_o": (target_words,)}
    vectors = {key: shape for key, shape in look.shapes.items() if len(shape) == 1}
    matrices = {key: shape for key, shape in look.shapes.items() if len(shape) == 2}
    drawn = {key: draw(rng, shape, dtype) for key, shape in (shapes | matrices).items()}
    return {**drawn, **{key: np.zeros(s, dtype) for key, s in (biases | vectors).items()}}


def loss_and_grads(params: Params, batch: Batch, look: Look) -> tuple[float, Grads]:
    """Surprise at the right words, in nats a word, and its gradients.

    L = −1/N Σ_i log p(y_i | y_1 … y_{i−1}, x)

    Raises: ValueError if words are not indices of the vocabulary, the source has none, or a mask
        does not fit.
    Source: Luong et al. 2015, eq. 4.
    """
    x, x_mask, y, y_mask = batch
    check_indices("y", y, y.shape, len(params["E_y"]))
    h, encoding = encode(params, x, x_mask)
    out, decoding = decode(params, look, h, x_mask, before(y))
    loss, dout, grads_out = read_out(params, out, y, y_mask)
    dh, grads_decoder = decode_backward(dout, decoding, params, look)
    return loss, {**encode_backward(dh, encoding, params), **grads_decoder, **grads_out}


def decode(
    params: Params, look: Look, h: Array, x_mask: Mask, y_prev: Indices
) -> tuple[Array, Decoding]:
    """Run the decoder along the right words, from where the encoder ends.

    s_0 = [→h_{T_x}; ←h_1],  s̃_0 = 0

    Shapes: h (b, T_x, 2n), x_mask (b, T_x), y_prev (b, T_y) -> out (T_y, b, 2n), trace
    Source: Luong et al. 2015, sec. 3; their cells are LSTMs in four layers, ours one GRU.
    """
    Ey, x_mask = embedding(y_prev.T, params["E_y"]), full_mask(x_mask, h.shape[:2], "x_mask")
    s = summary(h)
    out, steps = np.zeros_like(s), []
    for a_y in linear(Ey, params["W_y"], params["b_y"]):
        s, c, alpha, out, gru = step(params, look, a_y, s, out, h, x_mask)
        steps.append((s, c, alpha, out, *gru))
    states, contexts, maps, outs, *gru_parts = map(np.stack, zip(*steps, strict=True))
    trace = (h, x_mask, y_prev, Ey, states, contexts, maps, outs, GRUTrace(*gru_parts))
    return outs, Decoding(*trace)


def decode_backward(
    dout: Array, trace: Decoding, params: Params, look: Look
) -> tuple[Array, Grads]:
    """Gradients of `decode`: back through time, then the sums over time in single products.

    ds̃_i = ds̃_i (from the word) + F_yᵀ da_{i+1} (from the step that was fed)

    Shapes: dout (T_y, b, 2n) -> dh (b, T_x, 2n), gradients of the decoder
    Source: chain rule.
    """
    ds_0, da, dmix, dh, dlook = _back_through_time(dout, trace, params, look)
    both = np.concatenate([trace.c, trace.s], axis=-1)
    fed = np.concatenate([np.zeros_like(trace.out[:1]), trace.out[:-1]])
    grads = {
        **decoder_grads(da, trace.y_prev, trace.Ey, trace.gru, params),
        "F_y": as_rows(fed).T @ as_rows(da),
        "W_c": as_rows(both).T @ as_rows(dmix),
        **dict(zip(look.shapes, dlook, strict=True)),
    }
    return dh + summary_backward(ds_0, trace.h), grads


def step(
    params: Params, look: Look, a_y: Array, s_prev: Array, out_prev: Array, h: Array, x_mask: Mask
) -> tuple[Array, Array, Array, Array, GRUTrace]:
    """Move first, then look back from the state that is now current, and keep what was seen.

    s_i = GRU([E y_{i−1}; s̃_{i−1}], s_{i−1}),  c_i, α_i = look(s_i, h),  s̃_i = tanh(W_c [c_i; s_i])

    Their h_t is our s_i, their h̃_t our s̃_i; that s̃_{i−1} comes in is their input feeding.

    Shapes: a_y (b, 6n), s_prev (b, 2n), out_prev (b, 2n), h (b, T_x, 2n), x_mask (b, T_x)
        -> s_i (b, 2n), c_i (b, 2n), alpha_i (b, T_x), out_i (b, 2n), trace
    Source: Luong et al. 2015, eq. 5 and sec. 3.3.
    """
    a = a_y + out_prev @ params["F_y"]
    s, gru = gru_step(a, s_prev, params["U_y"], params["U_yh"])
    c, alpha = attend(params, look, s, h, x_mask)
    out = np.tanh(np.concatenate([c, s], axis=-1) @ params["W_c"])
    return s, c, alpha, out, gru


def attend(params: Params, look: Look, s: Array, h: Array, x_mask: Mask) -> tuple[Array, Array]:
    """Look back from the current state, at keys that are values too. The mask has its full shape:
    whoever calls has checked it.

    c_i, α_i = look(s_i, h)

    Shapes: s (b, 2n), h (b, T_x, 2n), x_mask (b, T_x) -> c_i (b, 2n), alpha_i (b, T_x)
    Source: Luong et al. 2015, sec. 3.
    """
    W = [params[key] for key in look.shapes]
    c, alpha = look.attend(s[:, np.newaxis], h, h, *W, mask=x_mask[:, np.newaxis])
    return c[:, 0], alpha[:, 0]


def attend_backward(
    dc: Array, params: Params, look: Look, s: Array, h: Array, x_mask: Mask, alpha: Array
) -> tuple[Array, Array, list[Array]]:
    """Gradients of `attend`: those of h as key and as value together.

    dh_j = dk_j + dv_j

    Shapes: dc (b, 2n), s (b, 2n), h (b, T_x, 2n), x_mask (b, T_x), alpha (b, T_x)
        -> ds (b, 2n), dh (b, T_x, 2n), gradients of the look's parameters
    Source: chain rule.
    """
    W = [params[key] for key in look.shapes]
    more = {"alpha": alpha[:, np.newaxis], "mask": x_mask[:, np.newaxis]}
    dq, dk, dv, *dW = look.backward(dc[:, np.newaxis], s[:, np.newaxis], h, h, *W, **more)
    return dq[:, 0], dk + dv, dW


def alignments(params: Params, batch: Batch, look: Look) -> Array:
    """Give the attention maps with the right words before each: row i looks for word y_i.

    Shapes: batch of x (b, T_x), y (b, T_y) -> alpha (b, T_y, T_x)
    Source: Luong et al. 2015, Fig. 7.
    """
    x, x_mask, y, _ = batch
    h, _ = encode(params, x, x_mask)
    return decode(params, look, h, x_mask, before(y))[1].alpha.swapaxes(0, 1)


def translate(params: Params, x: Indices, x_mask: Mask, longest: int, look: Look) -> Indices:
    """Write the likeliest word at each step; after word 0 all words are 0.

    y_i = argmax_y p(y | y_1 … y_{i−1}, x)

    Shapes: x (b, T_x), x_mask (b, T_x) -> y (b, longest)
    Raises: ValueError if words are not indices of the vocabulary, the source has none, the mask
        does not fit, or `longest` is no whole number of at least 1.
    Source: greedy search; Luong et al. 2015 use a beam.
    """
    h, _ = encode(params, x, x_mask)
    s_0, mask = summary(h), full_mask(x_mask, x.shape, "x_mask")

    def on(y: Indices, state: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        a_y = linear(embedding(y, params["E_y"]), params["W_y"], params["b_y"])
        s, _, _, out, _ = step(params, look, a_y, *state, h, mask)
        return linear(out, params["W_o"], params["b_o"]), (s, out)

    return write(on, (s_0, np.zeros_like(s_0)), len(x), longest)


def _back_through_time(
    dout: Array, trace: Decoding, params: Params, look: Look
) -> tuple[Array, Array, Array, Array, list[Array]]:
    dh, dfed, ds = np.zeros_like(trace.h), np.zeros_like(dout[0]), np.zeros_like(dout[0])
    dlook = [np.zeros_like(params[key]) for key in look.shapes]
    steps = []
    for t in reversed(range(len(dout))):
        dmix = tanh_backward(dout[t] + dfed, trace.out[t])
        dc, ds_mix = np.split(dmix @ params["W_c"].T, 2, axis=-1)
        seen = trace.s[t], trace.h, trace.x_mask, trace.alpha[t]
        ds_look, dh_t, dW = attend_backward(dc, params, look, *seen)
        gru = GRUTrace(*(part[t] for part in trace.gru))
        da, ds = gru_step_backward(ds + ds_mix + ds_look, gru, params["U_y"], params["U_yh"])
        dfed = da @ params["F_y"].T
        dh += dh_t
        dlook = [total + part for total, part in zip(dlook, dW, strict=True)]
        steps.append((da, dmix))
    da, dmix = (np.stack(part[::-1]) for part in zip(*steps, strict=True))
    return ds, da, dmix, dh, dlook


def _everywhere(
    attend: Callable[..., tuple[Array, Array]],
    backward: Callable[..., tuple[Array, ...]],
    shapes: Shapes,
) -> Look:
    # What was masked weighs 0: the way back through a global attention needs no mask.
    return Look(attend, lambda *arrays, mask, **alpha: backward(*arrays, **alpha), shapes)
