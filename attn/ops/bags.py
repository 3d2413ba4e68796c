"""A sentence as one vector: the vectors of its words added up, each weighted by its place.

Word 0 is no word: it pads short sentences and counts for nothing.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from attn.ops.checks import check_count, check_indices, check_shapes
from attn.types import Array, Indices, Mask

Encoding: TypeAlias = Callable[[Indices, int], tuple[Array, Array]]
"""Words and a number of features d -> what each place and each feature counts: l_kj = Σ_r."""


class Counts(NamedTuple):
    """How often, at which places, each word stands in a sentence: all that a sum needs to know."""

    N: Array
    feature: Array


def bag(x: Indices, d: int) -> tuple[Array, Array]:
    """Let every word count alike, wherever it stands.

    l_kj = 1

    Shapes: x (..., j), d () -> place (..., j, 1), feature (1, d)
    Raises: ValueError if x is not of whole numbers, or d is not a whole number.
    Source: Sukhbaatar et al. 2015, sec. 4.1, "bag-of-words (BoW)".
    """
    _check(x, d)
    return (x != 0)[..., None].astype(float), np.ones((1, d))


def position_encoding(x: Indices, d: int) -> tuple[Array, Array]:
    """Let early words count for more in the first features, late words in the last.

    l_kj = (1 − j/J) − (k/d)(1 − 2j/J) = Σ_r place_jr feature_rk

    J is the number of words of the sentence itself; j and k count from 1.

    Shapes: x (..., j), d () -> place (..., j, 2), feature (2, d)
    Raises: ValueError if x is not of whole numbers, or d is not a whole number.
    Source: Sukhbaatar et al. 2015, sec. 4.1, "position encoding (PE)".
    """
    _check(x, d)
    J = np.maximum((x != 0).sum(axis=-1, keepdims=True), 1)
    j = np.arange(1, x.shape[-1] + 1) / J
    return _places(x, 1 - j, 2 * j - 1), np.stack([np.ones(d), np.arange(1, d + 1) / d])


def centered_position_encoding(x: Indices, d: int) -> tuple[Array, Array]:
    """Weigh as the code in circulation does: around 1, with J the room for words, not their number.

    l_kj = 1 + 4 (k − (d + 1)/2) (j − (J + 1)/2) / (d J)

    For a sentence that fills its room this is twice the formula of the paper, at k − ½ and j − ½.

    Shapes: x (..., j), d () -> place (..., j, 2), feature (2, d)
    Raises: ValueError if x is not of whole numbers, or d is not a whole number.
    Source: the authors' code of 2015 and its translations; their last word, the time, weighs 1.
    """
    _check(x, d)
    J = x.shape[-1]
    j = np.broadcast_to(np.arange(1, J + 1), x.shape)
    k = np.arange(1, d + 1)
    feature = np.stack([np.ones(d), (k - (d + 1) / 2) / d])
    return _places(x, np.ones(x.shape), 4 * (j - (J + 1) / 2) / J), feature


def sentence(x: Indices, E: Array, encoding: Encoding = bag) -> tuple[Array, Counts]:
    """Add up the word vectors of each sentence, weighted by place, from each of several tables.

    m_t = Σ_j l_j ⊙ E_t[x_j]

    The places come first: l has rank 2 at most, so that a sentence is two counts of its words.

    Shapes: x (..., j), E (t, v, d) -> m (t, ..., d), trace
    Raises: ValueError if E is not of floats, or x is not of whole numbers from 0 to v − 1.
    Source: Sukhbaatar et al. 2015, sec. 4.1.
    """
    check_shapes("E (t, v, d)", E)
    check_indices("x", x, np.shape(x), E.shape[1])
    place, feature = encoding(x, E.shape[2])
    counts = Counts(_counted(x, place, E.shape[1]).astype(E.dtype), feature.astype(E.dtype))
    m = counts.N @ _weighed(E, counts.feature)
    return m.reshape(len(E), *x.shape[:-1], E.shape[2]), counts


def sentence_backward(dm: Array, trace: Counts, E: Array) -> Array:
    """Gradient of sentence: every word collects from the sentences where it stood.

    dE_t[u] = Σ_j [x_j = u] l_j ⊙ dm_t

    Shapes: dm (t, ..., d), E (t, v, d) -> dE (t, v, d)
    Source: the derivative of sentence.
    """
    N, feature = trace
    dweighed = N.T @ dm.reshape(len(E), len(N), E.shape[2])
    return (dweighed.reshape(len(E), -1, *E.shape[1:]) * feature[:, None]).sum(axis=1)


def filled(x: Indices) -> Mask:
    """Tell the slots that hold a sentence from those that are empty. No gradient: of words.

    Shapes: x (..., j) -> filled (...)
    Source: Sukhbaatar et al. 2015, sec. 4.1: the null symbol counts for nothing.
    """
    return (x != 0).any(axis=-1)


def _weighed(E: Array, feature: Array) -> Array:
    return (feature[:, None] * E[:, None]).reshape(len(E), -1, E.shape[2])


def _counted(x: Indices, place: Array, words: int) -> Array:
    # N_rv = Σ_j place_jr [x_j = v]: a row a sentence, all r side by side
    r, sentences = place.shape[-1], math.prod(x.shape[:-1])
    row = np.arange(0, sentences * r * words, r * words)[:, None, None]
    at = row + x.astype(int).reshape(sentences, x.shape[-1], 1) + np.arange(0, r * words, words)
    N = np.bincount(at.ravel(), place.ravel(), row.size * r * words)
    return np.asarray(N, dtype=float).reshape(sentences, r * words)


def _places(x: Indices, first: Array, second: Array) -> Array:
    return np.where((x != 0)[..., None], np.stack([first, second], axis=-1), 0)


def _check(x: Indices, d: int) -> None:
    check_indices("x", x, np.shape(x))
    check_count("d", d, least=1)
