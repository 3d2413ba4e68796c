import numpy as np
import pytest

from attn.mechanisms.attention import attention
from attn.mechanisms.heads import (
    grouped_query,
    grouped_query_backward,
    multi_head,
    multi_head_backward,
    multi_query,
    multi_query_backward,
)
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


# Heads that share keys and values: three query heads for each of two groups.

GROUPS, R = 2, 3


@pytest.fixture
def grouped(rng):
    normal = rng.standard_normal
    x_q, x_kv = normal((2, 5, 7)), normal((2, 11, 13))
    return x_q, x_kv, normal((7, 24)) / 2, normal((13, 8)) / 4, normal((13, 10)), normal((30, 3))


def test_each_group_of_heads_attends_to_its_own_keys_and_values(grouped):
    x_q, x_kv, W_q, W_k, W_v, W_o = grouped
    y, alpha = grouped_query(*grouped, GROUPS)
    found = []
    for i in range(GROUPS * R):
        j = i // R
        q = x_q @ W_q[:, 4 * i : 4 * i + 4]
        k, v = x_kv @ W_k[:, 4 * j : 4 * j + 4], x_kv @ W_v[:, 5 * j : 5 * j + 5]
        c, weights = attention(q, k, v)
        assert alpha[:, i] == pytest.approx(weights)
        found.append(c)
    assert y == pytest.approx(np.concatenate(found, axis=-1) @ W_o)


def repeated(W, groups, r):
    """The matrix in which each head has a copy of what its group shares."""
    return np.concatenate([part for part in np.split(W, groups, axis=1) for _ in range(r)], axis=1)


def test_grouped_heads_are_heads_with_the_same_keys_and_values(grouped):
    x_q, x_kv, W_q, W_k, W_v, W_o = grouped
    y, alpha = grouped_query(*grouped, GROUPS)
    W_k, W_v = repeated(W_k, GROUPS, R), repeated(W_v, GROUPS, R)
    expected_y, expected_alpha = multi_head(x_q, x_kv, W_q, W_k, W_v, W_o, GROUPS * R)
    assert y == pytest.approx(expected_y)
    assert alpha == pytest.approx(expected_alpha)


def test_as_many_groups_as_heads_are_multi_head(arguments):
    y, alpha = grouped_query(*arguments, HEADS)
    expected_y, expected_alpha = multi_head(*arguments, HEADS)
    assert y == pytest.approx(expected_y)
    assert alpha == pytest.approx(expected_alpha)
    grads = grouped_query_backward(y, *arguments, alpha)
    for g, expected in zip(grads, multi_head_backward(y, *arguments, alpha), strict=True):
        assert g == pytest.approx(expected)


def test_multi_query_heads_all_read_the_same_keys_and_values(grouped):
    x_q, x_kv, W_q, W_k, W_v, W_o = grouped
    W_k, W_v, W_o = W_k[:, :4], W_v[:, :5], W_o[:30]
    y, alpha = multi_query(x_q, x_kv, W_q, W_k, W_v, W_o)
    found = []
    for i in range(6):
        c, weights = attention(x_q @ W_q[:, 4 * i : 4 * i + 4], x_kv @ W_k, x_kv @ W_v)
        assert alpha[:, i] == pytest.approx(weights)
        found.append(c)
    assert y == pytest.approx(np.concatenate(found, axis=-1) @ W_o)


@pytest.mark.parametrize("shape", [(11,), (1, 11), (5, 11), (2, 1, 11), (2, 5, 1), (2, 5, 11)])
def test_the_mask_is_the_same_for_all_grouped_heads(rng, grouped, shape):
    mask = rng.random(shape) < 0.5
    _, alpha = grouped_query(*grouped, GROUPS, mask)
    seen = np.broadcast_to(mask, (2, 5, 11))[:, None]
    assert ((alpha > 0) == seen).all()


def test_future_token_cannot_leak_through_shared_keys(rng, grouped):
    _, _, W_q, *_ = grouped
    x, W_k, W_o = rng.standard_normal((5, 7)), rng.standard_normal((7, 8)), np.eye(24)
    y, _ = grouped_query(x, x, W_q, W_k, W_k, W_o, GROUPS, causal(5))
    x[3:] = 0
    y_changed, _ = grouped_query(x, x, W_q, W_k, W_k, W_o, GROUPS, causal(5))
    assert np.array_equal(y_changed[:3], y[:3])


def test_pad_value_irrelevant_to_grouped_heads(grouped):
    x_q, x_kv, *weights = grouped
    mask = padding(np.array([3, 5]), 11)
    y, alpha = grouped_query(*grouped, GROUPS, mask)
    expected = grouped_query_backward(np.ones_like(y), *grouped, alpha)
    x_kv = np.where(mask.mT, x_kv, np.nan)
    y_pad, alpha_pad = grouped_query(x_q, x_kv, *weights, GROUPS, mask)
    grads = grouped_query_backward(np.ones_like(y), x_q, x_kv, *weights, alpha_pad)
    assert np.array_equal(alpha_pad, alpha)
    assert y_pad == pytest.approx(y)
    for g, g_pad in zip(expected, grads, strict=True):
        assert g_pad == pytest.approx(g)


@pytest.mark.parametrize("lead", [(), (0,), (2, 0)])
def test_grouped_heads_take_any_leading_axes(grouped, lead):
    x_q, x_kv, *weights = grouped
    x_q, x_kv = np.ones((*lead, 5, 7)), np.ones((*lead, 11, 13))
    y, alpha = grouped_query(x_q, x_kv, *weights, GROUPS)
    assert (y.shape, alpha.shape) == ((*lead, 5, 3), (*lead, 6, 5, 11))
    grads = grouped_query_backward(y, x_q, x_kv, *weights, alpha)
    assert [g.shape for g in grads] == [x.shape for x in (x_q, x_kv, *weights)]


@pytest.mark.parametrize("case", ["generic", "one key", "one group", "masked", "all masked"])
def test_gradcheck_grouped_query(rng, grouped, case):
    if case == "one key":
        grouped = (grouped[0], grouped[1][:, :1], *grouped[2:])
    groups = 1 if case == "one group" else GROUPS
    mask = {"masked": rng.random((5, 11)) < 0.5, "all masked": padding(np.array([0, 7]), 11)}.get(
        case
    )

    def f_backward(dy, *args):
        return grouped_query_backward(dy, *args, grouped_query(*args, groups, mask)[1])

    error = gradcheck(lambda *args: grouped_query(*args, groups, mask)[0], f_backward, grouped, rng)
    assert error < 1e-7


@pytest.mark.parametrize("masked", [False, True])
def test_gradcheck_multi_query(rng, grouped, masked):
    mask = rng.random((5, 11)) < 0.5 if masked else None

    def f_backward(dy, *args):
        return multi_query_backward(dy, *args, multi_query(*args, mask)[1])

    error = gradcheck(lambda *args: multi_query(*args, mask)[0], f_backward, grouped, rng)
    assert error < 1e-7


@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (6, 3, "groups: expected a divisor of W_k's 8 columns, got 3"),
        (6, 4, "groups: expected a divisor of W_v's 10 columns, got 4"),
        (6, 0, "groups: expected a whole number of at least 1, got 0"),
        (2, np.ones((7, 20)), r"W_q: expected a multiple of 8 columns, got \(7, 20\)"),
        (2, np.ones((7, 0)), r"W_q: expected a multiple of 8 columns, got \(7, 0\)"),
        (5, np.ones((20, 3)), r"W_o: expected 3 \* 10 rows, got \(20, 3\)"),
        (7, np.ones((5, 11)), "mask: expected booleans, True = may attend, got float64"),
        (7, np.ones((5, 3), bool), r"mask: .* broadcasts to \(2, 5, 11\), got \(5, 3\)"),
        (1, np.ones((2, 0, 13)), "x_kv: .* at least one key"),
        (1, np.ones((2, 11, 13), int), "x_kv: expected an array of floats, got int64"),
        (3, np.ones((11, 8)), r"W_k: .* with b = 13, got \(11, 8\)"),
    ],
)
def test_bad_input_to_grouped_heads_is_refused_by_name(grouped, position, change, message):
    call = [*grouped, GROUPS, None]
    call[position] = change
    with pytest.raises(ValueError, match=message):
        grouped_query(*call)
