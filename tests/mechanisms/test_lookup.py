import math
from functools import partial

import numpy as np
import pytest

from attn.mechanisms.addressing import content, read
from attn.mechanisms.attention import additive_attention, attention, attention_backward
from attn.mechanisms.lookup import (
    linear_look_up,
    linear_look_up_backward,
    look_up,
    look_up_backward,
)
from attn.models.memnet import hop, soft
from attn.models.seq2seq import attend
from attn.ops.scores import additive, cosine, scaled_dot, scaled_dot_backward
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def qkv(rng):
    return tuple(map(rng.standard_normal, [(2, 3, 5), (2, 7, 5), (2, 7, 4)]))


def test_look_up_is_the_sum_in_the_paper(qkv):
    q, k, v = qkv
    o, p = look_up(*qkv)
    for b, i in np.ndindex(2, 3):
        z = [math.exp(sum(q[b, i] * k[b, j])) for j in range(7)]
        assert p[b, i] == pytest.approx(np.array(z) / sum(z))
        assert o[b, i] == pytest.approx(sum(z[j] / sum(z) * v[b, j] for j in range(7)))


def test_the_translator_is_this_look_up(rng):
    b, T, n, a = 2, 7, 3, 5
    h, s, mask = (
        rng.standard_normal((b, T, 2 * n)),
        rng.standard_normal((b, n)),
        np.ones((b, T), bool),
    )
    mask[1, 4:] = False
    weights = [rng.standard_normal(shape) for shape in ((n, a), (2 * n, a), a)]
    params = dict(zip(("W_a", "U_a", "v_a"), weights, strict=True))
    c, alpha, _ = attend(params, h, h @ params["U_a"], mask, s)
    score = partial(additive, **params)
    o, p = look_up(s[:, None], h, h, mask[:, None], score)
    assert o[:, 0] == pytest.approx(c)
    assert p[:, 0] == pytest.approx(alpha)
    assert o == pytest.approx(additive_attention(s[:, None], h, h, *weights, mask[:, None])[0])


def test_the_head_of_a_turing_machine_is_this_look_up(rng):
    k, beta, M = rng.standard_normal((2, 5)), rng.uniform(1, 9, 2), rng.standard_normal((2, 7, 5))
    o, p = look_up(k[:, None], M, M, score=lambda q, k: beta[:, None, None] * cosine(q, k))
    assert p[:, 0] == pytest.approx(content(k, beta, M))
    assert o[:, 0] == pytest.approx(read(content(k, beta, M), M))


def test_the_hop_of_a_memory_network_is_this_look_up(rng):
    u, (m, c) = rng.standard_normal((2, 5)), rng.standard_normal((2, 2, 7, 5))
    filled = np.arange(7) < [[7], [4]]
    u_next, p = hop(u, m, c, None, soft(filled[:, None]))
    o, weights = look_up(u[:, None], m, c, filled[:, None])
    assert u_next == pytest.approx(u + o[:, 0])
    assert p == pytest.approx(weights[:, 0])


def test_the_transformer_is_this_look_up(rng, qkv):
    o, p = look_up(*qkv, score=scaled_dot)
    c, alpha = attention(*qkv)
    assert o == pytest.approx(c)
    assert p == pytest.approx(alpha)
    ours = look_up_backward(o, *qkv, p, scaled_dot_backward)
    for mine, theirs in zip(ours, attention_backward(c, *qkv, alpha), strict=True):
        assert mine == pytest.approx(theirs)


MASKS = {
    "none": None,
    "some": np.arange(7) < 4,
    "all": np.zeros(7, bool),
    "one": np.arange(7) == 2,
    "a row": np.arange(21).reshape(3, 7) < 14,
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("keys", [1, 7])
def test_gradcheck_look_up(rng, qkv, mask, keys):
    q, k, v = qkv
    args, mask = [q, k[:, :keys], v[:, :keys]], None if mask is None else mask[..., :keys]

    def f(q, k, v):
        return look_up(q, k, v, mask)[0]

    def f_backward(do, q, k, v):
        return look_up_backward(do, q, k, v, look_up(q, k, v, mask)[1])

    assert gradcheck(f, f_backward, args, rng) < 1e-7


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_gradcheck_linear_look_up(rng, qkv, mask):
    def f(q, k, v):
        return linear_look_up(q, k, v, mask)[0]

    def f_backward(do, q, k, v):
        return linear_look_up_backward(do, q, k, v, linear_look_up(q, k, v, mask)[1], mask)

    assert gradcheck(f, f_backward, list(qkv), rng) < 1e-7


def test_gradcheck_linear_look_up_where_all_scores_are_zero(rng, qkv):
    _, k, v = qkv

    def f_backward(do, q, k, v):
        return linear_look_up_backward(do, q, k, v, linear_look_up(q, k, v)[1])

    zero = np.zeros((2, 3, 5))
    assert gradcheck(lambda *x: linear_look_up(*x)[0], f_backward, [zero, k, v], rng) < 1e-7


def test_linear_look_up_is_linear_in_each_argument(qkv):
    q, k, v = qkv
    o, _ = linear_look_up(q, k, v)
    for twice in ((2 * q, k, v), (q, 2 * k, v), (q, k, 2 * v)):
        assert linear_look_up(*twice)[0] == pytest.approx(2 * o)


@pytest.mark.parametrize("f", [look_up, linear_look_up])
def test_pad_value_irrelevant(qkv, f):
    q, k, v = qkv
    mask = np.arange(7) < 4
    o, p = f(q, k, v, mask)
    assert not p[..., 4:].any()
    other, _ = f(q, np.where(mask[:, None], k, 9), np.where(mask[:, None], v, np.nan), mask)
    assert o == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("f", [look_up, linear_look_up])
def test_float_mask_rejected(qkv, f):
    with pytest.raises(ValueError, match="mask: expected booleans, True = may attend, got float64"):
        f(*qkv, np.ones(7))
    with pytest.raises(ValueError, match=r"mask: .* broadcasts to \(2, 3, 7\), got \(5,\)"):
        f(*qkv, np.ones(5, bool))


@pytest.mark.parametrize("f", [look_up, linear_look_up])
def test_shapes_that_do_not_fit_are_refused_by_name(qkv, f):
    q, k, v = qkv
    with pytest.raises(ValueError, match=r"k: .* with d = 4, got \(2, 7, 5\)"):
        f(q[..., :4], k, v)
    with pytest.raises(ValueError, match=r"v: .* with j = 7, got \(2, 6, 4\)"):
        f(q, k, v[:, :6])
