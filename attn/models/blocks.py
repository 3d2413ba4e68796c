"""What Transformers are made of: heads, network, normalization, residuals, each with its way back.

These are fast forms: products are fused, and what the way back needs is kept. The readable ones are
`heads.multi_head` and `layers.layer_norm`. A function writes in place only what it made
itself; a residual, what its sublayer made for it.

Here b is the batch, n and m are the lengths of queries and keys, d is the width, h the number of
heads, p the width of a head, r how many products stand side by side, w the width of the network, s
the number of sublayers in a block, l the number of blocks, v the size of the vocabulary. Functions
that are used for queries and keys alike say t for the length, i and o for what goes in and out.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from attn.ops.activations import gelu, gelu_backward
from attn.ops.arrays import as_rows, draw
from attn.ops.checks import check_count, check_mask
from attn.ops.products import project
from attn.ops.softmax import softmax
from attn.types import Array, Grads, Indices, Mask, Params

Forward: TypeAlias = Callable[..., tuple[Array, Any]]
Turn: TypeAlias = Callable[[Array, Indices], Array]
KeysValues: TypeAlias = tuple[Array, Array]
Backward: TypeAlias = Callable[..., tuple[Array, Grads]]

MODERATE = 40.0  # scores up to here: no exp overflows or vanishes, in float32 either


class NormTrace(NamedTuple):
    """What the way back through a normalization needs."""

    x_hat: Array
    scale: Array


class AttentionTrace(NamedTuple):
    """What the way back through the heads needs; k and v are also what a cache keeps."""

    x_q: Array
    x_kv: Array
    q: Array
    k: Array
    v: Array
    alpha: Array
    c: Array


class NetworkTrace(NamedTuple):
    """What the way back through the feed-forward network needs."""

    x: Array
    a: Array
    Phi: Array
    z: Array


class ResidualTrace(NamedTuple):
    """What the way back through a residual needs: of the norm, and of the sublayer inside."""

    norm: NormTrace
    inside: Any


class Sublayer(NamedTuple):
    """A part of a block: `forward(x, params)` gives y and a trace, `backward(dy, trace, params)`
    the gradients of x and of the parameters. y must be new: the residual is added in place."""

    forward: Forward
    backward: Backward


class Residual(NamedTuple):
    """What stands around a sublayer: a path around it, and the normalization before or after."""

    forward: Forward
    backward: Callable[..., tuple[Array, Array, Array, Grads]]


class Positions(NamedTuple):
    """How order enters: None is left out, and whatever is given is combined."""

    code: Callable[[int, int], Array] | None = None  # (n, d) -> (n, d), added to the input
    turn: tuple[Turn, Turn] | None = None  # of queries and keys, by where they stand; its gradient
    bias: Callable[[int, Indices, Indices], Array] | None = None  # (h, n, m), added to the scores


NOWHERE = Positions()


def init_blocks(
    rng: np.random.Generator,
    d: int,
    heads: int,
    layers: int,
    wide: int,
    cross: bool = False,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of a stack, with an axis for the layers in front; wide = 0: no network.

    W ~ N(0, 1 / rows)

    Raises: ValueError if the heads do not divide d, or a number is no whole number.
    Source: ours; Vaswani et al. 2017 do not say.
    """
    _check_sizes(d, heads, layers, wide)
    by_heads = (heads, d // heads)
    shapes: dict[str, tuple[int, ...]] = {"W_qkv": (d, 3, *by_heads), "W_o": (d, d)}
    if cross:
        shapes |= {"W_q": (d, 1, *by_heads), "W_kv": (d, 2, *by_heads), "W_c": (d, d)}
    if wide:
        shapes |= {"W_1": (d, wide), "W_2": (wide, d)}
    drawn = {
        key: draw(rng, (layers, *shape), dtype, rows=shape[0]) for key, shape in shapes.items()
    }
    biases = {"b_1": (layers, wide), "b_2": (layers, d)} if wide else {}
    norms = (layers, 1 + cross + bool(wide), d)
    zeros = {key: np.zeros(shape, dtype) for key, shape in {**biases, "beta": norms}.items()}
    return {**drawn, **zeros, "gamma": np.ones(norms, dtype)}


def normalize(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, NormTrace]:
    """Give every row mean 0 and variance 1, then a learned scale and shift.

    y = γ x̂ + β,  x̂ = (x − μ) / √(σ² + ε)

    Shapes: x (b, n, d), gamma (d), beta (d) -> y (b, n, d), trace
    Source: Ba, Kiros, Hinton 2016, eq. 4.
    """
    x_hat = x - _mean(x)
    scale = 1 / np.sqrt(_along(x_hat, x_hat) + eps)
    x_hat *= scale
    return x_hat * gamma + beta, NormTrace(x_hat, scale)


def normalize_backward(dy: Array, trace: NormTrace, gamma: Array) -> tuple[Array, Array, Array]:
    """Gradients of `normalize`.

    dx = (g − mean(g) − x̂ mean(g x̂)) / √(σ² + ε),  g = γ dy

    Shapes: dy (b, n, d), gamma (d) -> dx (b, n, d), dgamma (d), dbeta (d)
    Source: chain rule.
    """
    x_hat, scale = trace
    g = dy * gamma
    dx = g - _mean(g)
    dx -= x_hat * _along(g, x_hat)
    dx *= scale
    return dx, _sum_rows(dy * x_hat), _sum_rows(dy)


def project_backward(dy: Array, x: Array, W: Array) -> tuple[Array, Array]:
    """Gradients of `project`, all of finite numbers: it does not look for NaN.

    dx_i = dy_i Wᵀ,  dW = Σ_i x_iᵀ dy_i

    Shapes: dy (b, t, o), x (b, t, i), W (i, o) -> dx (b, t, i), dW (i, o)
    Source: chain rule.
    """
    return project(dy, W.T), (as_rows(dy).T @ as_rows(x)).T


def in_heads(x: Array, W: Array) -> Array:
    """Project each row by r matrices for each of h heads, in one product.

    y^{rh}_i = x_i W^{rh}

    Shapes: x (b, t, d), W (d, r, h, p) -> y (r, b, h, t, p)
    Source: Vaswani et al. 2017, sec. 3.2.2.
    """
    y = as_rows(x) @ W.reshape(len(W), -1)
    return _heads_first(y.reshape(*x.shape[:2], *W.shape[1:]))


def in_heads_backward(dy: Array, x: Array, W: Array) -> tuple[Array, Array]:
    """Gradients of `in_heads`; nothing is copied if `room_for_heads` made dy.

    dx_i = Σ_rh dy^{rh}_i W^{rh}ᵀ,  dW^{rh} = Σ_i x_iᵀ dy^{rh}_i

    Shapes: dy (r, b, h, t, p), x (b, t, d), W (d, r, h, p) -> dx (b, t, d), dW (d, r, h, p)
    Source: chain rule.
    """
    drows = dy.transpose(1, 3, 0, 2, 4).reshape(-1, W[0].size)
    dx = drows @ W.reshape(len(W), -1).T
    return dx.reshape(x.shape), (drows.T @ as_rows(x)).T.reshape(W.shape)


def room_for_heads(x: Array, W: Array) -> Array:
    """Make room for the gradient of `in_heads`, laid out as its products will read it.

    Shapes: x (b, t, d), W (d, r, h, p) -> dy (r, b, h, t, p)
    """
    return _heads_first(np.empty((*x.shape[:2], *W.shape[1:]), x.dtype))


def weigh(
    q: Array, k: Array, v: Array, mask: Mask | None = None, bias: Array | None = None
) -> tuple[Array, Array]:
    """Attend in every head, and set what the heads found side by side.

    c_i = [c^1_i; …; c^h_i],  c^h = softmax(q^h k^hᵀ / √p + bias^h) v^h

    Shapes: q (b, h, n, p), k (b, h, m, p), v (b, h, m, p) -> c (b, n, h*p), alpha (b, h, n, m)
    Source: Vaswani et al. 2017, sec. 3.2.2; with a bias that they do not have.
    """
    e = q @ k.mT
    e *= 1 / math.sqrt(q.shape[-1])
    if bias is not None:
        e += bias
    alpha = _weights(e, mask)
    b, h, n, p = q.shape
    c = np.empty((b, n, h, p), q.dtype)
    np.matmul(alpha, v, out=c.swapaxes(1, 2))
    return c.reshape(b, n, h * p), alpha


def weigh_backward(
    dc: Array, q: Array, k: Array, v: Array, alpha: Array, out: Sequence[Array]
) -> tuple[Array, ...]:
    """Gradients of `weigh`, written to `out`, where the next products read them.

    dα = dc vᵀ,  de = α (dα − Σ α dα),  dq = de k / √p,  dk = deᵀ q / √p,  dv = αᵀ dc

    Shapes: dc (b, n, h*p), q (b, h, n, p), k (b, h, m, p), v (b, h, m, p), alpha (b, h, n, m)
        -> dq (b, h, n, p), dk (b, h, m, p), dv (b, h, m, p)
    Source: chain rule.
    """
    b, h, n, p = q.shape
    dc = dc.reshape(b, n, h, p).swapaxes(1, 2)
    de = dc @ v.mT
    de -= np.vecdot(alpha, de)[..., np.newaxis]
    de *= alpha
    de *= 1 / math.sqrt(p)
    products = (de, k), (de.mT, q), (alpha.mT, dc)
    return tuple(np.matmul(*pair, out=o) for pair, o in zip(products, out, strict=True))


def self_attention(
    x: Array,
    params: Params,
    mask: Mask | None = None,
    positions: Positions = NOWHERE,
    past: KeysValues | None = None,
) -> tuple[Array, AttentionTrace]:
    """Let a sequence ask itself; `past` are the keys and values of what stands before x, if any.

    y = weigh(turn(x W_q), turn(x W_k), x W_v) W_o

    Shapes: x (b, n, d), W_qkv (d, 3, h, p), W_o (h*p, d) -> y (b, n, d), trace
    Source: Vaswani et al. 2017, sec. 3.2.3; turned as in Su et al. 2021, sec. 3.2.2.
    """
    q, k, v = in_heads(x, params["W_qkv"])
    at = _places(x, past)
    if positions.turn:
        turn, _ = positions.turn
        q, k = turn(q, at), turn(k, at)
    if past:
        k, v = (np.concatenate(pair, axis=-2) for pair in zip(past, (k, v), strict=True))
    bias = positions.bias and positions.bias(q.shape[1], at, np.arange(k.shape[-2]))
    c, alpha = weigh(q, k, v, mask, bias)
    return project(c, params["W_o"]), AttentionTrace(x, x, q, k, v, alpha, c)


def self_attention_backward(
    dy: Array, trace: AttentionTrace, params: Params, positions: Positions = NOWHERE
) -> tuple[Array, Grads]:
    """Gradients of `self_attention` without a past.

    Shapes: dy (b, n, d), W_qkv (d, 3, h, p), W_o (h*p, d) -> dx (b, n, d), gradients of W_qkv, W_o
    Source: chain rule.
    """
    x, _, q, k, v, alpha, c = trace
    dc, dW_o = project_backward(dy, c, params["W_o"])
    dqkv = room_for_heads(x, params["W_qkv"])
    weigh_backward(dc, q, k, v, alpha, [*dqkv])
    if positions.turn:
        _, turn_backward = positions.turn
        for turned in dqkv[:2]:
            turned[:] = turn_backward(turned, _places(x, None))
    dx, dW_qkv = in_heads_backward(dqkv, x, params["W_qkv"])
    return dx, {"W_qkv": dW_qkv, "W_o": dW_o}


def cross_attention(
    x: Array,
    params: Params,
    memory: Array,
    mask: Mask | None = None,
    past: KeysValues | None = None,
) -> tuple[Array, AttentionTrace]:
    """Let a sequence ask another; `past` are the keys and values of that memory, if they are known.

    y = weigh(x W_q, memory W_k, memory W_v) W_c

    Shapes: x (b, n, d), memory (b, m, d), W_q (d, 1, h, p), W_kv (d, 2, h, p), W_c (h*p, d)
        -> y (b, n, d), trace
    Source: Vaswani et al. 2017, sec. 3.2.3.
    """
    (q,) = in_heads(x, params["W_q"])
    k, v = past if past else in_heads(memory, params["W_kv"])
    c, alpha = weigh(q, k, v, mask)
    return project(c, params["W_c"]), AttentionTrace(x, memory, q, k, v, alpha, c)


def cross_attention_backward(
    dy: Array, trace: AttentionTrace, params: Params
) -> tuple[Array, Grads]:
    """Gradients of `cross_attention`; that of the memory is among the parameters'.

    Shapes: dy (b, n, d), W_q (d, 1, h, p), W_kv (d, 2, h, p), W_c (h*p, d)
        -> dx (b, n, d), gradients of W_q, W_kv, W_c, memory
    Source: chain rule.
    """
    x, memory, q, k, v, alpha, c = trace
    dc, dW_c = project_backward(dy, c, params["W_c"])
    dq, dkv = room_for_heads(x, params["W_q"]), room_for_heads(memory, params["W_kv"])
    weigh_backward(dc, q, k, v, alpha, [*dq, *dkv])
    dx, dW_q = in_heads_backward(dq, x, params["W_q"])
    dmemory, dW_kv = in_heads_backward(dkv, memory, params["W_kv"])
    return dx, {"W_q": dW_q, "W_kv": dW_kv, "W_c": dW_c, "memory": dmemory}


def feed_forward(x: Array, params: Params) -> tuple[Array, NetworkTrace]:
    """Work on each position alone: a network with one wide hidden layer.

    y = gelu(x W_1 + b_1) W_2 + b_2

    Shapes: x (b, n, d), W_1 (d, w), b_1 (w), W_2 (w, d), b_2 (d) -> y (b, n, d), trace
    Source: Vaswani et al. 2017, eq. 2; they bend by max(0, ·).
    """
    a = project(x, params["W_1"])
    a += params["b_1"]
    z, Phi = gelu(a)
    y = project(z, params["W_2"])
    y += params["b_2"]
    return y, NetworkTrace(x, a, Phi, z)


def feed_forward_backward(dy: Array, trace: NetworkTrace, params: Params) -> tuple[Array, Grads]:
    """Gradients of `feed_forward`.

    Shapes: dy (b, n, d), W_1 (d, w), W_2 (w, d)
        -> dx (b, n, d), gradients of W_1, b_1, W_2, b_2
    Source: chain rule.
    """
    dz, dW_2 = project_backward(dy, trace.z, params["W_2"])
    da = gelu_backward(dz, trace.a, trace.Phi)
    dx, dW_1 = project_backward(da, trace.x, params["W_1"])
    return dx, {"W_1": dW_1, "b_1": _sum_rows(da), "W_2": dW_2, "b_2": _sum_rows(dy)}


def pre_norm(f: Forward, x: Array, gamma: Array, beta: Array) -> tuple[Array, ResidualTrace]:
    """Add to x what f finds in its normalized form; nothing stands in the way of x itself.

    y = x + f(norm(x))

    Shapes: x (b, n, d), gamma (d), beta (d) -> y (b, n, d), trace
    Source: Xiong et al. 2020, their Pre-LN.
    """
    u, norm = normalize(x, gamma, beta)
    y, inside = f(u)
    y += x
    return y, ResidualTrace(norm, inside)


def pre_norm_backward(
    f_backward: Backward, dy: Array, trace: ResidualTrace, gamma: Array
) -> tuple[Array, Array, Array, Grads]:
    """Gradients of `pre_norm`: dy passes unchanged, and what f sends back is added.

    Shapes: dy (b, n, d), gamma (d) -> dx (b, n, d), dgamma (d), dbeta (d), gradients in f
    Source: chain rule.
    """
    du, grads = f_backward(dy, trace.inside)
    dx, dgamma, dbeta = normalize_backward(du, trace.norm, gamma)
    dx += dy
    return dx, dgamma, dbeta, grads


def post_norm(f: Forward, x: Array, gamma: Array, beta: Array) -> tuple[Array, ResidualTrace]:
    """Add to x what f finds in it, and normalize the sum: the form of the paper.

    y = norm(x + f(x))

    Shapes: x (b, n, d), gamma (d), beta (d) -> y (b, n, d), trace
    Source: Vaswani et al. 2017, sec. 3.1.
    """
    y, inside = f(x)
    y += x
    y, norm = normalize(y, gamma, beta)
    return y, ResidualTrace(norm, inside)


def post_norm_backward(
    f_backward: Backward, dy: Array, trace: ResidualTrace, gamma: Array
) -> tuple[Array, Array, Array, Grads]:
    """Gradients of `post_norm`.

    Shapes: dy (b, n, d), gamma (d) -> dx (b, n, d), dgamma (d), dbeta (d), gradients in f
    Source: chain rule.
    """
    dsum, dgamma, dbeta = normalize_backward(dy, trace.norm, gamma)
    dx, grads = f_backward(dsum, trace.inside)
    dx += dsum
    return dx, dgamma, dbeta, grads


PRE = Residual(pre_norm, pre_norm_backward)
POST = Residual(post_norm, post_norm_backward)
FEED_FORWARD = Sublayer(feed_forward, feed_forward_backward)


def on_itself(positions: Positions, mask: Mask | None, past: KeysValues | None = None) -> Sublayer:
    """Make the sublayer in which a sequence asks itself."""
    forward = partial(self_attention, mask=mask, positions=positions, past=past)
    return Sublayer(forward, partial(self_attention_backward, positions=positions))


def on_another(memory: Array, mask: Mask | None, past: KeysValues | None = None) -> Sublayer:
    """Make the sublayer in which a sequence asks another."""
    return Sublayer(
        partial(cross_attention, memory=memory, mask=mask, past=past), cross_attention_backward
    )


def block(
    x: Array, params: Params, sublayers: Sequence[Sublayer], residual: Residual
) -> tuple[Array, list[ResidualTrace]]:
    """Pass through the sublayers in turn, each with a residual and a normalization of its own.

    Shapes: x (b, n, d), gamma (s, d), beta (s, d) -> y (b, n, d), traces
    Source: Vaswani et al. 2017, sec. 3.1.
    """
    traces: list[ResidualTrace] = []
    for sublayer, gamma, beta in zip(sublayers, params["gamma"], params["beta"], strict=True):
        x, trace = residual.forward(partial(sublayer.forward, params=params), x, gamma, beta)
        traces.append(trace)
    return x, traces


def block_backward(
    dy: Array,
    traces: Sequence[ResidualTrace],
    params: Params,
    sublayers: Sequence[Sublayer],
    residual: Residual,
) -> tuple[Array, Grads]:
    """Gradients of `block`.

    Shapes: dy (b, n, d), gamma (s, d) -> dx (b, n, d), gradients
    Source: chain rule.
    """
    grads = {key: np.empty_like(params[key]) for key in ("gamma", "beta")}
    for s in reversed(range(len(sublayers))):
        back = partial(sublayers[s].backward, params=params)
        dy, dgamma, dbeta, inside = residual.backward(back, dy, traces[s], params["gamma"][s])
        grads["gamma"][s], grads["beta"][s] = dgamma, dbeta
        grads |= inside
    return dy, grads


def stack(
    x: Array, params: Params, sublayers: Sequence[Sublayer], residual: Residual
) -> tuple[Array, list[list[ResidualTrace]]]:
    """Pass through l blocks of the same form; each parameter has an axis for the layer in front.

    Shapes: x (b, n, d), gamma (l, s, d), beta (l, s, d) -> y (b, n, d), traces
    Source: Vaswani et al. 2017, sec. 3.1.
    """
    traces = []
    for layer in by_layer(params):
        x, trace = block(x, layer, sublayers, residual)
        traces.append(trace)
    return x, traces


def stack_backward(
    dy: Array,
    traces: Sequence[Sequence[ResidualTrace]],
    params: Params,
    sublayers: Sequence[Sublayer],
    residual: Residual,
) -> tuple[Array, Grads]:
    """Gradients of `stack`.

    Shapes: dy (b, n, d), gamma (l, s, d), beta (l, s, d) -> dx (b, n, d), gradients
    Source: chain rule.
    """
    found = []
    for layer, trace in zip(reversed(by_layer(params)), reversed(traces), strict=True):
        dy, grads = block_backward(dy, trace, layer, sublayers, residual)
        found.append(grads)
    return dy, {key: np.stack([grads[key] for grads in reversed(found)]) for key in found[0]}


def by_layer(params: Params) -> list[Params]:
    """Take the parameters of a stack apart, layer by layer."""
    return [dict(zip(params, layer, strict=True)) for layer in zip(*params.values(), strict=True)]


def surprise(logits: Array, targets: Indices, kept: Mask) -> tuple[float, Array]:
    """Cross-entropy and its gradient at once, from one softmax.

    L = −1/N Σ_i log p_i[target_i],  dlogits_i = (p_i − onehot(target_i)) / N,  p = softmax(logits)

    Shapes: logits (b, n, v), targets (b, n), kept (b, n) -> loss (), dlogits (b, n, v)
    Source: as softmax.cross_entropy, for finite logits, and targets and a full mask that the caller
        has checked.
    """
    share = (kept / max(int(kept.sum()), 1)).astype(logits.dtype)[..., np.newaxis]
    due = np.where(kept, targets, 0)[..., np.newaxis]
    z = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(z, due, axis=-1)
    np.exp(z, out=z)
    total = z.sum(axis=-1, keepdims=True)
    loss = float((share * (np.log(total) - right)).sum())
    z *= share / total
    np.put_along_axis(z, due, np.take_along_axis(z, due, axis=-1) - share, axis=-1)
    return loss, z


def _check_sizes(d: int, heads: int, layers: int, wide: int) -> None:
    for name, size in {"d": d, "heads": heads, "layers": layers}.items():
        check_count(name, size, least=1)
    check_count("wide", wide)
    if d % heads:
        raise ValueError(f"heads: expected a divisor of d = {d}, got {heads}")


def _weights(e: Array, mask: Mask | None) -> Array:
    # Softmax, in place. Moderate scores need no shift by their peak, which would cost as much as
    # all the rest; the others, and NaN, take the careful form.
    check_mask(mask, e.shape)
    if not (e.min(initial=0) > -MODERATE and e.max(initial=0) < MODERATE):
        return softmax(e, mask)
    np.exp(e, out=e)
    if mask is not None:
        e *= mask
    total = e @ np.ones(e.shape[-1], e.dtype)
    e /= np.maximum(total, np.finfo(e.dtype).tiny)[..., np.newaxis]  # 0 if nothing is allowed
    return e


def _places(x: Array, past: KeysValues | None) -> Indices:
    before = past[0].shape[-2] if past else 0
    return np.arange(before, before + x.shape[-2])


def _heads_first(x: Array) -> Array:
    # (b, n, r, h, p) -> (r, b, h, n, p)
    return x.transpose(2, 0, 3, 1, 4)


def _mean(x: Array) -> Array:
    # A product with a constant vector is several times as fast as x.mean.
    return (x @ np.full(x.shape[-1], 1 / x.shape[-1], x.dtype))[..., np.newaxis]


def _along(x: Array, y: Array) -> Array:
    return np.vecdot(x, y)[..., np.newaxis] / x.shape[-1]


def _sum_rows(x: Array) -> Array:
    rows = as_rows(x)
    return np.ones(len(rows), x.dtype) @ rows
