"""One look at a list of cells: an item is asked for, something is read, its class is the answer.

Here b is the batch, m the cells of a list, d the width of queries and keys, p that of values, K the
draws. A batch is (x, z, mask, q, y): the items in the cells and their classes, which cells there
are, the items asked for, the answers due.

How the model reads is an argument: a `look` takes the scores to the loss and back. All but
`look_soft` and `look_relaxed` train the mean loss of draws; they differ in how they know its slope.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from attn.mechanisms.hard import (
    enumerate_gradient,
    gumbel_softmax,
    gumbel_softmax_backward,
    peak,
    read,
    read_backward,
    sample,
    straight_through,
)
from attn.ops.checks import check_indices, full_mask
from attn.ops.layers import embedding, embedding_backward, linear, linear_backward
from attn.ops.products import combine, combine_backward
from attn.ops.scores import (
    additive,
    additive_backward,
    dot,
    dot_backward,
    scaled_dot,
    scaled_dot_backward,
)
from attn.ops.softmax import log_softmax, log_softmax_backward, softmax, softmax_backward
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Indices, Mask, Indices, Indices]
Looked: TypeAlias = tuple[float, Array, Array, Grads]
Look: TypeAlias = Callable[[Params, Array, Mask, Array, Indices], Looked]
Estimate: TypeAlias = Callable[[Array, Indices, Array], Array]


class Score(NamedTuple):
    """A score, its gradient, and the parameters that follow queries and keys in both."""

    f: Callable[..., Array]
    f_backward: Callable[..., tuple[Array, ...]]
    names: tuple[str, ...] = ()


DOT = Score(dot, dot_backward)
SCALED_DOT = Score(scaled_dot, scaled_dot_backward)
ADDITIVE = Score(additive, additive_backward, ("W_a", "U_a", "v_a"))


def init(
    rng: np.random.Generator,
    items: int,
    classes: int,
    d: int = 32,
    p: int = 8,
    spread: float = 1.0,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters for a score that has none of its own.

    E_q, E_k ~ N(0, spread²),  E_v ~ N(0, 1),  W_o ~ N(0, 1 / p)
    """
    sizes = {"E_q": (items, d), "E_k": (items, d), "E_v": (classes, p), "W_o": (p, classes)}
    spreads = {"E_q": spread, "E_k": spread, "E_v": 1.0, "W_o": p**-0.5}
    drawn = {k: (spreads[k] * rng.standard_normal(sizes[k])).astype(dtype) for k in sizes}
    return {**drawn, "b_o": np.zeros(classes, dtype)}


def init_additive(
    rng: np.random.Generator,
    items: int,
    classes: int,
    d: int = 32,
    p: int = 8,
    a: int = 32,
    spread: float = 1.0,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters for the additive score; v_a = 0 makes the first weights uniform.

    W_a, U_a ~ N(0, 1 / d)

    Source: Bahdanau et al. 2015, B.1 (v_a at zero; their deviations are smaller).
    """
    W_a, U_a = (rng.standard_normal((2, d, a)) / np.sqrt(d)).astype(dtype)
    alignment = {"W_a": W_a, "U_a": U_a, "v_a": np.zeros(a, dtype)}
    return {**init(rng, items, classes, d, p, spread, dtype), **alignment}


def loss_and_grads(
    params: Params, batch: Batch, look: Look, score: Score = SCALED_DOT
) -> tuple[float, Grads]:
    """Surprise at the right classes, in nats, and its gradients, for one way to look.

    e_j = score(E_q q, E_k x_j),  v_j = E_v z_j

    Raises: ValueError if items or classes are not indices, or the mask does not fit.
    Source: Xu et al. 2015, sec. 4, for a single look.
    """
    x, z, mask, asked, y = batch
    check_indices("y", y, asked.shape, len(params["b_o"]))
    q, k, v = embed(params, batch)
    own = [params[name] for name in score.names]
    e = score.f(q, k, *own)[:, 0]
    loss, de, dv, grads = look(params, e, mask, v, y)
    dq, dk, *downs = score.f_backward(de[:, None], q, k, *own)
    return loss, {
        "E_q": embedding_backward(dq[:, 0], asked, params["E_q"]),
        "E_k": embedding_backward(dk, x, params["E_k"]),
        "E_v": embedding_backward(dv, z, params["E_v"]),
        **dict(zip(score.names, downs, strict=True)),
        **grads,
    }


def embed(params: Params, batch: Batch) -> tuple[Array, Array, Array]:
    """Look up the vectors: one query a list, a key and a value for each cell.

    q = E_q q,  k_j = E_k x_j,  v_j = E_v z_j

    Shapes: batch of x (b, m), z (b, m), q (b) -> q (b, 1, d), k (b, m, d), v (b, m, p)
    Raises: ValueError if items or classes are not indices.
    Source: embedding, three times.
    """
    x, z, _, asked, _ = batch
    k, v = embedding(x, params["E_k"]), embedding(z, params["E_v"])
    return embedding(asked, params["E_q"])[:, None], k, v


def look_soft(params: Params, e: Array, mask: Mask, v: Array, y: Indices) -> Looked:
    """Read the blend of all cells: one reward, and a gradient by back-propagation.

    L = −1/b Σ log p(y | Σ_j alpha_j v_j)

    Shapes: e (b, m), mask (b, m), v (b, m, p), y (b)
        -> (), de (b, m), dv (b, m, p), gradients of W_o, b_o
    Source: Xu et al. 2015, sec. 4.2.
    """
    alpha = softmax(e, mask)[:, None]
    R, dc, grads = _reward(params, combine(alpha, v), y)
    dalpha, dv = combine_backward(dc, alpha, v)
    return -float(R.mean()), softmax_backward(dalpha, alpha)[:, 0], dv, grads


def look_everywhere(params: Params, e: Array, mask: Mask, v: Array, y: Indices) -> Looked:
    """Read every cell by itself: the mean loss of a draw and its gradient, both exact.

    L = −1/b Σ Σ_j alpha_j log p(y | v_j)

    Shapes: e (b, m), mask (b, m), v (b, m, p), y (b)
        -> (), de (b, m), dv (b, m, p), gradients of W_o, b_o
    Source: Xu et al. 2015, sec. 4.1: their L_s, summed over all positions.
    """
    alpha = softmax(e, mask)
    R, dv, grads = _reward(params, v, y, alpha)
    loss = -float((alpha * R).sum()) / len(y)
    return loss, enumerate_gradient(-R, alpha) / len(y), dv, grads


def look_drawn(
    params: Params,
    e: Array,
    mask: Mask,
    v: Array,
    y: Indices,
    rng: np.random.Generator,
    K: int,
    estimate: Estimate,
) -> Looked:
    """Read K drawn cells: their mean loss; the estimate sees only rewards, never a slope.

    L = −1/(b K) Σ Σ_k log p(y | v_{s_k})

    Shapes: e (b, m), mask (b, m), v (b, m, p), y (b), K ()
        -> (), de (b, m), dv (b, m, p), gradients of W_o, b_o
    Source: Xu et al. 2015, sec. 4.1.
    """
    alpha = softmax(e, mask)
    s = sample(alpha, rng, K)
    R, dc, grads = _reward(params, read(s, v), y)
    de = -estimate(R, s, alpha) / len(y)
    return -float(R.mean()), de, read_backward(dc, s, v), grads


def look_straight_through(
    params: Params,
    e: Array,
    mask: Mask,
    v: Array,
    y: Indices,
    rng: np.random.Generator,
    K: int,
) -> Looked:
    """Read K drawn cells; the way back takes them for a blend.

    L = −1/(b K) Σ Σ_k log p(y | v_{s_k}),  its gradient for e as in look_soft

    Shapes: e (b, m), mask (b, m), v (b, m, p), y (b), K ()
        -> (), de (b, m), dv (b, m, p), gradients of W_o, b_o
    Source: Bengio et al. 2013.
    """
    alpha = softmax(e, mask)
    s = sample(alpha, rng, K)
    R, dc, grads = _reward(params, read(s, v), y)
    de = straight_through(dc.sum(axis=1, keepdims=True), v, alpha[:, None])[:, 0]
    return -float(R.mean()), de, read_backward(dc, s, v), grads


def look_relaxed(
    params: Params,
    e: Array,
    mask: Mask,
    v: Array,
    y: Indices,
    rng: np.random.Generator,
    K: int,
    tau: float,
) -> Looked:
    """Read K blends that are nearly one cell each: not the loss of draws, but close to it.

    L = −1/(b K) Σ Σ_k log p(y | Σ_j y_kj v_j),  y_k = gumbel_softmax(e, tau)

    Shapes: e (b, m), mask (b, m), v (b, m, p), y (b), K (), tau ()
        -> (), de (b, m), dv (b, m, p), gradients of W_o, b_o
    Source: Jang et al. 2016, sec. 2.
    """
    mask = full_mask(mask, e.shape)[:, None]
    w = gumbel_softmax(np.repeat(e[:, None], K, axis=1), rng, tau, mask)
    R, dc, grads = _reward(params, combine(w, v), y)
    dw, dv = combine_backward(dc, w, v)
    return -float(R.mean()), gumbel_softmax_backward(dw, w, tau).sum(axis=1), dv, grads


def weights(params: Params, batch: Batch, score: Score = SCALED_DOT) -> Array:
    """Give the weights of the cells.

    alpha = softmax(e)

    Shapes: batch of x (b, m), z (b, m), q (b) -> alpha (b, m)
    Source: Xu et al. 2015, eqs. 4 and 5.
    """
    q, k, _ = embed(params, batch)
    return softmax(score.f(q, k, *(params[name] for name in score.names))[:, 0], batch[2])


def right_by_blend(params: Params, batch: Batch, score: Score = SCALED_DOT) -> Mask:
    """Whether the likeliest class is the right one, after reading the blend.

    argmax_c p(c | Σ_j alpha_j v_j) = y

    Shapes: batch of x (b, m), z (b, m), q (b), y (b) -> right (b)
    Source: Xu et al. 2015, sec. 4.2.
    """
    alpha, v = weights(params, batch, score), embed(params, batch)[2]
    return _is_right(params, combine(alpha[:, None], v), batch[4])[:, 0]


def right_by_draw(params: Params, batch: Batch, score: Score = SCALED_DOT) -> Array:
    """How probable it is that a draw leads to the right class: no draw is made, all are counted.

    Σ_j alpha_j [argmax_c p(c | v_j) = y]

    Shapes: batch of x (b, m), z (b, m), q (b), y (b) -> probability (b)
    Source: Xu et al. 2015, sec. 4.1.
    """
    alpha, v = weights(params, batch, score), embed(params, batch)[2]
    return (alpha * _is_right(params, v, batch[4])).sum(axis=-1)


def right_at_peak(params: Params, batch: Batch, score: Score = SCALED_DOT) -> Mask:
    """Whether the likeliest class is the right one, after reading the cell that weighs most.

    argmax_c p(c | v_s) = y,  s = argmax_j alpha_j

    Shapes: batch of x (b, m), z (b, m), q (b), y (b) -> right (b)
    Source: the shortcut at test time.
    """
    s, v = peak(weights(params, batch, score)), embed(params, batch)[2]
    return _is_right(params, read(s[:, None], v), batch[4])[:, 0]


def _reward(
    params: Params, c: Array, y: Indices, share: Array | None = None
) -> tuple[Array, Array, Grads]:
    # R_k = log p(y | c_k), and the gradients of −Σ_k share_k R_k / b; all share alike unless said.
    l = log_softmax(linear(c, params["W_o"], params["b_o"]))
    due = y[:, None, None] == np.arange(l.shape[-1])
    share = np.full_like(l[..., 0], 1 / c.shape[1]) if share is None else share
    dlogits = log_softmax_backward(-share[..., None] * due / len(y), l)
    dc, dW, db = linear_backward(dlogits, c, params["W_o"], params["b_o"])
    R = np.take_along_axis(l, y[:, None, None], axis=-1)[..., 0]
    return R, dc, {"W_o": dW, "b_o": db}


def _is_right(params: Params, c: Array, y: Indices) -> Mask:
    return np.asarray(linear(c, params["W_o"], params["b_o"]).argmax(axis=-1) == y[:, None])
