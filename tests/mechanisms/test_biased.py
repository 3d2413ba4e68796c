import math

import numpy as np
import pytest

from attn.mechanisms.attention import attention
from attn.mechanisms.biased import biased_attention, biased_attention_backward
from attn.ops.masks import causal
from attn.ops.places import alibi, alibi_slopes, learned
from attn.ops.positions import rotary, sinusoidal
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def arguments(rng):
    normal = rng.standard_normal
    return normal((2, 3, 5, 7)), normal((2, 3, 11, 7)), normal((2, 3, 11, 4)), normal((3, 5, 11))


def test_the_bias_is_added_to_the_scaled_scores(arguments):
    q, k, v, bias = arguments
    c, alpha = biased_attention(*arguments)
    for b, h, i in np.ndindex(2, 3, 5):
        e = [sum(q[b, h, i] * k[b, h, j]) / math.sqrt(7) + bias[h, i, j] for j in range(11)]
        total = sum(math.exp(x) for x in e)
        weights = [math.exp(x) / total for x in e]
        assert alpha[b, h, i] == pytest.approx(weights)
        context = [sum(w * x for w, x in zip(weights, column, strict=True)) for column in v[b, h].T]
        assert c[b, h, i] == pytest.approx(context)


def test_a_bias_of_zero_is_plain_attention(arguments):
    q, k, v, bias = arguments
    for got, expected in zip(biased_attention(q, k, v, 0 * bias), attention(q, k, v), strict=True):
        assert np.array_equal(got, expected)


def test_the_same_bias_for_all_keys_of_a_query_changes_nothing(arguments):
    q, k, v, bias = arguments
    c, alpha = biased_attention(q, k, v, bias[..., :1])
    assert alpha == pytest.approx(attention(q, k, v)[1])
    assert c == pytest.approx(attention(q, k, v)[0])


def test_alibi_multiplies_weights_by_a_power_of_the_distance(arguments):
    q, k, v, _ = arguments
    bias = alibi(alibi_slopes(3), np.arange(6, 11), np.arange(11))
    _, alpha = biased_attention(q, k, v, bias, causal(5, 11))
    _, plain = attention(q, k, v, causal(5, 11))
    distance = np.abs(np.arange(6, 11)[:, None] - np.arange(11))
    for h, slope in enumerate((2**-4, 2**-8, 2**-2)):
        expected = plain[:, h] * np.exp(-slope * distance)
        assert alpha[:, h] == pytest.approx(expected / expected.sum(axis=-1, keepdims=True))


# Order: what a layer of self-attention makes of rows x at the positions t.


def no_positions(x, t):
    return attention(x, x, x)[0]


CODES = {
    "sinusoidal": lambda x, t: no_positions(x + sinusoidal(11, 8), t),
    "learned": lambda x, t: no_positions(learned(x, np.eye(11, 8), t), t),
    "rotary": lambda x, t: attention(rotary(x, t), rotary(x, t), x)[0],
    "alibi": lambda x, t: biased_attention(x, x, x, alibi(alibi_slopes(1), t, t)[0])[0],
}


def shuffled_off(rng, layer):
    x, t, order = rng.standard_normal((11, 8)), np.arange(11), rng.permutation(11)
    return np.abs(layer(x[order], t) - layer(x, t)[order]).max()


def test_without_positions_what_goes_in_shuffled_comes_out_shuffled_alike(rng):
    assert shuffled_off(rng, no_positions) <= 1e-12


@pytest.mark.parametrize("code", CODES)
def test_with_positions_the_order_matters(rng, code):
    assert shuffled_off(rng, CODES[code]) > 1e-3


def test_a_bias_forbids_nothing(arguments):
    q, k, v, bias = arguments
    _, alpha = biased_attention(q, k, v, np.full_like(bias, -np.inf))
    assert alpha == pytest.approx(1 / 11)


def test_the_mask_forbids_whatever_the_bias_says(arguments):
    q, k, v, bias = arguments
    bias = np.where(causal(5, 11), bias, np.nan)
    c, alpha = biased_attention(q, k, v, bias, causal(5, 11))
    assert ((alpha > 0) == causal(5, 11)).all()
    grads = biased_attention_backward(np.ones_like(c), q, k, v, bias, alpha)
    assert all(np.isfinite(g).all() for g in grads)
    assert (grads[3][:, ~causal(5, 11)] == 0).all()


def test_scores_keep_their_precision_whatever_the_bias_has(arguments):
    q, k, v, bias = arguments
    q, k, v = (x.astype(np.float32) for x in (q, k, v))
    assert {x.dtype for x in biased_attention(q, k, v, bias)} == {np.dtype(np.float32)}


BIASES = {
    "full": (2, 3, 5, 11),
    "a head": (3, 1, 1),
    "all heads": (5, 11),
    "a key": (11,),
    "a batch": (2, 1, 1, 1),
    "one number": (),
    "stretched": (1, 3, 1, 11),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", BIASES)
def test_gradcheck_biased_attention(rng, arguments, kind, masked):
    q, k, v, _ = arguments
    mask = rng.random((5, 11)) < 0.5 if masked else None

    def f_backward(dc, *args):
        return biased_attention_backward(dc, *args, biased_attention(*args, mask)[1])

    args = (q, k, v, rng.standard_normal(BIASES[kind]) * np.ones(BIASES[kind]))
    args = tuple(np.asarray(x) for x in args)
    assert gradcheck(lambda *a: biased_attention(*a, mask)[0], f_backward, args, rng) < 1e-7


@pytest.mark.parametrize("case", ["one key", "ties", "all masked"])
def test_gradcheck_biased_attention_at_awkward_points(rng, arguments, case):
    q, k, v, bias = arguments
    if case == "one key":
        k, v, bias = k[..., :1, :], v[..., :1, :], bias[..., :1]
    if case == "ties":
        k, bias = np.ones_like(k), np.zeros_like(bias)
    mask = np.zeros(11, bool) if case == "all masked" else None

    def f_backward(dc, *args):
        return biased_attention_backward(dc, *args, biased_attention(*args, mask)[1])

    args = (q, k, v, bias)
    assert gradcheck(lambda *a: biased_attention(*a, mask)[0], f_backward, args, rng) < 1e-7


def test_inputs_are_not_written(arguments):
    before = [x.copy() for x in arguments]
    c, alpha = biased_attention(*arguments)
    biased_attention_backward(c, *arguments, alpha)
    assert all(np.array_equal(x, y) for x, y in zip(arguments, before, strict=True))


@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (3, np.ones((5, 7)), r"bias: .* broadcasts to \(2, 3, 5, 11\), got \(5, 7\)"),
        (3, np.ones((1, 2, 3, 5, 11)), r"bias: .* got \(1, 2, 3, 5, 11\)"),
        (3, np.ones((5, 11), bool), "bias: expected an array of floats, got bool"),
        (3, 1.0, "bias: expected an array of floats, got float"),
        (1, np.ones((2, 3, 11, 5)), r"k: .* with d = 7, got \(2, 3, 11, 5\)"),
        (2, np.ones((2, 3, 5, 4)), r"v: .* with m = 11, got \(2, 3, 5, 4\)"),
        (4, np.ones((5, 11)), "mask: expected booleans, True = may attend, got float64"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, position, change, message):
    call = [*arguments, None]
    call[position] = change
    with pytest.raises(ValueError, match=message):
        biased_attention(*call)
