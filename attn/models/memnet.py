"""The Memory Network of 2015: soft look-ups in several hops, trained end to end from answers.

Here b is the batch, n the facts of a story, j the words of a fact, i those of a question, v the
size of the vocabulary, d the width of a vector, s the number of times that are told apart, h the
hops, t the tables of words. A batch is (x, q, y): stories, questions and answers, as words. Word 0
fills up facts and questions; a fact of it alone is an empty slot, which nobody looks at. Facts
stand in the order of the paper, the last one told first: slot i is i facts ago.

Three things are chosen by functions: how tables are tied (loss_and_grads, or
loss_and_grads_layerwise), what the place of a word counts (bag or position_encoding), and whether
a hop has its softmax (soft), or training starts without (without_softmax).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from attn.mechanisms.lookup import (
    linear_look_up,
    linear_look_up_backward,
    look_up,
    look_up_backward,
)
from attn.ops.bags import Counts, Encoding, filled, position_encoding, sentence, sentence_backward
from attn.ops.checks import check_count, check_indices
from attn.ops.products import project, project_backward
from attn.ops.softmax import cross_entropy, cross_entropy_backward
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Indices, Indices]


class Tables(NamedTuple):
    """All tables, however they are tied; hop k searches E[i] and hands over E[j], hops[k] = (i, j).

    H is None where the state is carried over as it is. Gradients come in the same form.
    """

    E: Array
    T: Array
    B: Array
    W: Array
    H: Array | None
    hops: list[tuple[int, int]]


class Memory(NamedTuple):
    """A story under every table, and what the way back to the tables needs."""

    m: Array
    counts: Counts


class Look(NamedTuple):
    """A look-up and its way back."""

    forward: Callable[[Array, Array, Array], tuple[Array, Array]]
    backward: Callable[[Array, Array, Array, Array, Array], tuple[Array, Array, Array]]


class Trace(NamedTuple):
    """What the way back needs: the state before each hop, and after the last; weights of each."""

    memory: Memory
    question: Counts
    u: list[Array]
    p: list[Array]
    look: Look


def init(
    rng: np.random.Generator,
    words: int,
    times: int,
    embed: int = 32,
    hops: int = 3,
    sd: float = 0.1,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters for adjacent tying: A and T_A, and C and T_C for each hop.

    A, C, T ~ N(0, sd²)

    Raises: ValueError if `hops` is no whole number of at least 1.
    Source: Sukhbaatar et al. 2015, sec. 2.2 and 4.2.
    """
    check_count("hops", hops, least=1)
    shapes = {
        "A": (words, embed),
        "C": (hops, words, embed),
        "T_A": (times, embed),
        "T_C": (hops, times, embed),
    }
    return {key: _draw(rng, shape, sd, dtype) for key, shape in shapes.items()}


def init_layerwise(
    rng: np.random.Generator,
    words: int,
    times: int,
    embed: int = 32,
    sd: float = 0.1,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters for layer-wise tying, for any number of hops; H begins as the identity.

    A, B, C, W, T ~ N(0, sd²),  H = 1

    Source: Sukhbaatar et al. 2015, sec. 2.2 and 4.2; that H begins as the identity is ours.
    """
    shapes = {
        **dict.fromkeys("ABC", (words, embed)),
        "T_A": (times, embed),
        "T_C": (times, embed),
        "W": (embed, words),
    }
    drawn = {key: _draw(rng, shape, sd, dtype) for key, shape in shapes.items()}
    return {**drawn, "H": np.eye(embed, dtype=dtype)}


def soft(filled: Mask) -> Look:
    """Look with the softmax, at filled slots only."""
    return Look(partial(look_up, mask=filled), look_up_backward)


def without_softmax(filled: Mask) -> Look:
    """Look without the softmax: the model is linear then but for its answer."""
    return Look(partial(linear_look_up, mask=filled), partial(linear_look_up_backward, mask=filled))


def loss_and_grads(
    params: Params,
    batch: Batch,
    encoding: Encoding = position_encoding,
    looking: Callable[[Mask], Look] = soft,
) -> tuple[float, Grads]:
    """Surprise at the right answers, in nats, and its gradients, with adjacent tying.

    L = −1/b Σ log p(y | x, q)

    Raises: ValueError if words are not indices of the vocabulary, or a story is older than T_A.
    Source: Sukhbaatar et al. 2015, sec. 2.1.
    """
    loss, dtables = _loss(adjacent(params), batch, encoding, looking)
    return loss, adjacent_backward(dtables)


def loss_and_grads_layerwise(
    params: Params,
    batch: Batch,
    hops: int = 3,
    encoding: Encoding = position_encoding,
    looking: Callable[[Mask], Look] = soft,
) -> tuple[float, Grads]:
    """The same with layer-wise tying, for any number of hops.

    L = −1/b Σ log p(y | x, q)

    Raises: ValueError if words are not indices of the vocabulary, or a story is older than T_A.
    Source: Sukhbaatar et al. 2015, sec. 2.2.
    """
    loss, dtables = _loss(layerwise(params, hops), batch, encoding, looking)
    return loss, layerwise_backward(dtables)


def adjacent(params: Params) -> Tables:
    """Tie neighbors: what one hop hands over, the next one searches.

    A^{k+1} = C^k,  B = A^1,  Wᵀ = C^h,  T alike

    Source: Sukhbaatar et al. 2015, sec. 2.2, "adjacent".
    """
    E, T = np.stack([params["A"], *params["C"]]), np.stack([params["T_A"], *params["T_C"]])
    return Tables(E, T, E[0], E[-1].T, None, list(pairwise(range(len(E)))))


def adjacent_backward(d: Tables) -> Grads:
    """Gradients of adjacent: A is also B, and the last C is also Wᵀ.

    dA = dE_0 + dB,  dC^k = dE_k,  dC^h = dE_h + dWᵀ

    Source: the derivative of adjacent.
    """
    dC = d.E[1:].copy()
    dC[-1] += d.W.T
    return {"A": d.E[0] + d.B, "C": dC, "T_A": d.T[0], "T_C": d.T[1:]}


def layerwise(params: Params, hops: int) -> Tables:
    """Tie all hops: the network is a recurrent one, with the memory as its input.

    A^1 = … = A^h,  C^1 = … = C^h,  u^{k+1} = H u^k + o^k

    Raises: ValueError if `hops` is no whole number of at least 1.
    Source: Sukhbaatar et al. 2015, sec. 2.2, "layer-wise (RNN-like)".
    """
    check_count("hops", hops, least=1)
    E, T = np.stack([params["A"], params["C"]]), np.stack([params["T_A"], params["T_C"]])
    return Tables(E, T, params["B"], params["W"], params["H"], [(0, 1)] * hops)


def layerwise_backward(d: Tables) -> Grads:
    """Gradients of layerwise: every table is a parameter of its own.

    dA = dE_0,  dC = dE_1

    Source: the derivative of layerwise.
    """
    (A, C), (T_A, T_C) = d.E, d.T
    return {"A": A, "C": C, "T_A": T_A, "T_C": T_C, "B": d.B, "W": d.W, "H": d.H}


def answer(
    tables: Tables, x: Indices, q: Indices, encoding: Encoding, looking: Callable[[Mask], Look]
) -> tuple[Array, Trace]:
    """Read a story, look things up in it hop after hop, and answer.

    u^1 = B q,  u^{k+1} = u^k + o^k,  a = softmax(W u^{h+1})

    Shapes: x (b, n, j), q (b, i) -> logits (b, v), trace
    Raises: ValueError if words are not indices of the vocabulary, or a story is older than T_A.
    Source: Sukhbaatar et al. 2015, sec. 2.1 and 2.2.
    """
    memory, look = remember(tables, x, encoding), looking(filled(x)[:, None])
    first, question = sentence(q, tables.B[None], encoding)
    u, p = [first[0]], []
    for searched, handed in tables.hops:
        u_next, p_k = hop(u[-1], memory.m[searched], memory.m[handed], tables.H, look)
        u.append(u_next)
        p.append(p_k)
    return project(u[-1], tables.W), Trace(memory, question, u, p, look)


def answer_backward(da: Array, trace: Trace, tables: Tables) -> Tables:
    """Gradients of answer: from the last hop to the first, then to the tables.

    dm collects from every hop that searches or hands over the table

    Shapes: da (b, v) -> gradients of the tables
    Source: the derivative of answer.
    """
    memory, question, u, p, look = trace
    du, dW = project_backward(da, u[-1], tables.W)
    dm, dH = np.zeros_like(memory.m), []
    for k in reversed(range(len(p))):
        i, j = tables.hops[k]
        du, dm_k, dc_k, dH_k = hop_backward(
            du, u[k], memory.m[i], memory.m[j], tables.H, p[k], look
        )
        dm[i] += dm_k
        dm[j] += dc_k
        dH.append(dH_k)
    dE, dT = remember_backward(dm, memory, tables)
    dB = sentence_backward(du[None], question, tables.B[None])[0]
    return Tables(dE, dT, dB, dW, None if tables.H is None else sum(dH), tables.hops)


def hop(u: Array, m: Array, c: Array, H: Array | None, look: Look) -> tuple[Array, Array]:
    """Look up the state among the memories, and add what is found to it.

    p_i = softmax(uᵀ m_i),  o = Σ_i p_i c_i,  u ← H u + o

    Shapes: u (b, d), m (b, n, d), c (b, n, d), H (d, d) | None -> u_next (b, d), p (b, n)
    Source: Sukhbaatar et al. 2015, eqs. 1, 2 and 4; H in sec. 2.2.
    """
    o, p = look.forward(u[:, None], m, c)
    return (u if H is None else project(u, H)) + o[:, 0], p[:, 0]


def hop_backward(
    du_next: Array, u: Array, m: Array, c: Array, H: Array | None, p: Array, look: Look
) -> tuple[Array, Array, Array, Any]:
    """Gradient of hop; it reaches the state twice, as what is carried over and as the query.

    du = Hᵀ du_next + dq

    Shapes: du_next (b, d), u (b, d), m (b, n, d), c (b, n, d), H (d, d) | None, p (b, n)
        -> du (b, d), dm (b, n, d), dc (b, n, d), gradient of H
    Source: the derivative of hop.
    """
    dq, dm, dc = look.backward(du_next[:, None], u[:, None], m, c, p[:, None])
    carried, dH = (du_next, None) if H is None else project_backward(du_next, u, H)
    return carried + dq[:, 0], dm, dc, dH


def remember(tables: Tables, x: Indices, encoding: Encoding) -> Memory:
    """Embed a story by every table, each fact with the time that has passed since.

    m_i = Σ_j l_j ⊙ A x_ij + T_A(i)

    Shapes: x (b, n, j) -> trace
    Raises: ValueError if words are not indices of the vocabulary, or a story is older than T_A.
    Source: Sukhbaatar et al. 2015, sec. 4.1.
    """
    _check_times(x, tables.T)
    bags, counts = sentence(x, tables.E, encoding)
    return Memory(bags + tables.T[:, None, : x.shape[1]], counts)


def remember_backward(dm: Array, memory: Memory, tables: Tables) -> tuple[Array, Array]:
    """Gradients of remember: times collect from all stories alike.

    dT(i) = Σ_b dm_bi

    Shapes: dm (t, b, n, d) -> dE (t, v, d), dT (t, s, d)
    Source: the derivative of remember.
    """
    dT = np.zeros_like(tables.T)
    dT[:, : dm.shape[2]] = dm.sum(axis=1)
    return sentence_backward(dm, memory.counts, tables.E), dT


def random_noise(rng: np.random.Generator, x: Indices, share: float = 0.1) -> Indices:
    """Put empty slots between the facts, up to a tenth as many: no time is learned by heart.

    Shapes: x (b, n, j) -> noisy (b, n_noisy, j)
    Source: Sukhbaatar et al. 2015, sec. 4.1, "random noise (RN)".
    """
    told = filled(x).sum(axis=-1, keepdims=True)
    empty = rng.integers(np.ceil(share * told).astype(int) + 1)
    slot = np.arange(x.shape[1] + empty.max())
    chance = np.where(slot < told + empty, rng.random((len(x), slot.size)), np.inf)
    rank = chance.argsort(axis=-1).argsort(axis=-1)
    noisy = np.zeros((*rank.shape, x.shape[-1]), x.dtype)
    noisy[(empty <= rank) & (rank < told + empty)] = x[filled(x)]
    return noisy


def _loss(
    tables: Tables, batch: Batch, encoding: Encoding, looking: Callable[[Mask], Look]
) -> tuple[float, Tables]:
    x, q, y = batch
    check_indices("y", y, (len(x),), tables.W.shape[1])
    logits, trace = answer(tables, x, q, encoding, looking)
    loss = cross_entropy(logits, y)
    return loss, answer_backward(cross_entropy_backward(1.0, logits, y), trace, tables)


def _draw(
    rng: np.random.Generator, shape: tuple[int, ...], sd: float, dtype: type[np.floating]
) -> Array:
    return (sd * rng.standard_normal(shape)).astype(dtype)


def _check_times(x: Indices, T: Array) -> None:
    if x.shape[1] > T.shape[1]:
        raise ValueError(f"x: expected at most {T.shape[1]} facts, got {x.shape[1]}")
