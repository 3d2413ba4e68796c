import numpy as np
import pytest

from attn.mechanisms.attention import attention
from attn.mechanisms.heads import multi_head, multi_head_backward
from attn.ops.masks import causal, padding
from attn.tools.gradcheck import gradcheck

HEADS = 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def arguments(rng):
    normal = rng.standard_normal
    x_q, x_kv = normal((2, 3, 5)), normal((2, 7, 11))
    return x_q, x_kv, normal((5, 6)) / 2, normal((11, 6)) / 2, normal((11, 8)), normal((8, 13))


def test_heads_are_attentions_side_by_side(arguments):
    x_q, x_kv, W_q, W_k, W_v, W_o = arguments
    y, alpha = multi_head(*arguments, HEADS)
    found = []
    for h in range(HEADS):
        qk, v = slice(3 * h, 3 * h + 3), slice(4 * h, 4 * h + 4)
        c, weights = attention(x_q @ W_q[:, qk], x_kv @ W_k[:, qk], x_kv @ W_v[:, v])
        assert alpha[:, h] == pytest.approx(weights)
        found.append(c)
    assert y == pytest.approx(np.concatenate(found, axis=-1) @ W_o)


def test_scale_is_sqrt_dk_per_head(rng):
    x = rng.standard_normal((5, 8))
    eye = np.eye(8)
    _, alpha = multi_head(x, x, eye, eye, eye, eye, 4)
    e = np.log(alpha[0])
    scores = x[:, :2] @ x[:, :2].T / np.sqrt(2)
    assert e - e[:, :1] == pytest.approx(scores - scores[:, :1])


def test_one_head_with_identity_projections_is_attention(rng):
    x, eye = rng.standard_normal((2, 5, 4)), np.eye(4)
    y, alpha = multi_head(x, x, eye, eye, eye, eye, 1)
    c, weights = attention(x, x, x)
    assert y == pytest.approx(c)
    assert alpha[:, 0] == pytest.approx(weights)


@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 1, 7), (2, 3, 7)])
def test_the_mask_is_the_same_for_all_heads(rng, arguments, shape):
    mask = rng.random(shape) < 0.5
    _, alpha = multi_head(*arguments, HEADS, mask)
    seen = np.broadcast_to(mask, (2, 3, 7))[:, None]
    assert ((alpha > 0) == seen).all()


def test_future_token_cannot_leak(rng, arguments):
    x = rng.standard_normal((5, 5))
    _, _, W_q, *_ = arguments
    W_o = rng.standard_normal((6, 5))
    y, _ = multi_head(x, x, W_q, W_q, W_q, W_o, HEADS, causal(5))
    x[3:] = 0
    assert np.array_equal(multi_head(x, x, W_q, W_q, W_q, W_o, HEADS, causal(5))[0][:3], y[:3])


def test_pad_value_irrelevant(arguments):
    x_q, x_kv, *weights = arguments
    mask = padding(np.array([3, 5]), 7)
    y, alpha = multi_head(*arguments, HEADS, mask)
    dy = np.ones_like(y)
    expected = multi_head_backward(dy, *arguments, alpha)
    x_kv = np.where(mask.mT, x_kv, np.nan)
    y_pad, alpha_pad = multi_head(x_q, x_kv, *weights, HEADS, mask)
    assert np.array_equal(alpha_pad, alpha)
    assert y_pad == pytest.approx(y)
    for g, g_pad in zip(expected, multi_head_backward(dy, x_q, x_kv, *weights, alpha), strict=True):
        assert g_pad == pytest.approx(g)


@pytest.mark.parametrize("lead", [(0,), (2, 0)])
def test_an_empty_batch_is_no_error(arguments, lead):
    x_q, x_kv, *weights = arguments
    x_q, x_kv = np.zeros((*lead, *x_q.shape[1:])), np.zeros((*lead, *x_kv.shape[1:]))
    y, alpha = multi_head(x_q, x_kv, *weights, HEADS)
    assert (y.shape, alpha.shape) == ((*lead, 3, 13), (*lead, HEADS, 3, 7))
    grads = multi_head_backward(y, x_q, x_kv, *weights, alpha)
    assert [g.shape for g in grads] == [x.shape for x in (x_q, x_kv, *weights)]
    assert not any(g.any() for g in grads)


@pytest.mark.parametrize("case", ["generic", "one key", "masked", "all masked"])
def test_gradcheck_multi_head(rng, arguments, case):
    if case == "one key":
        arguments = (arguments[0], arguments[1][:, :1], *arguments[2:])
    mask = {"masked": rng.random((3, 7)) < 0.5, "all masked": padding(np.array([0, 7]), 7)}.get(
        case
    )

    def f_backward(dy, *args):
        return multi_head_backward(dy, *args, multi_head(*args, HEADS, mask)[1])

    error = gradcheck(lambda *args: multi_head(*args, HEADS, mask)[0], f_backward, arguments, rng)
    assert error < 1e-7


@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (6, 4, "heads: expected a divisor of W_q's 6 columns, got 4"),
        (6, 3, "heads: expected a divisor of W_v's 8 columns, got 3"),
        (6, 0, "heads: expected a whole number of at least 1, got 0"),
        (6, 2.0, "heads: expected a whole number of at least 1, got 2.0"),
        (7, np.ones((3, 7)), "mask: expected booleans, True = may attend, got float64"),
        (7, np.ones((2, 3, 5), bool), r"mask: .* broadcasts to \(2, 3, 7\), got \(2, 3, 5\)"),
        (1, np.ones((2, 0, 11)), "x_kv: .* at least one key"),
        (1, np.ones((2, 7, 11), int), "x_kv: expected an array of floats, got int64"),
        (3, np.ones((11, 8)), r"W_k: .* with c = 6, got \(11, 8\)"),
        (5, np.ones((6, 13)), r"W_o: .* with p = 8, got \(6, 13\)"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, position, change, message):
    call = [*arguments, HEADS, None]
    call[position] = change
    with pytest.raises(ValueError, match=message):
        multi_head(*call)
