import math

import numpy as np
import pytest

from attn.mechanisms.heads import multi_head
from attn.models.blocks import (
    FEED_FORWARD,
    NOWHERE,
    POST,
    PRE,
    Positions,
    Sublayer,
    by_layer,
    cross_attention,
    feed_forward,
    init_blocks,
    normalize,
    normalize_backward,
    on_itself,
    post_norm,
    pre_norm,
    self_attention,
    stack,
    stack_backward,
    surprise,
    weigh,
    weigh_backward,
)
from attn.ops.layers import layer_norm, layer_norm_backward
from attn.ops.masks import causal
from attn.ops.positions import rotary, rotary_backward
from attn.ops.softmax import cross_entropy, cross_entropy_backward, softmax
from attn.tools.gradcheck import gradcheck

D, HEADS, WIDE = 6, 2, 10
ROTARY = Positions(turn=(rotary, rotary_backward))
FALLING = Positions(bias=lambda heads, i, j: np.zeros((heads, 1, 1)) - np.abs(i[:, None] - j))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, layers=1, **kinds):
    drawn = init_blocks(rng, D, HEADS, layers, WIDE, dtype=np.float64, **kinds)
    return {k: p + 0.1 * rng.standard_normal(p.shape) for k, p in drawn.items()}


def layer(rng, **kinds):
    return by_layer(parameters(rng, **kinds))[0]


def norm(x, gamma, beta):
    rows = [(r - r.mean()) / math.sqrt(r.var() + 1e-5) for r in x.reshape(-1, D)]
    return gamma * np.array(rows).reshape(x.shape) + beta


def attend(x, memory, W_q, W_k, W_v, W_o, mask):
    return multi_head(x, memory, *(W.reshape(D, D) for W in (W_q, W_k, W_v)), W_o, HEADS, mask)


def sublayers(mask, positions=NOWHERE):
    return [on_itself(positions, mask), FEED_FORWARD]


def test_normalize_is_layer_norm(rng):
    x, dy = rng.standard_normal((2, 3, 5, D))
    gamma, beta = rng.standard_normal((2, D))
    y, trace = normalize(x, gamma, beta)
    np.testing.assert_allclose(y, layer_norm(x, gamma, beta), rtol=1e-12)
    np.testing.assert_allclose(y, norm(x, gamma, beta), rtol=1e-12)
    pairs = zip(
        normalize_backward(dy, trace, gamma), layer_norm_backward(dy, x, gamma, beta), strict=True
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("masked", [False, True])
def test_self_attention_is_multi_head(rng, masked):
    p, x = layer(rng), rng.standard_normal((3, 5, D))
    mask = rng.random((5, 5)) < 0.5 if masked else None
    y, trace = self_attention(x, p, mask)
    expected, alpha = attend(x, x, *np.moveaxis(p["W_qkv"], 1, 0), p["W_o"], mask)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(trace.alpha, alpha, rtol=1e-9)


def test_cross_attention_is_multi_head(rng):
    p, x, memory = layer(rng, cross=True), *(rng.standard_normal((3, n, D)) for n in (5, 7))
    mask = rng.random((3, 1, 7)) < 0.7
    y, trace = cross_attention(x, p, memory, mask[:, None])
    W_k, W_v = np.moveaxis(p["W_kv"], 1, 0)
    expected, alpha = attend(x, memory, p["W_q"], W_k, W_v, p["W_c"], mask)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(trace.alpha, alpha, rtol=1e-9)


def test_feed_forward_is_the_sum_in_the_paper(rng):
    p, x = layer(rng), rng.standard_normal((2, 3, D))
    y, _ = feed_forward(x, p)
    for b, i, j in np.ndindex(y.shape):
        a = [sum(x[b, i, k] * p["W_1"][k, w] for k in range(D)) for w in range(WIDE)]
        a = [a_w + b_w for a_w, b_w in zip(a, p["b_1"], strict=True)]
        z = [t * (1 + math.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * t**3))) / 2 for t in a]
        expected = sum(z_w * p["W_2"][w, j] for w, z_w in enumerate(z)) + p["b_2"][j]
        assert y[b, i, j] == pytest.approx(expected, rel=1e-12)


def test_post_norm_is_the_papers(rng):
    p, x = layer(rng), rng.standard_normal((2, 5, D))
    y, _ = stack(x, {k: v[None] for k, v in p.items()}, sublayers(causal(5)), POST)
    found, _ = attend(x, x, *np.moveaxis(p["W_qkv"], 1, 0), p["W_o"], causal(5))
    z = norm(x + found, p["gamma"][0], p["beta"][0])
    expected = norm(z + feed_forward(z, p)[0], p["gamma"][1], p["beta"][1])
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


def test_pre_norm_leaves_a_free_path_around(rng):
    p, x = layer(rng), rng.standard_normal((2, 5, D))
    y, _ = stack(x, {k: v[None] for k, v in p.items()}, sublayers(causal(5)), PRE)
    u = norm(x, p["gamma"][0], p["beta"][0])
    z = x + attend(u, u, *np.moveaxis(p["W_qkv"], 1, 0), p["W_o"], causal(5))[0]
    expected = z + feed_forward(norm(z, p["gamma"][1], p["beta"][1]), p)[0]
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("f", [pre_norm, post_norm])
def test_a_sublayer_that_finds_nothing_adds_nothing(rng, f):
    x, (gamma, beta) = rng.standard_normal((2, 5, D)), rng.standard_normal((2, D))
    y, _ = f(lambda u: (np.zeros_like(u), None), x, gamma, beta)
    np.testing.assert_allclose(y, x if f is pre_norm else norm(x, gamma, beta), rtol=1e-12)


@pytest.mark.parametrize("residual", [PRE, POST])
@pytest.mark.parametrize("positions", [NOWHERE, ROTARY, FALLING])
def test_gradcheck_stack(rng, residual, positions):
    wide = init_blocks(rng, 8, HEADS, 2, WIDE, dtype=np.float64)
    p = {k: v + 0.1 * rng.standard_normal(v.shape) for k, v in wide.items()}
    parts = sublayers(causal(5), positions)

    def f(x, *values):
        return stack(x, dict(zip(p, values, strict=True)), parts, residual)[0]

    def f_backward(dy, x, *values):
        params = dict(zip(p, values, strict=True))
        _, traces = stack(x, params, parts, residual)
        dx, grads = stack_backward(dy, traces, params, parts, residual)
        return dx, *(grads[key] for key in p)

    assert gradcheck(f, f_backward, (rng.standard_normal((2, 5, 8)), *p.values()), rng) < 1e-7


@pytest.mark.parametrize("case", ["generic", "one key", "all masked", "huge"])
def test_gradcheck_weigh(rng, case):
    m = 1 if case == "one key" else 7
    q, k, v = (rng.standard_normal((2, HEADS, n, 3)) for n in (5, m, m))
    q = 40 * q if case == "huge" else q
    mask = (np.arange(5) > 1)[:, None] if case == "all masked" else None

    def f_backward(dc, q, k, v):
        out = [np.empty_like(x) for x in (q, k, v)]
        return weigh_backward(dc, q, k, v, weigh(q, k, v, mask)[1], out)

    assert gradcheck(lambda *args: weigh(*args, mask)[0], f_backward, (q, k, v), rng) < 1e-7


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_softmax_whatever_the_size_of_the_scores(rng, scale, dtype):
    q, k, v = (rng.standard_normal((2, HEADS, 5, 4)).astype(dtype) for _ in range(3))
    mask = rng.random((5, 5)) < 0.6
    mask[2] = False
    _, alpha = weigh(q * dtype(scale), k, v, mask)
    expected = softmax(scale * q.astype(float) @ k.astype(float).mT / 2, mask)
    np.testing.assert_allclose(alpha, expected, atol=1e-4 if dtype == np.float32 else 1e-12)
    assert not alpha[..., 2, :].any()
    assert not alpha[..., ~mask].any()
    assert alpha.dtype == dtype


def test_the_bias_is_added_to_the_scores(rng):
    q, k, v = rng.standard_normal((3, 2, HEADS, 5, 4))
    bias = rng.standard_normal((HEADS, 5, 5))
    _, alpha = weigh(q, k, v, None, bias)
    np.testing.assert_allclose(alpha, softmax(q @ k.mT / 2 + bias), rtol=1e-12)


def test_a_turn_by_rotary_sees_distances_alone(rng):
    p, x = by_layer(init_blocks(rng, 8, HEADS, 1, 0, dtype=np.float64))[0], rng.random((1, 5, 8))
    kept = (rng.random((1, HEADS, 9, 4)), rng.random((1, HEADS, 9, 4)))
    mask = np.arange(14) > 8  # nothing of what stands before may be seen
    y, _ = self_attention(x, p, None, ROTARY)
    moved, _ = self_attention(x, p, mask, ROTARY, kept)
    np.testing.assert_allclose(moved, y, rtol=1e-9)


@pytest.mark.parametrize("loud", [1, 1000])
def test_weigh_refuses_a_mask_of_floats_whatever_the_scores(rng, loud):
    q, k, v = rng.standard_normal((3, 2, HEADS, 5, 4))
    with pytest.raises(ValueError, match="mask: expected booleans"):
        weigh(loud * q, k, v, np.where(causal(5), 0.0, -1e9))


def test_surprise_is_cross_entropy_and_its_gradient(rng):
    logits, y = 9 * rng.standard_normal((3, 5, 7)), rng.integers(0, 7, (3, 5))
    kept = rng.random((3, 5)) < 0.6
    loss, dlogits = surprise(logits, np.where(kept, y, 99), kept)
    assert loss == pytest.approx(cross_entropy(logits, y, kept), rel=1e-12)
    expected = cross_entropy_backward(1.0, logits, y, kept)
    np.testing.assert_allclose(dlogits, expected, rtol=1e-10, atol=1e-15)
    assert surprise(logits, y, np.zeros_like(kept))[0] == 0


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((6, 4, 1, 8), "heads: expected a divisor of d = 6, got 4"),
        ((6, 0, 1, 8), "heads: expected a whole number of at least 1, got 0"),
        ((6, 2, 0, 8), "layers: expected a whole number of at least 1, got 0"),
        ((6, 2, 1, -1), "wide: expected a whole number of at least 0, got -1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_by_name(rng, sizes, message):
    with pytest.raises(ValueError, match=message):
        init_blocks(rng, *sizes)


def test_a_sublayer_of_ones_own_takes_part(rng):
    double = Sublayer(lambda x, params: (2 * x, None), lambda dy, trace, params: (2 * dy, {}))
    p = {key: parameters(rng)[key][:, :1] for key in ("gamma", "beta")}
    x = rng.standard_normal((2, 5, D))
    y, traces = stack(x, p, [double], PRE)
    np.testing.assert_allclose(y, x + 2 * norm(x, p["gamma"][0, 0], p["beta"][0, 0]), rtol=1e-12)
    assert stack_backward(y, traces, p, [double], PRE)[1].keys() == p.keys()
