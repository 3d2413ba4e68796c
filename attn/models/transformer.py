"""A Transformer that says a word at each position: causal for language, or open to the whole text.

Here b is the batch, n the length, d the width, h the number of heads, v the size of the vocabulary,
l the number of layers. A batch is (x, y, kept): the tokens, what should be said at each position,
and where that counts. To learn a language, y is x shifted by one.

The parameters say what there is: without W_1 the blocks are attention alone; without gamma_out no
normalization follows the last block, as in the paper; with P there are learned codes of positions.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import NamedTuple, TypeAlias

import numpy as np

from attn.models.blocks import (
    FEED_FORWARD,
    PRE,
    AttentionTrace,
    KeysValues,
    NormTrace,
    Positions,
    Residual,
    ResidualTrace,
    Sublayer,
    block,
    by_layer,
    init_blocks,
    normalize,
    normalize_backward,
    on_itself,
    project_backward,
    stack,
    stack_backward,
    surprise,
)
from attn.ops.arrays import draw
from attn.ops.checks import check_count, check_indices, full_mask
from attn.ops.layers import embedding, embedding_backward
from attn.ops.masks import causal
from attn.ops.positions import sinusoidal
from attn.ops.products import project
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Indices, Mask]
Cache: TypeAlias = list[list[KeysValues]]  # by layer, then by sublayer that attends

AROUND = ("E", "P", "gamma_out", "beta_out")  # the parameters that belong to no block


class Design(NamedTuple):
    """What the parameters leave open: how order enters, where norms stand, who may see whom."""

    positions: Positions = Positions(code=sinusoidal)
    residual: Residual = PRE
    mask: Callable[[int, int], Mask] | None = causal  # n queries, the last of m positions


class Reading(NamedTuple):
    """What the way back through a text needs."""

    x: Indices
    sublayers: Sequence[Sublayer]
    residual: Residual
    blocks: list[list[ResidualTrace]]
    norm: NormTrace | None


CAUSAL = Design()


def init(
    rng: np.random.Generator,
    words: int,
    d: int = 64,
    heads: int = 4,
    layers: int = 2,
    wide: int = 256,
    longest: int = 0,
    cross: bool = False,
    last_norm: bool = True,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters; `longest` adds learned codes, `cross` what asks another sequence.

    W ~ N(0, 1 / rows),  E, P ~ N(0, 1 / d)

    Raises: ValueError if the heads do not divide d, or a number is no whole number.
    Source: ours; Vaswani et al. 2017 do not say.
    """
    check_count("words", words, least=1)
    check_count("longest", longest)
    tables = {"E": words, "P": longest}
    drawn = {key: draw(rng, (rows, d), dtype, rows=d) for key, rows in tables.items() if rows}
    norm = {"gamma_out": np.ones(d, dtype), "beta_out": np.zeros(d, dtype)} if last_norm else {}
    return {**drawn, **init_blocks(rng, d, heads, layers, wide, cross, dtype), **norm}


def loss_and_grads(params: Params, batch: Batch, design: Design = CAUSAL) -> tuple[float, Grads]:
    """Surprise at what should be said, in nats a position, and its gradients.

    L = −1/N Σ_i log p(y_i | what position i may see)

    Raises: ValueError if tokens are not indices of the vocabulary, or shapes do not fit.
    Source: Vaswani et al. 2017, sec. 3.
    """
    x, y, kept = batch
    kept = full_mask(kept, x.shape, "kept")
    check_indices("y", y, x.shape, len(params["E"]), where=kept)
    s, trace = read(params, x, parts(params, design, x.shape[1]), design)
    loss, dlogits = surprise(say(s, params["E"]), y, kept)
    ds, dE = say_backward(dlogits, s, params["E"])
    grads = read_backward(ds, trace, params)
    return loss, {**grads, "E": grads["E"] + dE}  # one table at both ends: the sum


def logits(params: Params, x: Indices, design: Design = CAUSAL) -> Array:
    """Score every word at every position: softmax makes probabilities of the scores.

    Shapes: x (b, n) -> logits (b, n, v)
    Raises: ValueError if tokens are not indices of the vocabulary.
    Source: Vaswani et al. 2017, sec. 3.4.
    """
    s, _ = read(params, x, parts(params, design, x.shape[1]), design)
    return say(s, params["E"])


def weights(params: Params, x: Indices, design: Design = CAUSAL) -> Array:
    """Give the attention weights of every layer and head.

    Shapes: x (b, n) -> alpha (l, b, h, n, n)
    Raises: ValueError if tokens are not indices of the vocabulary.
    Source: Vaswani et al. 2017, Figs. 3-5.
    """
    _, trace = read(params, x, parts(params, design, x.shape[1]), design)
    return np.stack([attention.inside.alpha for attention, *_ in trace.blocks])


def generate(
    params: Params,
    x: Indices,
    length: int,
    choose: Callable[[Array], Indices],
    design: Design = CAUSAL,
) -> Indices:
    """Go on writing: each new token is read alone, and asks the keys and values kept so far.

    x_{n+1} = choose(logits_n)

    `choose` gets logits (b, v) and gives words (b). The design's mask must be causal.

    Shapes: x (b, n), length () -> y (b, n + length)
    Raises: ValueError if tokens are not indices of the vocabulary, or there are none.
    Source: Vaswani et al. 2017, sec. 3.1 (auto-regressive).
    """
    check_count("length", length)
    check_count("x.shape[1]", x.shape[1], least=1)
    text, cache = [x], None
    for _ in range(length):
        sublayers = partial(parts, params, design, text[-1].shape[1])
        s, cache = read_on(params, text[-1], sublayers, design, cache)
        text.append(choose(say(s[:, -1:], params["E"])[:, 0])[:, np.newaxis])
    return np.concatenate(text, axis=1)


def parts(
    params: Params, design: Design, n: int, past: Sequence[KeysValues] = ()
) -> list[Sublayer]:
    """List the sublayers of a block for n new tokens: attention, and the network if it is there."""
    known = past[0] if past else None
    mask = design.mask and design.mask(n, n + (known[0].shape[-2] if known else 0))
    attention = on_itself(design.positions, mask, known)
    return [attention, FEED_FORWARD] if "W_1" in params else [attention]


def read(
    params: Params, x: Indices, sublayers: Sequence[Sublayer], design: Design
) -> tuple[Array, Reading]:
    """Read a text: embed it, pass it through the blocks, normalize what comes out.

    Shapes: x (b, n) -> s (b, n, d), trace
    Raises: ValueError if tokens are not indices of the vocabulary.
    Source: Vaswani et al. 2017, Fig. 1.
    """
    u = embed(params, x, design.positions)
    z, blocks = stack(u, of_blocks(params), sublayers, design.residual)
    s, norm = last_norm(z, params)
    return s, Reading(x, sublayers, design.residual, blocks, norm)


def read_backward(ds: Array, trace: Reading, params: Params) -> Grads:
    """Gradients of `read`.

    Shapes: ds (b, n, d) -> gradients
    Source: chain rule.
    """
    x, sublayers, residual, blocks, norm = trace
    dz, outer = last_norm_backward(ds, norm, params)
    du, inner = stack_backward(dz, blocks, of_blocks(params), sublayers, residual)
    return {**inner, **outer, **embed_backward(du, x, params)}


def read_on(
    params: Params,
    x: Indices,
    sublayers: Callable[[Sequence[KeysValues]], Sequence[Sublayer]],
    design: Design,
    cache: Cache | None = None,
) -> tuple[Array, Cache]:
    """Read what is new; all it needs of what was read before is the keys and values.

    `sublayers` makes the sublayers of a layer from what the cache holds for it.

    Shapes: x (b, n) -> s (b, n, d), cache
    Raises: ValueError if tokens are not indices of the vocabulary.
    Source: ours; a cache is the part of a trace that later positions look at.
    """
    before = cache[0][0][0].shape[-2] if cache else 0
    u, kept = embed(params, x, design.positions, before), []
    for layer, past in zip(by_layer(of_blocks(params)), cache or repeat([]), strict=False):
        u, traces = block(u, layer, sublayers(past), design.residual)
        found = [trace.inside for trace in traces]
        kept.append([(t.k, t.v) for t in found if isinstance(t, AttentionTrace)])
    return last_norm(u, params)[0], kept


def embed(params: Params, x: Indices, positions: Positions, before: int = 0) -> Array:
    """Look up the tokens, and add the codes of where they stand, behind what came before.

    u_i = √d E[x_i] + code_i + P_i

    Shapes: x (b, n), E (v, d) -> u (b, n, d)
    Raises: ValueError if tokens are not indices of the vocabulary, or no P is left for a position.
    Source: Vaswani et al. 2017, sec. 3.4 and 3.5.
    """
    E, n = params["E"], before + x.shape[1]
    u = embedding(x, E)
    u *= math.sqrt(E.shape[1])
    if positions.code:
        u += positions.code(n, E.shape[1])[before:].astype(u.dtype)
    if "P" in params:
        if n > len(params["P"]):
            raise ValueError(f"x: expected at most {len(params['P'])} positions, got {n}")
        u += params["P"][before:n]
    return u


def embed_backward(du: Array, x: Indices, params: Params) -> Grads:
    """Gradients of `embed`.

    Shapes: du (b, n, d), x (b, n) -> gradients of E, P
    Source: chain rule.
    """
    E = params["E"]
    grads = {"E": embedding_backward(du, x, E) * math.sqrt(E.shape[1])}
    if "P" in params:
        at = np.arange(x.shape[1])
        grads["P"] = embedding_backward(du.sum(axis=0), at, params["P"])
    return grads


def last_norm(z: Array, params: Params) -> tuple[Array, NormTrace | None]:
    """Normalize what the last block leaves, if there are parameters for it.

    Shapes: z (b, n, d) -> s (b, n, d), trace
    Source: Xiong et al. 2020, their Pre-LN has one.
    """
    if "gamma_out" not in params:
        return z, None
    return normalize(z, params["gamma_out"], params["beta_out"])


def last_norm_backward(ds: Array, trace: NormTrace | None, params: Params) -> tuple[Array, Grads]:
    """Gradients of `last_norm`.

    Shapes: ds (b, n, d) -> dz (b, n, d), gradients of gamma_out, beta_out
    Source: chain rule.
    """
    if trace is None:
        return ds, {}
    dz, dgamma, dbeta = normalize_backward(ds, trace, params["gamma_out"])
    return dz, {"gamma_out": dgamma, "beta_out": dbeta}


def say(s: Array, E: Array) -> Array:
    """Compare with every word, by the table that also embeds the words.

    logits_i = E s_i

    Shapes: s (b, n, d), E (v, d) -> logits (b, n, v)
    Source: Vaswani et al. 2017, sec. 3.4; Press, Wolf 2017.
    """
    return project(s, E.T)


def say_backward(dlogits: Array, s: Array, E: Array) -> tuple[Array, Array]:
    """Gradients of `say`.

    ds_i = Eᵀ dlogits_i,  dE = Σ_i dlogits_i s_iᵀ

    Shapes: dlogits (b, n, v), s (b, n, d), E (v, d) -> ds (b, n, d), dE (v, d)
    Source: chain rule.
    """
    ds, dE = project_backward(dlogits, s, E.T)
    return ds, dE.T


def of_blocks(params: Params) -> Params:
    """Choose the parameters that belong to the blocks."""
    return {key: p for key, p in params.items() if key not in AROUND}
