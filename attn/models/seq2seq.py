"""Translation by two recurrent networks: with attention, and through one vector of fixed size.

Here n is the hidden size, m the width of an embedding, a the width of the alignment model, u and v
the sizes of the vocabularies, b the batch, T_x and T_y the lengths. A batch is (x, x_mask, y,
y_mask), with rows padded at their end. Word 0 of the target language closes a sentence, and is
what precedes its first word. Inside, time is the first axis.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from attn.ops.arrays import as_rows, draw
from attn.ops.checks import check_count, check_indices, full_mask
from attn.ops.layers import (
    embedding,
    embedding_backward,
    linear,
    linear_backward,
    tanh_backward,
)
from attn.ops.recurrent import (
    GRUTrace,
    gru_sequence,
    gru_sequence_backward,
    gru_step,
    gru_step_backward,
    gru_weights,
)
from attn.ops.softmax import cross_entropy, cross_entropy_backward, softmax, softmax_backward
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Mask, Indices, Mask]


class Encoding(NamedTuple):
    """What the way back through the encoder needs."""

    x: Indices
    inputs: Array
    gru: GRUTrace


class DecodingFixed(NamedTuple):
    """What the way back needs if the context is one vector."""

    y_prev: Indices
    Ey: Array
    c: Array
    gru: GRUTrace


class Decoding(NamedTuple):
    """What the way back through the decoder needs; `tanh`, the largest part, is not copied."""

    h: Array
    y_prev: Indices
    Ey: Array
    c: Array
    alpha: Array
    tanh: tuple[Array, ...]
    gru: GRUTrace


def init(
    rng: np.random.Generator,
    source_words: int,
    target_words: int,
    embed: int = 32,
    hidden: int = 64,
    align: int = 32,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of the translator with attention; v_a = 0 makes the first map uniform.

    W ~ N(0, 1 / rows)

    Source: Bahdanau et al. 2015, B.1 (v_a and the biases at zero; their deviations are smaller).
    """
    attend_to = {"W_a": (hidden, align), "U_a": (2 * hidden, align)}
    drawn = {key: draw(rng, shape, dtype) for key, shape in attend_to.items()}
    fixed = init_fixed(rng, source_words, target_words, embed, hidden, dtype)
    return {**fixed, **drawn, "v_a": np.zeros(align, dtype)}


def init_fixed(
    rng: np.random.Generator,
    source_words: int,
    target_words: int,
    embed: int = 32,
    hidden: int = 64,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of the translator without attention.

    W ~ N(0, 1 / rows)

    Source: Bahdanau et al. 2015, B.1.
    """
    n, m = hidden, embed
    shapes: dict[str, tuple[int, ...]] = {
        "E_x": (source_words, m),
        "W_x": (2, m, 3 * n),
        "U_x": (2, n, 2 * n),
        "U_xh": (2, n, n),
        "W_s": (n, n),
        "E_y": (target_words, m),
        "W_y": (m, 3 * n),
        "C_y": (2 * n, 3 * n),
        "U_y": (n, 2 * n),
        "U_yh": (n, n),
        "W_o": (3 * n + m, target_words),
    }
    biases = {"b_x": (2, 3 * n), "b_s": (n,), "b_y": (3 * n,), "b_o": (target_words,)}
    drawn = {key: draw(rng, shape, dtype) for key, shape in shapes.items()}
    return {**drawn, **{key: np.zeros(shape, dtype) for key, shape in biases.items()}}


def loss_and_grads(params: Params, batch: Batch) -> tuple[float, Grads]:
    """Surprise at the right words, in nats a word, and its gradients: the model with attention.

    L = −1/N Σ_i log p(y_i | y_1 … y_{i−1}, x)

    Raises: ValueError if words are not indices of the vocabulary, the source has none, or a mask
        does not fit.
    Source: Bahdanau et al. 2015, sec. 3.1.
    """
    x, x_mask, y, y_mask = batch
    check_indices("y", y, y.shape, len(params["E_y"]))
    h, encoding = encode(params, x, x_mask)
    s_0 = first_state(params, h)
    out, decoding = decode(params, s_0, h, x_mask, before(y))
    loss, dout, grads_out = read_out(params, out, y, y_mask)
    ds_0, dh, grads_decoder = decode_backward(dout, decoding, params)
    dh_first, grads_first = first_state_backward(ds_0, s_0, h, params)
    grads_encoder = encode_backward(dh + dh_first, encoding, params)
    return loss, {**grads_encoder, **grads_first, **grads_decoder, **grads_out}


def loss_and_grads_fixed(params: Params, batch: Batch) -> tuple[float, Grads]:
    """The same without attention: every word is written from the one vector c.

    c_i = c

    Raises: ValueError if words are not indices of the vocabulary, the source has none, or a mask
        does not fit.
    Source: Bahdanau et al. 2015, A.2.2.
    """
    x, x_mask, y, y_mask = batch
    check_indices("y", y, y.shape, len(params["E_y"]))
    h, encoding = encode(params, x, x_mask)
    s_0, c = first_state(params, h), summary(h)
    out, decoding = decode_fixed(params, s_0, c, before(y))
    loss, dout, grads_out = read_out(params, out, y, y_mask)
    ds_0, dc, grads_decoder = decode_fixed_backward(dout, decoding, params)
    dh_first, grads_first = first_state_backward(ds_0, s_0, h, params)
    grads_encoder = encode_backward(summary_backward(dc, h) + dh_first, encoding, params)
    return loss, {**grads_encoder, **grads_first, **grads_decoder, **grads_out}


def encode(params: Params, x: Indices, x_mask: Mask) -> tuple[Array, Encoding]:
    """Read the sentence in both directions; the two GRUs run side by side.

    h_j = [→h_j; ←h_j]

    Shapes: x (b, T_x), x_mask (b, T_x) -> h (b, T_x, 2n), trace
    Raises: ValueError if words are not indices of the vocabulary, there are none, or the mask does
        not fit.
    Source: Bahdanau et al. 2015, sec. 3.2 and A.2.1.
    """
    check_indices("x", x, x.shape, len(params["E_x"]))
    check_count("x.shape[1]", x.shape[1], least=1)
    padding = ~full_mask(x_mask, x.shape, "x_mask").T
    inputs = _both_ways(embedding(x.T, params["E_x"]))
    a = inputs @ params["W_x"] + params["b_x"][:, np.newaxis]
    n = params["U_xh"].shape[-1]
    a[..., n : 2 * n][np.stack([padding, padding[::-1]], axis=1)] = np.inf  # keep the state
    h, gru = gru_sequence(a, np.zeros_like(a[0, ..., :n]), params["U_x"], params["U_xh"])
    both = np.concatenate([h[:, 0], h[::-1, 1]], axis=-1)
    return np.ascontiguousarray(both.swapaxes(0, 1)), Encoding(x, inputs, gru)


def encode_backward(dh: Array, trace: Encoding, params: Params) -> Grads:
    """Gradients of `encode`.

    Shapes: dh (b, T_x, 2n) -> gradients of E_x, W_x, b_x, U_x, U_xh
    Source: chain rule.
    """
    forward, backward = np.split(dh.swapaxes(0, 1), 2, axis=-1)
    dboth = np.stack([forward, backward[::-1]], axis=1)
    da, _, dU, dU_h = gru_sequence_backward(dboth, trace.gru, params["U_x"], params["U_xh"])
    parts = [
        linear_backward(da[:, k], trace.inputs[:, k], params["W_x"][k], params["b_x"][k])
        for k in range(2)
    ]
    (dx, dW, db), (dx_reversed, dW_reversed, db_reversed) = parts
    return {
        "E_x": embedding_backward(dx + dx_reversed[::-1], trace.x.T, params["E_x"]),
        "W_x": np.stack([dW, dW_reversed]),
        "b_x": np.stack([db, db_reversed]),
        "U_x": dU,
        "U_xh": dU_h,
    }


def first_state(params: Params, h: Array) -> Array:
    """Start the decoder from where the backward encoder ends: at the first word.

    s_0 = tanh(W_s ←h_1)

    Shapes: h (b, T_x, 2n) -> s_0 (b, n)
    Source: Bahdanau et al. 2015, A.2.2 (we add a bias).
    """
    n = len(params["W_s"])
    return np.tanh(linear(h[:, 0, n:], params["W_s"], params["b_s"]))


def first_state_backward(ds_0: Array, s_0: Array, h: Array, params: Params) -> tuple[Array, Grads]:
    """Gradients of `first_state`.

    Shapes: ds_0 (b, n), s_0 (b, n), h (b, T_x, 2n) -> dh (b, T_x, 2n), gradients of W_s, b_s
    Source: chain rule.
    """
    n = len(params["W_s"])
    dh = np.zeros_like(h)
    da = tanh_backward(ds_0, s_0)
    dh[:, 0, n:], dW, db = linear_backward(da, h[:, 0, n:], params["W_s"], params["b_s"])
    return dh, {"W_s": dW, "b_s": db}


def summary(h: Array) -> Array:
    """Press the sentence into one vector: the last states of both encoders.

    c = [→h_{T_x}; ←h_1]

    Padding keeps the state, so that the last column holds →h_{T_x} in every row.

    Shapes: h (b, T_x, 2n) -> c (b, 2n)
    Source: Bahdanau et al. 2015, A.2.2, fix c_i to →h_{T_x} alone; ours is twice as wide.
    """
    n = h.shape[-1] // 2
    return np.concatenate([h[:, -1, :n], h[:, 0, n:]], axis=-1)


def summary_backward(dc: Array, h: Array) -> Array:
    """Gradient of `summary`.

    Shapes: dc (b, 2n), h (b, T_x, 2n) -> dh (b, T_x, 2n)
    Source: chain rule.
    """
    n = h.shape[-1] // 2
    dh = np.zeros_like(h)
    dh[:, -1, :n], dh[:, 0, n:] = dc[:, :n], dc[:, n:]
    return dh


def before(y: Indices) -> Indices:
    """Shift the target by one: what the decoder has written before each word.

    y_{i−1},  y_0 = 0

    Shapes: y (b, T_y) -> y_prev (b, T_y)
    Source: Bahdanau et al. 2015, sec. 3.1.
    """
    return np.pad(y, ((0, 0), (1, 0)))[:, :-1]


def attend(
    params: Params, h: Array, Uh: Array, x_mask: Mask, s_prev: Array
) -> tuple[Array, Array, Array]:
    """Look back at the sentence from the state before the word; U_a h_j comes precomputed.

    e_ij = v_aᵀ tanh(W_a s_{i−1} + U_a h_j),  α_i = softmax(e_i),  c_i = Σ_j α_ij h_j

    Shapes: h (b, T_x, 2n), Uh (b, T_x, a), x_mask (b, T_x), s_prev (b, n)
        -> c_i (b, 2n), alpha_i (b, T_x), tanh (b, T_x, a)
    Source: Bahdanau et al. 2015, sec. 3.1 and A.1.2.
    """
    tanh = np.tanh((s_prev @ params["W_a"])[:, np.newaxis] + Uh)
    alpha = softmax(tanh @ params["v_a"], x_mask)
    return (alpha[:, np.newaxis] @ h)[:, 0], alpha, tanh


def attend_backward(
    dc_i: Array, h: Array, alpha: Array, tanh: Array, params: Params
) -> tuple[Array, Array]:
    """Gradients of `attend` that the loop needs at once; those of h and v_a are summed later.

    dα_ij = dc_iᵀ h_j,  d(W_a s_{i−1} + U_a h_j) = de_ij v_a (1 − tanh²)

    Shapes: dc_i (b, 2n), h (b, T_x, 2n), alpha (b, T_x), tanh (b, T_x, a)
        -> de_i (b, T_x), dsum (b, T_x, a)
    Source: chain rule.
    """
    de = softmax_backward((h @ dc_i[..., np.newaxis])[..., 0], alpha)
    return de, tanh_backward(de[..., np.newaxis] * params["v_a"], tanh)


def decode(
    params: Params, s_0: Array, h: Array, x_mask: Mask, y_prev: Indices
) -> tuple[Array, Decoding]:
    """Run the decoder along the right words, looking back before each.

    s_i = GRU(E y_{i−1}, c_i, s_{i−1}),  out_i = [s_i; c_i; E y_{i−1}]

    Shapes: s_0 (b, n), h (b, T_x, 2n), x_mask (b, T_x), y_prev (b, T_y)
        -> out (T_y, b, 3n + m), trace
    Source: Bahdanau et al. 2015, sec. 3.1 and A.2.2.
    """
    Ey = embedding(y_prev.T, params["E_y"])
    Uh = h @ params["U_a"]
    s, steps = s_0, []
    for a_y in linear(Ey, params["W_y"], params["b_y"]):
        c, alpha, tanh = attend(params, h, Uh, x_mask, s)
        s, gru = gru_step(a_y + c @ params["C_y"], s, params["U_y"], params["U_yh"])
        steps.append((tanh, s, c, alpha, *gru))
    tanhs, *parts = zip(*steps, strict=True)
    states, c, alpha, *gru_parts = map(np.stack, parts)
    trace = Decoding(h, y_prev, Ey, c, alpha, tanhs, GRUTrace(*gru_parts))
    return np.concatenate([states, c, Ey], axis=-1), trace


def decode_backward(dout: Array, trace: Decoding, params: Params) -> tuple[Array, Array, Grads]:
    """Gradients of `decode`: back through time, then the sums over time in single products.

    dh_j = Σ_i α_ij dc_i + U_aᵀ Σ_i dsum_ij

    Shapes: dout (T_y, b, 3n + m) -> ds_0 (b, n), dh (b, T_x, 2n), gradients of the decoder
    Source: chain rule.
    """
    ds_0, da, dc, dWs, dUh, dv = _back_through_time(dout, trace, params)
    dh = trace.alpha.transpose(1, 2, 0) @ dc.swapaxes(0, 1) + dUh @ params["U_a"].T
    dEy = dout[..., 3 * ds_0.shape[-1] :]
    grads = decoder_grads(da, trace.y_prev, trace.Ey, trace.gru, params, dEy)
    alignment = {
        "W_a": as_rows(trace.gru.h_tm1).T @ as_rows(dWs),
        "U_a": as_rows(trace.h).T @ as_rows(dUh),
        "v_a": dv,
    }
    return ds_0, dh, {**grads, "C_y": as_rows(trace.c).T @ as_rows(da), **alignment}


def decode_fixed(
    params: Params, s_0: Array, c: Array, y_prev: Indices
) -> tuple[Array, DecodingFixed]:
    """Run the decoder along the right words, from one vector: a GRU over a known sequence.

    s_i = GRU(E y_{i−1}, c, s_{i−1}),  out_i = [s_i; c; E y_{i−1}]

    Shapes: s_0 (b, n), c (b, 2n), y_prev (b, T_y) -> out (T_y, b, 3n + m), trace
    Source: Bahdanau et al. 2015, A.2.2.
    """
    Ey = embedding(y_prev.T, params["E_y"])
    a = linear(Ey, params["W_y"], params["b_y"]) + c @ params["C_y"]
    s, gru = gru_sequence(a, s_0, params["U_y"], params["U_yh"])
    c_all = np.broadcast_to(c, (len(s), *c.shape))
    return np.concatenate([s, c_all, Ey], axis=-1), DecodingFixed(y_prev, Ey, c, gru)


def decode_fixed_backward(
    dout: Array, trace: DecodingFixed, params: Params
) -> tuple[Array, Array, Grads]:
    """Gradients of `decode_fixed`; all words pull at the one vector.

    dc = Σ_i dc_i

    Shapes: dout (T_y, b, 3n + m) -> ds_0 (b, n), dc (b, 2n), gradients of the decoder
    Source: chain rule.
    """
    n = params["U_yh"].shape[0]
    ds, dc, dEy = np.split(dout, [n, 3 * n], axis=-1)
    da, ds_0, _, _ = gru_sequence_backward(ds, trace.gru, params["U_y"], params["U_yh"])
    da_c = da.sum(axis=0)
    grads = decoder_grads(da, trace.y_prev, trace.Ey, trace.gru, params, dEy)
    dc_all = dc.sum(axis=0) + da_c @ params["C_y"].T
    return ds_0, dc_all, {**grads, "C_y": trace.c.T @ da_c}


def decoder_grads(
    da: Array, y_prev: Indices, Ey: Array, gru: GRUTrace, params: Params, dEy: Array | float = 0.0
) -> Grads:
    """Gradients of a decoder's GRU and of its words: sums over time, in single products.

    dE y_{i−1} = W_yᵀ da_i + dEy_i (from the word)

    Shapes: da (T_y, b, 3n), y_prev (b, T_y), Ey (T_y, b, m)
        -> gradients of E_y, W_y, b_y, U_y, U_yh
    Source: chain rule.
    """
    dEy_in, dW, db = linear_backward(da, Ey, params["W_y"], params["b_y"])
    dU, dU_h = gru_weights(da, gru, params["U_y"])
    dE = embedding_backward(dEy + dEy_in, y_prev.T, params["E_y"])
    return {"E_y": dE, "W_y": dW, "b_y": db, "U_y": dU, "U_yh": dU_h}


def read_out(params: Params, out: Array, y: Indices, y_mask: Mask) -> tuple[float, Array, Grads]:
    """Compare the predicted words with the right ones: the loss and the first gradients.

    p(y_i | …) = softmax(W_o [s_i; c_i; E y_{i−1}] + b_o)

    Shapes: out (T_y, b, 3n + m), y (b, T_y), y_mask (b, T_y) -> (), dout, gradients of W_o, b_o
    Source: Bahdanau et al. 2015, sec. 3.1; their g (A.2.2) has a maxout layer, ours is linear.
    """
    counts = full_mask(y_mask, y.shape, "y_mask").T
    logits = linear(out, params["W_o"], params["b_o"])
    loss = cross_entropy(logits, y.T, counts)
    dlogits = cross_entropy_backward(1.0, logits, y.T, counts)
    dout, dW, db = linear_backward(dlogits, out, params["W_o"], params["b_o"])
    return loss, dout, {"W_o": dW, "b_o": db}


def alignments(params: Params, batch: Batch) -> Array:
    """Give the attention maps with the right words before each: row i looks for word y_i.

    Shapes: batch of x (b, T_x), y (b, T_y) -> alpha (b, T_y, T_x)
    Source: Bahdanau et al. 2015, Fig. 3.
    """
    x, x_mask, y, _ = batch
    h, _ = encode(params, x, x_mask)
    _, decoding = decode(params, first_state(params, h), h, x_mask, before(y))
    return decoding.alpha.swapaxes(0, 1)


def translate(params: Params, x: Indices, x_mask: Mask, longest: int) -> Indices:
    """Write the likeliest word at each step, with attention; after word 0 all words are 0.

    y_i = argmax_y p(y | y_1 … y_{i−1}, x)

    Shapes: x (b, T_x), x_mask (b, T_x) -> y (b, longest)
    Raises: ValueError if words are not indices of the vocabulary, the source has none, the mask
        does not fit, or `longest` is no whole number of at least 1.
    Source: greedy search; Bahdanau et al. 2015 use a beam.
    """
    h, _ = encode(params, x, x_mask)
    attend_to = partial(attend, params, h, h @ params["U_a"], x_mask)
    return _translate(params, first_state(params, h), lambda s: attend_to(s)[0], longest)


def translate_fixed(params: Params, x: Indices, x_mask: Mask, longest: int) -> Indices:
    """Write the likeliest word at each step, from one vector; after word 0 all words are 0.

    y_i = argmax_y p(y | y_1 … y_{i−1}, c)

    Shapes: x (b, T_x), x_mask (b, T_x) -> y (b, longest)
    Raises: ValueError as translate.
    Source: greedy search.
    """
    h, _ = encode(params, x, x_mask)
    c = summary(h)
    return _translate(params, first_state(params, h), lambda s: c, longest)


def write(
    step: Callable[[Indices, Any], tuple[Array, Any]], state: Any, sentences: int, longest: int
) -> Indices:
    """Write several sentences side by side, word by word; after word 0 all words are 0.

    `step` takes the words before, (b), and a state, and gives logits (b, v) and the next state.

    y_i = argmax_y logits_i

    Shapes: sentences (), longest () -> y (b, longest)
    Raises: ValueError if `longest` is no whole number of at least 1.
    Source: greedy search.
    """
    check_count("longest", longest, least=1)
    words, unfinished = [np.zeros(sentences, np.int64)], np.ones(sentences, bool)
    for _ in range(longest):
        logits, state = step(words[-1], state)
        words.append(np.where(unfinished, logits.argmax(axis=-1), 0))
        unfinished = words[-1] != 0
    return np.stack(words[1:], axis=1)


def _translate(params: Params, s_0: Array, look: Callable[[Array], Array], longest: int) -> Indices:
    def step(y: Indices, s: Array) -> tuple[Array, Array]:
        Ey, c = embedding(y, params["E_y"]), look(s)
        a = linear(Ey, params["W_y"], params["b_y"]) + c @ params["C_y"]
        s, _ = gru_step(a, s, params["U_y"], params["U_yh"])
        return linear(np.concatenate([s, c, Ey], axis=-1), params["W_o"], params["b_o"]), s

    return write(step, s_0, len(s_0), longest)


def _back_through_time(
    dout: Array, trace: Decoding, params: Params
) -> tuple[Array, Array, Array, Array, Array, Array]:
    n, ones = params["U_yh"].shape[0], np.ones_like(trace.alpha[0, 0])
    ds, dUh, dv = (
        np.zeros_like(dout[0, :, :n]),
        np.zeros_like(trace.tanh[0]),
        np.zeros_like(params["v_a"]),
    )
    steps = []
    for t in reversed(range(len(dout))):
        gru = GRUTrace(*(part[t] for part in trace.gru))
        da, ds = gru_step_backward(ds + dout[t, :, :n], gru, params["U_y"], params["U_yh"])
        dc = dout[t, :, n : 3 * n] + da @ params["C_y"].T
        de, dsum = attend_backward(dc, trace.h, trace.alpha[t], trace.tanh[t], params)
        dWs = ones @ dsum  # much faster than dsum.sum(axis=1)
        ds += dWs @ params["W_a"].T
        dUh += dsum
        dv += de.reshape(-1) @ as_rows(trace.tanh[t])
        steps.append((da, dc, dWs))
    da, dc, dWs = (np.stack(part[::-1]) for part in zip(*steps, strict=True))
    return ds, da, dc, dWs, dUh, dv


def _both_ways(x: Array) -> Array:
    return np.stack([x, x[::-1]], axis=1)
