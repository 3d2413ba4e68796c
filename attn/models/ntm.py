"""The Neural Turing Machine: a controller that reads and writes an external memory by attention.

Here i and o are the widths of input and output, n is the controller's; the memory has m rows of d
numbers; of the h heads the first read and the last write; b is the batch, T the steps. A batch is
(x, y, mask): sequences padded at their end, and the steps whose output counts. Inside, time is the
first axis. The parameters tell all sizes, and the controller too: without U it is feed-forward.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np

from attn.mechanisms.addressing import (
    Stages,
    address,
    address_backward,
    read_heads,
    read_heads_backward,
    write_heads,
    write_heads_backward,
)
from attn.ops.arrays import as_rows, draw
from attn.ops.bits import (
    bit_cross_entropy,
    bit_cross_entropy_backward,
    softplus,
    softplus_backward,
)
from attn.ops.checks import check_count, check_shapes, full_mask
from attn.ops.layers import linear, linear_backward, sigmoid, sigmoid_backward, tanh_backward
from attn.ops.lstm import LSTMTrace, lstm_step, lstm_step_backward, lstm_weights
from attn.ops.softmax import softmax, softmax_backward
from attn.types import Array, Grads, Mask, Params

Batch: TypeAlias = tuple[Array, Array, Mask]


class Sizes(NamedTuple):
    """How large the machine is."""

    inputs: int
    outputs: int
    hidden: int
    rows: int
    width: int
    reads: int
    writes: int
    moves: int


class Told(NamedTuple):
    """What the controller tells the heads; e and a are for the write heads alone."""

    k: Array
    beta: Array
    g: Array
    s: Array
    gamma: Array
    e: Array
    a: Array


class State(NamedTuple):
    """What the machine carries from step to step; `inner` is the controller's own state."""

    inner: tuple[Array, ...]
    M: Array
    w: Array
    r: Array


class Step(NamedTuple):
    """What the way back through a step needs."""

    before: State
    inner: LSTMTrace | Array
    h: Array
    o: Array
    told: Told
    stages: Stages
    after: State


def init(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    hidden: int = 64,
    rows: int = 64,
    width: int = 16,
    reads: int = 1,
    writes: int = 1,
    moves: int = 3,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of a machine with an LSTM as its controller.

    W ~ N(0, 1 / rows)

    Raises: ValueError if a size is no whole number of at least 1, or the moves are even.
    Source: Graves et al. 2014, sec. 3.4; as init_feedforward.
    """
    size = Sizes(inputs, outputs, hidden, rows, width, reads, writes, moves)
    first = {key: np.zeros(hidden, dtype) for key in ("h_0", "c_0")}
    return {**_drawn(rng, size, 4, dtype), "U": draw(rng, (hidden, 4 * hidden), dtype), **first}


def init_feedforward(
    rng: np.random.Generator,
    inputs: int,
    outputs: int,
    hidden: int = 64,
    rows: int = 64,
    width: int = 16,
    reads: int = 1,
    writes: int = 1,
    moves: int = 3,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of a machine whose controller remembers nothing but what it reads.

    W ~ N(0, 1 / rows),  M_0 = 1e-6,  the gate's bias −2: prefer the place where the head was

    All rows of the memory begin alike, so that a trained machine can be given more of them.

    Raises: ValueError if a size is no whole number of at least 1, or the moves are even.
    Source: Graves et al. 2014, sec. 3.4 and 4 (the first state is learned). Collier, Beel 2018,
        compare ways to begin the memory: a small constant learns fastest.
    """
    size = Sizes(inputs, outputs, hidden, rows, width, reads, writes, moves)
    return _drawn(rng, size, 1, dtype)


def hold(params: Params, **biases: float | Sequence[float]) -> Grads:
    """Set a bias of what the heads are told: hold(params, g=np.inf) opens all gates for good.

    σ(∞) = 1,  σ(−∞) = 0,  1 + softplus(−∞) = 1: there no gradient passes. Several
    numbers are repeated from head to head.

    Raises: ValueError if there is no such part, or the numbers do not fit it a whole number of
        times.
    """
    parts, b_h = _parts(sizes(params)), params["b_h"].copy()
    for name, bias in biases.items():
        if name not in parts:
            raise ValueError(f"biases: expected {', '.join(parts)}, got {name}")
        part = parts[name]
        length, given = part.stop - part.start, np.size(bias)
        if not given or length % given:
            raise ValueError(f"{name}: expected a divisor of {length} numbers, got {given}")
        b_h[part] = np.resize(bias, length)
    return {**params, "b_h": b_h}


def more_rows(params: Params, rows: int) -> Grads:
    """Give a trained machine a longer memory; no head starts in the new rows.

    Raises: ValueError if it has more rows than that, or if they do not begin alike.
    """
    w_0, M_0 = params["w_0"], params["M_0"]
    check_count("rows", rows, w_0.shape[1])
    if len(M_0) > 1:
        raise ValueError(f"M_0: expected one row that all begin as, got {len(M_0)}")
    new = np.full((len(w_0), rows - w_0.shape[1]), -np.inf, w_0.dtype)
    return {**params, "w_0": np.concatenate([w_0, new], axis=1)}


def loss_and_grads(params: Params, batch: Batch) -> tuple[float, Grads]:
    """Surprise at the right bits, in nats a bit, and its gradients.

    L = −1/N Σ_t [y_t log σ(l_t) + (1 − y_t) log(1 − σ(l_t))],  over the steps that count

    Raises: ValueError if an array is not of floats, a shape does not fit, or the mask is not
        boolean.
    Source: Graves et al. 2014, sec. 4.
    """
    x, y, mask = batch
    check_shapes("x (b, T, i), W_y (c, o), y (b, T, o)", x, params["W_y"], y)
    y, counts = y.swapaxes(0, 1), full_mask(mask, x.shape[:2]).T[..., np.newaxis]
    steps = list(run(params, x))
    out = np.stack([_seen(step) for step in steps])
    logits = linear(out, params["W_y"], params["b_y"])
    dlogits = bit_cross_entropy_backward(1.0, logits, y, counts)
    dout, dW_y, db_y = linear_backward(dlogits, out, params["W_y"], params["b_y"])
    grads = {**run_backward(dout, steps, x, params), "W_y": dW_y, "b_y": db_y}
    return bit_cross_entropy(logits, y, counts), grads


def answer(params: Params, x: Array) -> Array:
    """Run the machine; a logit above 0 stands for a 1.

    l_t = [h_t; r_t] W_y + b_y

    Shapes: x (b, T, i) -> logits (b, T, o)
    Raises: ValueError if x is not of floats or its shape does not fit.
    Source: Graves et al. 2014, Fig. 1.
    """
    out = np.stack([_seen(step) for step in run(params, x)], axis=1)
    return linear(out, params["W_y"], params["b_y"])


def watch(params: Params, x: Array) -> tuple[Array, Array]:
    """Run the machine and keep where its heads were, and what the memory held, after each step.

    Shapes: x (b, T, i) -> w (b, T, h, m), M (b, T, m, d)
    Raises: ValueError if x is not of floats or its shape does not fit.
    Source: Graves et al. 2014, Fig. 6.
    """
    after = [step.after for step in run(params, x)]
    return np.stack([s.w for s in after], axis=1), np.stack([s.M for s in after], axis=1)


def run(params: Params, x: Array) -> Iterator[Step]:
    """Go through a sequence step by step; the input of all steps is projected at once.

    a_t = [x_t; r_{t−1}] W + b

    Raises: ValueError if x is not of floats, its shape does not fit, or there is no step.
    Source: Graves et al. 2014, sec. 3 and Fig. 1.
    """
    size = sizes(params)
    W_x, W_r = params["W"][: size.inputs], params["W"][size.inputs :]
    check_shapes("W (i, p), x (b, T, i)", W_x, x)
    check_count("x.shape[1]", x.shape[1], least=1)
    state = first_state(params, len(x))
    for a_x in linear(np.ascontiguousarray(x.swapaxes(0, 1)), W_x, params["b"]):
        step = advance(params, size, a_x + state.r @ W_r, state)
        yield step
        state = step.after


def run_backward(dout: Array, steps: list[Step], x: Array, params: Params) -> Grads:
    """Gradients of `run`: back through time, then the sums over time in single products.

    dW = Σ_t [x_t; r_{t−1}]ᵀ da_t,  dW_h = Σ_t h_tᵀ do_t

    Source: chain rule.
    """
    size, dstate, dsteps = sizes(params), _zeros(steps[0].before), []
    for step, dseen in zip(reversed(steps), dout[::-1], strict=True):
        dh, dr = dseen[:, : size.hidden], dseen[:, size.hidden :]
        dstate = dstate._replace(r=dstate.r + dr)
        dstate, da, do = advance_backward(dh, dstate, step, params, size)
        dsteps.append((da, do))
    da, do = (np.stack(part[::-1]) for part in zip(*dsteps, strict=True))
    seen = np.concatenate([x.swapaxes(0, 1), np.stack([s.before.r for s in steps])], axis=-1)
    dW, db = _sums(seen, da)
    dW_h, db_h = _sums(np.stack([s.h for s in steps]), do)
    first = first_state_backward(dstate, params)
    return {"W": dW, "b": db, "W_h": dW_h, "b_h": db_h, **first, **_inner_weights(da, steps)}


def first_state(params: Params, b: int) -> State:
    """Begin each of b sequences with what was learned.

    w(i) = softmax_i(w_0),  M(i) = M_0, which is one row for all or a row each

    Source: Graves et al. 2014, sec. 4: the state is reset to learned bias values.
    """
    w, r = softmax(params["w_0"]), params["r_0"]
    M = np.broadcast_to(params["M_0"], (w.shape[1], r.shape[1]))
    inner = tuple(_each(b, params[key]) for key in ("h_0", "c_0") if key in params)
    return State(inner, _each(b, M), _each(b, w), _each(b, r.reshape(-1)))


def first_state_backward(dstate: State, params: Params) -> Grads:
    """Gradients of `first_state`.

    Source: chain rule.
    """
    dinner, dM, dw, dr = dstate
    dw_0 = softmax_backward(dw.sum(axis=0), softmax(params["w_0"]))
    dM_0 = dM.sum(axis=0).reshape(len(params["M_0"]), -1, dM.shape[-1]).sum(axis=1)
    dr_0 = dr.sum(axis=0).reshape(params["r_0"].shape)
    dinner_0 = {key: d.sum(axis=0) for key, d in zip(("h_0", "c_0"), dinner, strict=False)}
    return {"w_0": dw_0, "M_0": dM_0, "r_0": dr_0, **dinner_0}


def advance(params: Params, size: Sizes, a: Array, state: State) -> Step:
    """Take one step: the controller tells the heads where to look, they write, then they read.

    w_t = address(M_{t−1}, w_{t−1}),  M_t = write(w_t, M_{t−1}),  r_t = read(w_t, M_t)

    All heads look at M_{t−1}; for a write head there is no other memory yet.

    Source: Graves et al. 2014, sec. 3.
    """
    h, inner, trace = _control(params, a, state.inner)
    o = h @ params["W_h"] + params["b_h"]
    told = tell(o, size)
    w, stages = address(*told[:5], state.M, state.w)
    M = write_heads(w[:, size.reads :], told.e, told.a, state.M)
    r = read_heads(w[:, : size.reads], M).reshape(len(a), -1)
    return Step(state, trace, h, o, told, stages, State(inner, M, w, r))


def advance_backward(
    dh: Array, dafter: State, step: Step, params: Params, size: Sizes
) -> tuple[State, Array, Array]:
    """Gradient of `advance`: of the state before, of a and of o; the weights' are summed later.

    Source: chain rule.
    """
    reads, told, M_prev, M, w = size.reads, step.told, step.before.M, step.after.M, step.after.w
    dr = dafter.r.reshape(len(dh), reads, -1)
    dw_r, dM = read_heads_backward(dr, w[:, :reads], M)
    dw_w, *de_a, dM = write_heads_backward(dafter.M + dM, w[:, reads:], told.e, told.a, M_prev)
    dw = dafter.w + np.concatenate([dw_r, dw_w], axis=1)
    *dtold, dM_seen, dw = address_backward(dw, step.stages, *told[:5], M_prev, step.before.w)
    do = tell_backward(Told(*dtold, *de_a), step.o, told, size)
    da, dinner = _control_backward(params, dh + do @ params["W_h"].T, dafter.inner, step.inner)
    return State(dinner, dM + dM_seen, dw, da @ params["W"][size.inputs :].T), da, do


def tell(o: Array, size: Sizes) -> Told:
    """Bring each part of the controller's output into its range, one function at a time.

    k, a = tanh(o),  e, g = σ(o),  beta = softplus(o),  gamma = 1 + softplus(o),  s = softmax(o)

    Shapes: o (b, p) -> told
    Source: Graves et al. 2014, sec. 3.3, give the ranges. The functions are ours, and that k and a
        are bounded.
    """
    at, heads = _parts(size), size.reads + size.writes
    k_a, e_g = np.tanh(o[:, : at["a"].stop]), sigmoid(o[:, at["e"].start : at["g"].stop])
    beta_gamma = softplus(o[:, at["beta"].start : at["gamma"].stop])
    return Told(
        k=_by_head(k_a[:, at["k"]], heads),
        beta=beta_gamma[:, :heads],
        g=e_g[:, -heads:],
        s=softmax(_by_head(o[:, at["s"]], heads)),
        gamma=1 + beta_gamma[:, heads:],
        e=_by_head(e_g[:, :-heads], size.writes),
        a=_by_head(k_a[:, at["a"]], size.writes),
    )


def tell_backward(dtold: Told, o: Array, told: Told, size: Sizes) -> Array:
    """Gradient of `tell`.

    Shapes: o (b, p) -> do (b, p)
    Source: chain rule.
    """
    dk, dbeta, dg, ds, dgamma, de, da = dtold
    at = _parts(size)
    return _flat(
        tanh_backward(_flat(dk, da), _flat(told.k, told.a)),
        sigmoid_backward(_flat(de, dg), _flat(told.e, told.g)),
        softplus_backward(_flat(dbeta, dgamma), o[:, at["beta"].start : at["gamma"].stop]),
        softmax_backward(ds, told.s),
    )


def sizes(params: Params) -> Sizes:
    """Tell from the shapes of the parameters how large the machine is."""
    (heads, rows), (reads, width) = params["w_0"].shape, params["r_0"].shape
    (seen, _), (hidden, told) = params["W"].shape, params["W_h"].shape
    writes = heads - reads
    moves = (told - 2 * writes * width) // heads - width - 3
    outputs = params["W_y"].shape[1]
    return Sizes(seen - reads * width, outputs, hidden, rows, width, reads, writes, moves)


def _control(
    params: Params, a: Array, inner: tuple[Array, ...]
) -> tuple[Array, tuple[Array, ...], LSTMTrace | Array]:
    if "U" in params:
        h_tm1, c_tm1 = inner
        h, c, trace = lstm_step(a, h_tm1, c_tm1, params["U"])
        return h, (h, c), trace
    h = np.tanh(a)
    return h, (), h


def _control_backward(
    params: Params, dh: Array, dinner: tuple[Array, ...], trace: LSTMTrace | Array
) -> tuple[Array, tuple[Array, ...]]:
    if isinstance(trace, LSTMTrace):
        dh_next, dc = dinner
        da, *dbefore = lstm_step_backward((dh + dh_next, dc), trace, params["U"])
        return da, tuple(dbefore)
    return tanh_backward(dh, trace), ()


def _inner_weights(da: Array, steps: list[Step]) -> Grads:
    states = [step.before.inner[0] for step in steps if step.before.inner]
    return {"U": lstm_weights(da, np.stack(states))} if states else {}


@cache
def _parts(size: Sizes) -> dict[str, slice]:
    # The columns of o. Parts that one function makes stand side by side.
    heads, written = size.reads + size.writes, size.writes * size.width
    columns = {"k": heads * size.width, "a": written, "e": written}
    columns |= {"g": heads, "beta": heads, "gamma": heads, "s": heads * size.moves}
    ends = np.cumsum(list(columns.values())).tolist()
    return {key: slice(end - columns[key], end) for key, end in zip(columns, ends, strict=True)}


def _drawn(rng: np.random.Generator, size: Sizes, gates: int, dtype: type[np.floating]) -> Grads:
    _check_sizes(size)
    inputs, outputs, n, rows, d, reads, writes, _ = size
    told, heads = _parts(size)["s"].stop, reads + writes
    shapes = {
        "W": (inputs + reads * d, gates * n),
        "W_h": (n, told),
        "W_y": (n + reads * d, outputs),
    }
    biases = {"b": gates * n, "b_h": told, "b_y": outputs}
    first = {"r_0": np.zeros((reads, d)), "M_0": np.full((1, d), 1e-6)}
    first["w_0"] = np.where(np.arange(rows) == 0, 5.0, np.zeros((heads, 1)))
    params = {key: draw(rng, shape, dtype) for key, shape in shapes.items()}
    params |= {key: np.zeros(columns, dtype) for key, columns in biases.items()}
    return hold({**params, **{key: x.astype(dtype) for key, x in first.items()}}, g=-2.0)


def _check_sizes(size: Sizes) -> None:
    for name, number in size._asdict().items():
        check_count(name, number, 1)
    if size.moves % 2 == 0:
        raise ValueError(f"moves: expected an odd number, got {size.moves}")


def _seen(step: Step) -> Array:
    return np.concatenate([step.h, step.after.r], axis=1)


def _each(b: int, x: Array) -> Array:
    return np.broadcast_to(x, (b, *x.shape)).copy()


def _zeros(state: State) -> State:
    return State(tuple(map(np.zeros_like, state.inner)), *map(np.zeros_like, state[1:]))


def _by_head(x: Array, heads: int) -> Array:
    return x.reshape(len(x), heads, -1)


def _flat(*parts: Array) -> Array:
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _sums(x: Array, dy: Array) -> tuple[Array, Array]:
    return as_rows(x).T @ as_rows(dy), as_rows(dy).sum(axis=0)
