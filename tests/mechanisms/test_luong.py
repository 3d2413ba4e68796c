import math

import numpy as np
import pytest

from attn.mechanisms import luong
from attn.mechanisms.attention import additive_attention
from attn.mechanisms.luong import dot_attention, general_attention, location_attention
from attn.ops.masks import padding
from attn.tools.gradcheck import gradcheck

NAMES = ["dot", "general", "concat", "location"]
SHAPES = {"dot": (), "general": ((5, 7),), "concat": ((12, 11), 11), "location": ((5, 8),)}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def arguments(name, rng, keys=6):
    """Batch 2, 3 queries of 5 features, keys of 7 where they may differ, values of 4."""
    k = rng.standard_normal((2, keys, 5 if name == "dot" else 7))
    params = [rng.standard_normal(shape) / 2 for shape in SHAPES[name]]
    return rng.standard_normal((2, 3, 5)), k, rng.standard_normal((2, keys, 4)), *params


def functions(name):
    return getattr(luong, f"{name}_attention"), getattr(luong, f"{name}_attention_backward")


SCORES = {
    "dot": lambda q, k, j: sum(q * k),
    "general": lambda q, k, j, W_a: sum(
        q[a] * W_a[a, b] * k[b] for a, b in np.ndindex(len(q), len(k))
    ),
    "concat": lambda q, k, j, W_a, v_a: sum(
        v_a[a] * math.tanh(sum([*q, *k] * W_a[:, a])) for a in range(len(v_a))
    ),
    "location": lambda q, k, j, W_a: sum(W_a[:, j] * q),
}


@pytest.mark.parametrize("name", NAMES)
def test_context_is_the_sum_in_the_paper(rng, name):
    q, k, v, *params = arguments(name, rng)
    lengths = np.array([6, 4])
    c, alpha = functions(name)[0](q, k, v, *params, padding(lengths, 6))
    for b, i in np.ndindex(2, 3):
        e = [SCORES[name](q[b, i], k[b, j], j, *params) for j in range(lengths[b])]
        weights = [math.exp(x) / sum(map(math.exp, e)) for x in e]
        assert alpha[b, i] == pytest.approx([*weights, 0, 0][:6])
        assert c[b, i] == pytest.approx(sum(a * x for a, x in zip(weights, v[b], strict=False)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ["generic", "one key", "ties", "masked", "all masked"])
def test_gradcheck_luong(rng, name, case):
    f, f_backward = functions(name)
    q, k, v, *params = arguments(name, rng, 1 if case == "one key" else 6)
    k = np.ones_like(k) if case == "ties" else k
    mask = {"masked": rng.random((2, 3, 6)) < 0.5, "all masked": np.zeros(6, bool)}.get(case)

    def backward(dc, *args):
        return f_backward(dc, *args, f(*args, mask)[1])

    assert gradcheck(lambda *args: f(*args, mask)[0], backward, (q, k, v, *params), rng) < 1e-7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pad", [0.0, 1e30, np.nan])
def test_pad_value_irrelevant(rng, name, pad):
    f, f_backward = functions(name)
    q, k, v, *params = arguments(name, rng)
    mask = padding(np.array([3, 4]), 6)
    c, alpha = f(q, k, v, *params, mask)
    hidden = ~np.broadcast_to(mask.mT, (2, 6, 1))
    k, v = np.where(hidden, pad, k), np.where(hidden, pad, v)
    c_pad, alpha_pad = f(q, k, v, *params, mask)
    assert np.array_equal(alpha_pad, alpha)
    assert c_pad == pytest.approx(c)
    grads = f_backward(np.ones_like(c), q, k, v, *params, alpha_pad)
    assert all(np.isfinite(g).all() for g in grads)


@pytest.mark.parametrize("name", NAMES)
def test_all_masked_row_is_zero(rng, name):
    f, f_backward = functions(name)
    args = arguments(name, rng)
    c, alpha = f(*args, padding(np.array([6, 0]), 6))
    dq, dk, dv, *_ = f_backward(np.ones_like(c), *args, alpha)
    assert all((x[1] == 0).all() for x in (c, alpha, dq, dk, dv))


@pytest.mark.parametrize("name", ["dot", "general", "concat"])
def test_encoder_state_order_equivariance(rng, name):
    q, k, v, *params = arguments(name, rng)
    order = rng.permutation(6)
    c, alpha = functions(name)[0](q, k, v, *params)
    c_moved, alpha_moved = functions(name)[0](q, k[:, order], v[:, order], *params)
    assert c_moved == pytest.approx(c)
    assert alpha_moved == pytest.approx(alpha[..., order])


def test_location_score_ignores_keys(rng):
    q, k, v, W_a = arguments("location", rng)
    c, alpha = location_attention(q, k, v, W_a)
    other = rng.standard_normal((2, 6, 3))  # other keys, of another size even
    c_other, alpha_other = location_attention(q, other, v, W_a)
    assert np.array_equal(alpha_other, alpha)
    assert np.array_equal(c_other, c)
    grads = luong.location_attention_backward(np.ones_like(c), q, k, v, W_a, alpha)
    assert not grads[1].any()
    order = [5, 0, 1, 2, 3, 4]  # it weighs places: the values move and the weights stay
    assert location_attention(q, k[:, order], v[:, order], W_a)[1] == pytest.approx(alpha)


def test_a_shorter_source_uses_the_first_places(rng):
    q, k, v, W_a = arguments("location", rng)
    c, alpha = location_attention(q, k, v, W_a)
    c_exact, alpha_exact = location_attention(q, k, v, W_a[:, :6])
    assert np.array_equal(alpha, alpha_exact)
    dW_a = luong.location_attention_backward(np.ones_like(c), q, k, v, W_a, alpha)[3]
    assert dW_a.shape == W_a.shape
    assert dW_a[:, :6].any()
    assert not dW_a[:, 6:].any()
    assert np.array_equal(c, c_exact)


def test_a_source_longer_than_the_places_is_refused(rng):
    q, _, _, W_a = arguments("location", rng)
    with pytest.raises(ValueError, match="k: expected at most 8 keys, the places of W_a, got 9"):
        location_attention(q, np.ones((2, 9, 7)), np.ones((2, 9, 4)), W_a)


def test_general_with_the_identity_is_dot(rng):
    q, k, v = arguments("dot", rng)
    assert general_attention(q, k, v, np.eye(5))[0] == pytest.approx(dot_attention(q, k, v)[0])


def test_concat_is_additive_attention_with_its_matrix_split(rng):
    q, k, v, W_a, v_a = arguments("concat", rng)
    split = additive_attention(q, k, v, W_a[:5], W_a[5:], v_a)
    assert luong.concat_attention(q, k, v, W_a, v_a)[0] == pytest.approx(split[0])


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_written(rng, name):
    f, f_backward = functions(name)
    args = arguments(name, rng)
    for x in args:
        x.flags.writeable = False
    c, alpha = f(*args)
    f_backward(c, *args, alpha)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (0, np.ones((3, 5)), r"k: .* with \.\.\. = \(\), got \(2, 6, \d\)"),
        (2, np.ones((2, 5, 4)), r"v: .* with m = 6, got \(2, 5, 4\)"),
        (2, np.ones((2, 6, 4), int), "v: expected an array of floats, got int64"),
        (3, np.ones((9, 9)), r"(W_a|mask): expected .*, got (\(9, 9\)|float64)"),
    ],
)
def test_bad_input_is_refused_by_name(rng, name, position, change, message):
    call = [*arguments(name, rng), None]
    call[position] = change
    with pytest.raises(ValueError, match=message):
        functions(name)[0](*call)
