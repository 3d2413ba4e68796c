"""Translation by a Transformer: the encoder sees all of the source, the decoder asks it.

Here b is the batch, T_x and T_y are the lengths, d is the width, h the number of heads, l the
number of layers. A batch is (x, x_mask, y, y_mask), with rows padded at their end. Word 0 of the
target language closes a sentence, and is what precedes its first word. Parameters of the encoder
end in _x, those of the decoder in _y.
"""

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from attn.models.blocks import (
    FEED_FORWARD,
    KeysValues,
    Sublayer,
    on_another,
    on_itself,
    surprise,
)
from attn.models.seq2seq import before, write
from attn.models.transformer import (
    CAUSAL,
    Cache,
    Design,
    Reading,
    read,
    read_backward,
    read_on,
    say,
    say_backward,
)
from attn.models.transformer import init as init_side
from attn.ops.checks import check_indices, full_mask
from attn.ops.masks import causal
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Mask, Indices, Mask]


def init(
    rng: np.random.Generator,
    source_words: int,
    target_words: int,
    d: int = 64,
    heads: int = 4,
    layers: int = 2,
    wide: int = 256,
    last_norm: bool = True,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters of both sides.

    W ~ N(0, 1 / rows),  E ~ N(0, 1 / d)

    Raises: ValueError if the heads do not divide d, or a number is no whole number.
    Source: ours; Vaswani et al. 2017 do not say.
    """
    side = partial(
        init_side,
        rng,
        d=d,
        heads=heads,
        layers=layers,
        wide=wide,
        last_norm=last_norm,
        dtype=dtype,
    )
    return {**named(side(source_words), "_x"), **named(side(target_words, cross=True), "_y")}


def loss_and_grads(params: Params, batch: Batch, design: Design = CAUSAL) -> tuple[float, Grads]:
    """Surprise at the right words, in nats a word, and its gradients.

    L = −1/N Σ_i log p(y_i | y_1 … y_{i−1}, x)

    Raises: ValueError if words are not indices of the vocabulary, or a mask does not fit.
    Source: Vaswani et al. 2017, sec. 3.
    """
    x, x_mask, y, y_mask = batch
    check_indices("y", y, y.shape, len(params["E_y"]))
    memory, reading = encode(params, x, x_mask, design)
    s, writing = decode(params, y, memory, x_mask, design)
    loss, dlogits = surprise(say(s, params["E_y"]), y, full_mask(y_mask, y.shape, "y_mask"))
    ds, dE = say_backward(dlogits, s, params["E_y"])
    dmemory, grads_y = decode_backward(ds, writing, params)
    grads_x = read_backward(dmemory, reading, of_side(params, "_x"))
    return loss, {**named(grads_x, "_x"), **grads_y, "E_y": grads_y["E_y"] + dE}


def encode(
    params: Params, x: Indices, x_mask: Mask, design: Design = CAUSAL
) -> tuple[Array, Reading]:
    """Read the source; every word sees every other, but no padding.

    Shapes: x (b, T_x), x_mask (b, T_x) -> memory (b, T_x, d), trace
    Raises: ValueError if words are not indices of the vocabulary, or the mask does not fit.
    Source: Vaswani et al. 2017, sec. 3.1.
    """
    attention = on_itself(design.positions, _for_all(x_mask, x.shape))
    return read(of_side(params, "_x"), x, [attention, FEED_FORWARD], design)


def decode(
    params: Params, y: Indices, memory: Array, x_mask: Mask, design: Design = CAUSAL
) -> tuple[Array, Reading]:
    """Read the right words, each from those before it and from the source.

    Shapes: y (b, T_y), memory (b, T_x, d), x_mask (b, T_x) -> s (b, T_y, d), trace
    Raises: ValueError if words are not indices of the vocabulary, or the mask does not fit.
    Source: Vaswani et al. 2017, sec. 3.1.
    """
    return read(of_side(params, "_y"), before(y), parts(y.shape[1], memory, x_mask, design), design)


def decode_backward(ds: Array, trace: Reading, params: Params) -> tuple[Array, Grads]:
    """Gradients of `decode`; every layer asks the source, and their gradients add up.

    dmemory = Σ_l dmemory^l

    Shapes: ds (b, T_y, d) -> dmemory (b, T_x, d), gradients
    Source: chain rule.
    """
    grads = read_backward(ds, trace, of_side(params, "_y"))
    return grads.pop("memory").sum(axis=0), named(grads, "_y")


def alignments(params: Params, batch: Batch, design: Design = CAUSAL) -> Array:
    """Give where each layer and head looks in the source, with the right words before each.

    Shapes: batch of x (b, T_x), y (b, T_y) -> alpha (l, b, h, T_y, T_x)
    Source: as Bahdanau et al. 2015, Fig. 3.
    """
    x, x_mask, y, _ = batch
    memory, _ = encode(params, x, x_mask, design)
    _, trace = decode(params, y, memory, x_mask, design)
    return np.stack([cross.inside.alpha for _, cross, _ in trace.blocks])


def translate(
    params: Params, x: Indices, x_mask: Mask, longest: int, design: Design = CAUSAL
) -> Indices:
    """Write the likeliest word at each step; after word 0 all words are 0.

    y_i = argmax_y p(y | y_1 … y_{i−1}, x)

    Shapes: x (b, T_x), x_mask (b, T_x) -> y (b, longest)
    Raises: ValueError if words are not indices of the vocabulary, the mask does not fit, or
        `longest` is no whole number of at least 1.
    Source: greedy search; Vaswani et al. 2017 use a beam.
    """
    memory, _ = encode(params, x, x_mask, design)
    side, sublayers = of_side(params, "_y"), partial(parts, 1, memory, x_mask, design)

    def on(y: Indices, cache: Cache | None) -> tuple[Array, Cache]:
        s, cache = read_on(side, y[:, np.newaxis], sublayers, design, cache)
        return say(s, side["E"])[:, 0], cache

    return write(on, None, len(x), longest)


def parts(
    n: int, memory: Array, x_mask: Mask, design: Design, past: Sequence[KeysValues] = ()
) -> list[Sublayer]:
    """List what a block of the decoder is made of, for n new words: three sublayers."""
    own, source = past or (None, None)
    mask = causal(n, n + (own[0].shape[-2] if own else 0))
    attention = on_itself(design.positions, mask, own)
    seen = _for_all(x_mask, memory.shape[:2])
    return [attention, on_another(memory, seen, source), FEED_FORWARD]


def of_side(params: Params, side: str) -> Params:
    """Choose the parameters of one side, named as for one alone."""
    return {key.removesuffix(side): p for key, p in params.items() if key.endswith(side)}


def named(grads: Grads, side: str) -> Grads:
    """Name the parameters of one side as those of both are named."""
    return {key + side: grad for key, grad in grads.items()}


def _for_all(x_mask: Mask, shape: tuple[int, ...]) -> Mask:
    # (b, m) -> (b, 1, 1, m): the same for all heads and queries
    return full_mask(x_mask, shape, "x_mask")[:, np.newaxis, np.newaxis]
